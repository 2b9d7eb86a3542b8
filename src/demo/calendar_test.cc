#include "demo/calendar.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;

Instant Day(int year, unsigned month, unsigned day) {
  return Instant(
      std::chrono::sys_days(std::chrono::year(year) / static_cast<int>(month) /
                            static_cast<int>(day)));
}

DemoCalendar Plan(Instant today, const std::string& zone) {
  return *PlanCalendar(today, *LoadZone(zone));
}

TEST(CalendarTest, HasOneChangeOfClocksInHelsinkiOnEveryDayOfFourYears) {
  for (Instant today = Day(2026, 1, 1); today < Day(2030, 1, 1);
       today += days(1)) {
    const DemoCalendar calendar = Plan(today, "Europe/Helsinki");
    ASSERT_EQ(calendar.nights.size(), 10U);
    ASSERT_EQ(std::count_if(
                  calendar.nights.begin(), calendar.nights.end(),
                  [](const DemoNight& night) { return night.clocks_change; }),
              1)
        << FormatInstant(today);
  }
}

TEST(CalendarTest, LiesWhollyAfterTodayAndItsNightsEightDaysAfter) {
  for (Instant today = Day(2026, 1, 1); today < Day(2027, 1, 1);
       today += days(1)) {
    const DemoCalendar calendar = Plan(today, "Europe/Helsinki");
    ASSERT_GT(calendar.farm_begins, today + days(1)) << FormatInstant(today);
    ASSERT_GT(calendar.nights.front().slot.start, today + days(8));
  }
}

TEST(CalendarTest, FindsTheSpringGapAndStartsAfterIt) {
  const DemoCalendar calendar = Plan(Day(2026, 11, 23), "Europe/Helsinki");
  const DemoNight& change = calendar.nights[4];
  EXPECT_TRUE(change.clocks_change);
  EXPECT_EQ(FormatDate(change.slot.date), "2027-03-28");
  EXPECT_EQ(FormatLocal(change.slot.start, calendar.schedule.zone),
            "2027-03-28T04:00:00+03:00");
}

TEST(CalendarTest, FindsTheRepeatedHourOfAutumn) {
  const DemoCalendar calendar = Plan(Day(2026, 6, 1), "Europe/Helsinki");
  EXPECT_EQ(FormatLocal(calendar.nights[4].slot.start, calendar.schedule.zone),
            "2026-10-25T03:00:00+03:00");
}

TEST(CalendarTest, HasTenNightsInAZoneThatNeverChanges) {
  const DemoCalendar calendar = Plan(Day(2026, 11, 23), "UTC");
  EXPECT_EQ(calendar.nights.size(), 10U);
  for (const DemoNight& night : calendar.nights) {
    EXPECT_FALSE(night.clocks_change);
  }
}

TEST(CalendarTest, TurnsTheMachineOffOverExactlyOneSlot) {
  const DemoCalendar calendar = Plan(Day(2026, 11, 23), "Europe/Helsinki");
  for (const DemoNight& night : calendar.nights) {
    const bool off = calendar.machine_off <= night.slot.start &&
                     night.slot.start < calendar.machine_on;
    EXPECT_EQ(off, night.machine_off) << FormatDate(night.slot.date);
  }
}

}  // namespace
}  // namespace retentiond
