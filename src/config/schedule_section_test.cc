#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;

class ScheduleSectionTest : public ConfigFixture {
 protected:
  minutes TimeOf(const std::string& text) const {
    return Good("[schedule]\nat = \"" + text + "\"\n").schedule.at;
  }
  minutes WindowOf(const std::string& text) const {
    return Good("[schedule]\nwindow = \"" + text + "\"\n").schedule.window;
  }
};

TEST_F(ScheduleSectionTest, ReadsEveryTimeOfTheDay) {
  EXPECT_EQ(TimeOf("00:00"), minutes(0));
  EXPECT_EQ(TimeOf("03:00"), hours(3));
  EXPECT_EQ(TimeOf("23:59"), hours(23) + minutes(59));
}

TEST_F(ScheduleSectionTest, RefusesWhatIsNoTimeOfTheDay) {
  for (const std::string text :
       {"24:00", "23:60", "3:00", "03:0", "0300", "03:00:00", "03-00", "3am",
        "-1:00", "0a:00", "00:0a", "a0:00", "00:b0", " 3:00"}) {
    EXPECT_EQ(Refusal("[schedule]\nat = \"" + text + "\"\n"),
              "r.toml:2: schedule.at: expected a local time from \"00:00\" to "
              "\"23:59\", not \"" +
                  text + "\"");
  }
}

TEST_F(ScheduleSectionTest, ReadsWindowsFromAMinuteTo23Hours) {
  EXPECT_EQ(WindowOf("1m"), minutes(1));
  EXPECT_EQ(WindowOf("90m"), minutes(90));
  EXPECT_EQ(WindowOf("1h30m"), minutes(90));
  EXPECT_EQ(WindowOf("23h"), hours(23));
  EXPECT_EQ(WindowOf("1380m"), hours(23));
}

TEST_F(ScheduleSectionTest, RefusesOtherWindows) {
  for (const std::string text :
       {"0m", "0h", "23h1m", "24h", "1381m", "3", "h", "3d", "30m1h", "1h1h",
        "1.5h", "-1h", "3 h", "10000m", "3hours", "off"}) {
    EXPECT_EQ(Refusal("[schedule]\nwindow = \"" + text + "\"\n"),
              "r.toml:2: schedule.window: expected a duration from \"1m\" to "
              "\"23h\", like \"1h30m\", not \"" +
                  text + "\"");
  }
}

TEST_F(ScheduleSectionTest, RefusesAnUnknownZone) {
  EXPECT_EQ(Refusal("[schedule]\ntimezone = \"Helsinki\"\n"),
            "r.toml:2: schedule.timezone: no time zone \"Helsinki\"; did you "
            "mean \"Europe/Helsinki\"?");
}

TEST_F(ScheduleSectionTest, RefusesAnUnknownZoneInTheEnvironment) {
  env_["TZ"] = "EET-2EEST,M3.5.0/3,M10.5.0/4";
  EXPECT_THAT(Refusal(""), HasSubstr("TZ: no time zone \"EET-2EEST"));
}

TEST_F(ScheduleSectionTest, RefusesWrongTypes) {
  EXPECT_THAT(Refusal("[schedule]\ntimezone = 2\n"),
              HasSubstr("schedule.timezone: expected a text"));
}

}  // namespace
}  // namespace retentiond
