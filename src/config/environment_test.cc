#include "config/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

class EnvironmentTest : public ConfigFixture {
 protected:
  void LinkLocaltime(const std::string& target) {
    fs::create_symlink(target, directory_ / "localtime");
  }
  void WriteTimezone(const std::string& text) {
    std::ofstream(directory_ / "timezone") << text;
  }
  std::string Zone(const std::string& tz) {
    env_["TZ"] = tz;
    const absl::StatusOr<std::string> zone = DefaultZone(Env(), directory_);
    return zone.ok() ? *zone : MessageOf(zone.status());
  }
  std::string State() const {
    const absl::StatusOr<fs::path> path = StateDirectory(Env());
    return path.ok() ? path->string() : MessageOf(path.status());
  }
};

TEST_F(EnvironmentTest, TakesTheFormsOfTz) {
  EXPECT_EQ(Zone("Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(Zone(":Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(Zone("/usr/share/zoneinfo/Asia/Tokyo"), "Asia/Tokyo");
  EXPECT_EQ(Zone(":/usr/share/zoneinfo/Asia/Tokyo"), "Asia/Tokyo");
}

TEST_F(EnvironmentTest, AsksTheMachineWhenTzDoes) {
  LinkLocaltime("../usr/share/zoneinfo/Asia/Tokyo");
  EXPECT_EQ(Zone(":/etc/localtime"), "Asia/Tokyo");
  EXPECT_EQ(Zone(":"), "Asia/Tokyo");
  env_.erase("TZ");
  EXPECT_EQ(*DefaultZone(Env(), directory_), "Asia/Tokyo");
}

TEST_F(EnvironmentTest, FollowsAZoneFileThatIsALink) {
  LinkLocaltime("/usr/share/zoneinfo/Asia/Tokyo");
  EXPECT_EQ(Zone((directory_ / "localtime").string()), "Asia/Tokyo");
}

TEST_F(EnvironmentTest, RefusesATzThatIsNoZone) {
  EXPECT_EQ(Zone("Asia/Tokio"),
            "TZ: no time zone \"Asia/Tokio\"; did you mean \"Asia/Tokyo\"? "
            "(schedule.timezone would take precedence)");
  EXPECT_THAT(Zone("/srv/my-zone"), testing::StartsWith("TZ: no time zone"));
}

TEST_F(EnvironmentTest, PrefersTheLinkToTheName) {
  LinkLocaltime("/usr/share/zoneinfo/Asia/Tokyo");
  WriteTimezone("Europe/Helsinki\n");
  EXPECT_EQ(MachineZone(directory_), "Asia/Tokyo");
}

TEST_F(EnvironmentTest, TakesTheNameWhenTheLinkSaysNothing) {
  LinkLocaltime("/srv/zone");
  WriteTimezone("Europe/Helsinki \n");
  EXPECT_EQ(MachineZone(directory_), "Europe/Helsinki");
}

TEST_F(EnvironmentTest, IsUtcWhenTheMachineHasNoZone) {
  EXPECT_EQ(MachineZone(directory_), "UTC");
  WriteTimezone("Nowhere\n");
  EXPECT_EQ(MachineZone(directory_), "UTC");
}

TEST_F(EnvironmentTest, TakesTheFirstStateDirectory) {
  env_["STATE_DIRECTORY"] = "/var/lib/a:/var/lib/b";
  env_["XDG_STATE_HOME"] = "/xdg";
  EXPECT_EQ(State(), "/var/lib/a");
}

TEST_F(EnvironmentTest, RefusesARelativeStateDirectory) {
  env_["STATE_DIRECTORY"] = ":/var/lib/b";
  EXPECT_EQ(State(),
            "STATE_DIRECTORY: expected an absolute path, not "
            "\":/var/lib/b\"");
}

TEST_F(EnvironmentTest, FollowsXdgThenHomeThenVarLib) {
  env_["XDG_STATE_HOME"] = "/xdg/";
  EXPECT_EQ(State(), "/xdg/retentiond");
  env_["XDG_STATE_HOME"] = "relative";
  EXPECT_EQ(State(), "/srv/farmer/.local/state/retentiond");
  env_["HOME"] = "relative";
  EXPECT_EQ(State(), "/var/lib/retentiond");
  env_.clear();
  EXPECT_EQ(State(), "/var/lib/retentiond");
}

}  // namespace
}  // namespace retentiond
