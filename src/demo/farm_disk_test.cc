#include "demo/farm_disk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "demo/manifest.h"
#include "testing/demo/farm_fixture.h"

namespace retentiond {
namespace {

const Instant kStamp = *ParseInstant("2027-03-16T03:00:00.25Z");

class FarmDiskTest : public FarmTest {
 protected:
  FarmDiskTest() { MakeDirectories(); }

  static Instant StampOf(const std::filesystem::path& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return Instant(std::chrono::seconds(status.st_mtim.tv_sec)) +
           Micros(status.st_mtim.tv_nsec / 1000);
  }
  Manifest ManifestOf(const std::filesystem::path& directory) const {
    Manifest manifest;
    EXPECT_TRUE(AddToManifest(directory, manifest).ok());
    return manifest;
  }
};

TEST_F(FarmDiskTest, WritesEveryKindOfFileAsRecorded) {
  for (const int number : {7, 11, 23, 33}) {
    const FarmJob job = MakeJob(number, kStamp, "COMPLETED", paths_);
    ASSERT_TRUE(WriteFiles(job.files, kStamp, paths_).ok());
    const Manifest manifest = ManifestOf(paths_.base);
    for (const FarmFile& file : job.files) {
      ASSERT_TRUE(manifest.contains(file.path)) << file.path;
      EXPECT_EQ(manifest.at(file.path).hash, file.hash) << file.path;
      EXPECT_EQ(StampOf(file.path), kStamp) << file.path;
    }
  }
}

TEST_F(FarmDiskTest, StampsTheDirectoriesOfAJobToo) {
  const FarmJob job = MakeJob(1, kStamp, "COMPLETED", paths_);
  ASSERT_TRUE(WriteFiles(job.files, kStamp, paths_).ok());
  EXPECT_EQ(StampOf(paths_.temporary / "uid1"), kStamp);
  EXPECT_EQ(StampOf(paths_.temporary / "uid1/footage"), kStamp);
  EXPECT_NE(StampOf(paths_.temporary), kStamp);
}

TEST_F(FarmDiskTest, LaysAnOrphanIntoTheRootAndLeavesNoStaging) {
  const FarmOrphan orphan = MakeOrphan("lost", kStamp, paths_);
  ASSERT_TRUE(WriteOrphan(orphan, paths_).ok());
  EXPECT_EQ(StampOf(paths_.temporary / "lost"), kStamp);
  for (const FarmFile& file : orphan.files) {
    EXPECT_EQ(StampOf(file.path), kStamp) << file.path;
  }
  EXPECT_FALSE(std::filesystem::exists(paths_.base / "staging"));
}

TEST_F(FarmDiskTest, SaysWhatCouldNotBeWritten) {
  const std::string taken = paths_.library;
  EXPECT_FALSE(WriteFiles({{.path = taken}}, kStamp, paths_).ok());
  for (const auto kind :
       {FarmFile::Kind::kSymbolicLink, FarmFile::Kind::kHardLink}) {
    EXPECT_FALSE(WriteFiles({{.path = taken, .kind = kind, .target = "/none"}},
                            kStamp, paths_)
                     .ok());
  }
  const FarmOrphan orphan = MakeOrphan("lost", kStamp, paths_);
  std::filesystem::create_directories(paths_.temporary / "lost/already");
  EXPECT_FALSE(WriteOrphan(orphan, paths_).ok());
}

TEST_F(FarmDiskTest, HasAManifestOfLinksThatAreNotFollowed) {
  std::filesystem::create_directory_symlink("/", paths_.temporary / "link");
  const Manifest manifest = ManifestOf(paths_.temporary);
  EXPECT_EQ(manifest.size(), 1U);
  EXPECT_EQ(manifest.begin()->second,
            (ManifestEntry{.hash = HashOfContent("/")}));
  Manifest none;
  EXPECT_FALSE(AddToManifest(paths_.base / "none", none).ok());
}

}  // namespace
}  // namespace retentiond
