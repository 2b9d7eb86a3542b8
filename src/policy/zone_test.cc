#include "policy/zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::HasSubstr;

TEST(ZoneTest, LoadsIanaNames) {
  for (const char* name : {"UTC", "Europe/Helsinki", "Etc/GMT+3", "EST5EDT",
                           "America/Argentina/Buenos_Aires", "GMT-0"}) {
    EXPECT_TRUE(LoadZone(name).ok()) << name;
  }
}

TEST(ZoneTest, RefusesWhatMeansSomethingElseOnAnotherMachine) {
  for (const char* name :
       {"", "localtime", "/usr/share/zoneinfo/Europe/Helsinki", "posixrules",
        "right/Europe/Helsinki", "posix/Europe/Helsinki", "Fixed/UTC+02:00:00",
        "Europe/../Europe/Helsinki", "Europe//Helsinki", "Europe/Helsinki/",
        "Europe", "EET-2EEST", "Europe/Helsinki\n", "tzdata.zi",
        "libc:localtime"}) {
    const absl::StatusOr<absl::TimeZone> zone = LoadZone(name);
    EXPECT_EQ(zone.status().code(), absl::StatusCode::kNotFound) << name;
  }
}

TEST(ZoneTest, NamesTheNearestZone) {
  EXPECT_EQ(MessageOf(LoadZone("Europe/Helsinky").status()),
            "no time zone \"Europe/Helsinky\"; did you mean "
            "\"Europe/Helsinki\"?");
  EXPECT_THAT(MessageOf(LoadZone("europe/helsinki").status()),
              HasSubstr("\"Europe/Helsinki\""));
}

TEST(ZoneTest, NamesTheZoneOfACity) {
  EXPECT_THAT(MessageOf(LoadZone("tokyo").status()),
              HasSubstr("\"Asia/Tokyo\""));
}

TEST(ZoneTest, SaysWhatANameLooksLikeWhenNoneIsNear) {
  EXPECT_EQ(MessageOf(LoadZone("!!!!!!!!!!").status()),
            "no time zone \"!!!!!!!!!!\"; expected an IANA name like "
            "\"Europe/Helsinki\"");
}

TEST(ZoneTest, FormatsWithTheOffset) {
  const absl::TimeZone helsinki = *LoadZone("Europe/Helsinki");
  EXPECT_EQ(FormatLocal(*ParseInstant("2026-03-29T01:00:00Z"), helsinki),
            "2026-03-29T04:00:00+03:00");
  EXPECT_EQ(FormatLocal(*ParseInstant("2026-03-29T00:59:59.5Z"), helsinki),
            "2026-03-29T02:59:59.5+02:00");
  EXPECT_EQ(
      FormatLocal(*ParseInstant("2026-03-29T01:00:00Z"), absl::UTCTimeZone()),
      "2026-03-29T01:00:00+00:00");
}

// Zone data of the test's own, by TZDIR.
class ZoneDataTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "zone_data_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    setenv("TZDIR", directory_.c_str(), 1);
  }
  void TearDown() override {
    unsetenv("TZDIR");
    std::filesystem::remove_all(directory_);
  }
  void WriteVersion(const std::string& text) {
    std::ofstream(directory_ / "tzdata.zi") << text;
  }

  std::filesystem::path directory_;
};

TEST_F(ZoneDataTest, VersionIsInTheFirstLine) {
  WriteVersion("# version 2025b\n# This zic input file is in the public\n");
  EXPECT_EQ(ZoneDataVersion(), "2025b");
}

TEST_F(ZoneDataTest, VersionIsUnknownWithoutTheFile) {
  EXPECT_EQ(ZoneDataVersion(), "unknown");
}

TEST_F(ZoneDataTest, VersionIsUnknownWhenTheLineIsAnother) {
  WriteVersion("R d 1916 o - Jun 14 23s 1 S\n");
  EXPECT_EQ(ZoneDataVersion(), "unknown");
  WriteVersion("# version \n");
  EXPECT_EQ(ZoneDataVersion(), "unknown");
}

TEST_F(ZoneDataTest, AsksForTzdataWhenThereAreNoZones) {
  EXPECT_THAT(MessageOf(LoadZone("Europe/Nowhere").status()),
              HasSubstr("is tzdata installed?"));
}

TEST_F(ZoneDataTest, RefusesAFileThatIsNoZone) {
  std::ofstream(directory_ / "Broken") << "not a zone";
  EXPECT_FALSE(LoadZone("Broken").ok());
}

// --- files that change

class ZoneFilesTest : public ZoneDataTest {
 protected:
  // Puts a zone of that many hours in the place of any before, as a package
  // manager does it.
  void Install(const std::string& name, int hours_east) {
    const std::filesystem::path fresh = directory_ / "fresh";
    std::filesystem::copy_file(
        "/usr/share/zoneinfo/Etc/GMT-" + std::to_string(hours_east), fresh);
    std::filesystem::rename(fresh, directory_ / name);
  }
  static std::string Noon(const absl::TimeZone& zone) {
    return FormatLocal(*ParseInstant("2026-03-29T12:00:00Z"), zone);
  }

  ZoneFiles files_;
};

TEST_F(ZoneFilesTest, FollowsAFileThatIsReplaced) {
  Install("Town", 2);
  EXPECT_EQ(Noon(*files_.Load("Town")), "2026-03-29T14:00:00+02:00");
  EXPECT_FALSE(files_.HasChanged("Town"));
  for (const int east : {3, 5}) {
    Install("Town", east);
    EXPECT_TRUE(files_.HasChanged("Town"));
    EXPECT_THAT(Noon(*files_.Load("Town")),
                HasSubstr("+0" + std::to_string(east) + ":00"));
    EXPECT_FALSE(files_.HasChanged("Town"));
  }
}

TEST_F(ZoneFilesTest, KeepsWhatItHasWhenTheNewFileIsNoZone) {
  Install("Town", 2);
  ASSERT_TRUE(files_.Load("Town").ok());
  std::ofstream(directory_ / "Town") << "half a download";
  EXPECT_EQ(files_.Load("Town").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(files_.HasChanged("Town"));
  EXPECT_EQ(Noon(*files_.Load("Town")), "2026-03-29T14:00:00+02:00");
}

TEST_F(ZoneFilesTest, KnowsNoFileThatItHasNotLoaded) {
  EXPECT_FALSE(files_.HasChanged("Nowhere"));
  EXPECT_FALSE(files_.Load("Nowhere").ok());
  EXPECT_TRUE(files_.Load("UTC").ok());
}

TEST(ZoneDataVersionTest, AnEmptyTzdirMeansTheMachines) {
  setenv("TZDIR", "", 1);
  EXPECT_NE(ZoneDataVersion(), "");
  unsetenv("TZDIR");
}

}  // namespace
}  // namespace retentiond
