#include "run/schedule_keeper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;

class ScheduleKeeperTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    database_opened_ = database_.Open();
  }
  Schedule Adopt(hours at, const std::string& timezone = "UTC") {
    const absl::StatusOr<Schedule> schedule = AdoptSchedule(
        {.at = at, .timezone = timezone}, zones_, state(), clock_.Now());
    EXPECT_TRUE(schedule.ok()) << schedule.status();
    return schedule.value_or(Schedule{});
  }
  StateStore& state() { return *database_opened_.state; }
  // The hour at which the slot of that many dates from today starts.
  Micros HourOn(const Schedule& schedule, int date) {
    const LocalDate today = DateAt(clock_.Now(), absl::UTCTimeZone());
    return SlotOn(today + days(date), schedule)->start -
           std::chrono::floor<days>(clock_.Now()) - days(date);
  }

  Database database_opened_;
  ZoneFiles zones_;
};

TEST_F(ScheduleKeeperTest, TakesTheFirstScheduleAtOnce) {
  const Schedule schedule = Adopt(hours(5));
  EXPECT_FALSE(schedule.former.has_value());
  EXPECT_EQ(HourOn(schedule, 0), hours(5));
  EXPECT_FALSE(Adopt(hours(5)).former.has_value());
}

TEST_F(ScheduleKeeperTest, PutsAChangeOffToTheNextDate) {
  Adopt(hours(3));
  const Schedule schedule = Adopt(hours(15));
  EXPECT_EQ(HourOn(schedule, 0), hours(3));
  EXPECT_EQ(HourOn(schedule, 1), hours(15));
  // A restart changes nothing.
  EXPECT_EQ(HourOn(Adopt(hours(15)), 0), hours(3));
}

TEST_F(ScheduleKeeperTest, KeepsTodaysScheduleOverTwoChangesOnOneDate) {
  Adopt(hours(3));
  Adopt(hours(15));
  const Schedule second = Adopt(hours(16));
  EXPECT_EQ(HourOn(second, 0), hours(3));
  EXPECT_EQ(HourOn(second, 1), hours(16));
  EXPECT_FALSE(Adopt(hours(3)).former.has_value());  // taken back
}

TEST_F(ScheduleKeeperTest, TakesTheNextChangeOnALaterDate) {
  Adopt(hours(3));
  Adopt(hours(15));
  clock_.Advance(days(1));
  const Schedule schedule = Adopt(hours(16));
  EXPECT_EQ(HourOn(schedule, 0), hours(15));
  EXPECT_EQ(HourOn(schedule, 1), hours(16));
}

TEST_F(ScheduleKeeperTest, PutsAChangeOfZoneOffToADateThatIsNewInBoth) {
  Adopt(hours(3));
  // At 03:00Z of the 16th it is the 16th in Kiritimati, too, and the 15th in
  // Honolulu.
  EXPECT_EQ(Adopt(hours(3), "Pacific/Kiritimati").former->until, slot().date);
  Adopt(hours(3));
  EXPECT_EQ(Adopt(hours(3), "Pacific/Honolulu").former->until, slot().date);
}

TEST_F(ScheduleKeeperTest, ForgetsAZoneThatIsNoLongerInTheZoneData) {
  for (const char* note :
       {R"({"at_min":180,"timezone":"UTC","former_until":"2040-03-16",
            "former":{"at_min":540,"timezone":"Gone/Zone"}})",
        R"({"at_min":540,"timezone":"Gone/Zone"})"}) {
    ASSERT_TRUE(state().WriteNote("schedule", note).ok());
    EXPECT_FALSE(Adopt(hours(3)).former.has_value()) << note;
    EXPECT_EQ(HourOn(Adopt(hours(3)), 0), hours(3));
  }
  ASSERT_TRUE(state()
                  .WriteNote("schedule",
                             R"({"at_min":180,"timezone":"UTC",
                                 "former":{"at_min":540,"timezone":"Gone/Zone"},
                                 "former_until":"2040-03-16"})")
                  .ok());
  EXPECT_EQ(HourOn(Adopt(hours(15)), 0), hours(3));
}

TEST_F(ScheduleKeeperTest, ShowsWhatItWouldAdoptAndWritesNothing) {
  Adopt(hours(3));
  const std::optional<std::string> note = *state().ReadNote("schedule");
  const absl::StatusOr<Schedule> shown = ScheduleInEffect(
      {.at = hours(15), .timezone = "UTC"}, zones_, state(), clock_.Now());
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(HourOn(*shown, 0), hours(3));
  EXPECT_EQ(*state().ReadNote("schedule"), note);
}

TEST_F(ScheduleKeeperTest, StartsAnewFromANoteThatCannotBeRead) {
  for (const char* note :
       {"", "[]", "{\"at_min\":\"x\",\"timezone\":\"UTC\"}", "{\"at_min\":180}",
        "{\"at_min\":180,\"timezone\":7}"}) {
    ASSERT_TRUE(state().WriteNote("schedule", note).ok());
    EXPECT_FALSE(Adopt(hours(9)).former.has_value()) << note;
  }
  for (const char* former :
       {"\"former\":{}", "\"former\":{},\"former_until\":1",
        "\"former\":{},\"former_until\":\"soon\"",
        "\"former\":{},\"former_until\":\"2040-03-16\""}) {
    ASSERT_TRUE(
        state()
            .WriteNote("schedule", std::string("{\"at_min\":180,\"timezone\":"
                                               "\"UTC\",") +
                                       former + "}")
            .ok());
    EXPECT_FALSE(Adopt(hours(3)).former.has_value()) << former;
  }
}

TEST_F(ScheduleKeeperTest, ReportsWhatItCannotReadOrWrite) {
  const ScheduleConfig config{.at = hours(3), .timezone = "UTC"};
  database_.script().Fail("ReadNote", 1, absl::AbortedError("locked"));
  EXPECT_FALSE(AdoptSchedule(config, zones_, state(), clock_.Now()).ok());
  database_.script().Fail("WriteNote", 1, absl::AbortedError("locked"));
  EXPECT_FALSE(AdoptSchedule(config, zones_, state(), clock_.Now()).ok());
  EXPECT_FALSE(AdoptSchedule({.at = hours(3), .timezone = "Mars/Base"}, zones_,
                             state(), clock_.Now())
                   .ok());
}

}  // namespace
}  // namespace retentiond
