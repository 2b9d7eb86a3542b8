#include "policy/slot.h"

#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

LocalDate Date(const std::string& text) { return *ParseDate(text); }
Instant At(const std::string& text) { return *ParseInstant(text); }

Schedule In(const std::string& zone, TimeOfDay at = hours(3)) {
  const absl::StatusOr<absl::TimeZone> loaded = LoadZone(zone);
  EXPECT_TRUE(loaded.ok()) << MessageOf(loaded.status());
  return Schedule{at, loaded.value_or(absl::UTCTimeZone())};
}

std::string StartOf(const std::string& zone, const std::string& date,
                    TimeOfDay at = hours(3)) {
  const std::optional<Slot> slot = SlotOn(Date(date), In(zone, at));
  return slot.has_value() ? FormatInstant(slot->start) : "none";
}

TEST(SlotTest, MeetsEveryVector) {
  std::ifstream file(RETENTIOND_SOURCE_DIR "/tests/data/slots.csv");
  std::string line;
  std::getline(file, line);
  ASSERT_EQ(line, "zone,local_date,wall_0300,start_utc,cutoff_utc");
  int rows = 0;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string zone, date, wall, start, cutoff;
    std::getline(fields, zone, ',');
    std::getline(fields, date, ',');
    std::getline(fields, wall, ',');
    std::getline(fields, start, ',');
    std::getline(fields, cutoff, ',');
    const std::optional<Slot> slot = SlotOn(Date(date), In(zone));
    ASSERT_TRUE(slot.has_value()) << line;
    EXPECT_EQ(FormatDate(slot->date), date);
    EXPECT_EQ(FormatInstant(slot->start), start) << line;
    EXPECT_EQ(FormatInstant(slot->cutoff), cutoff) << line;
    ++rows;
  }
  EXPECT_EQ(rows, 30);
}

TEST(SlotTest, HasNoSlotOnADateThatTheZoneSkips) {
  EXPECT_EQ(StartOf("Pacific/Apia", "2011-12-29"), "2011-12-29T13:00:00Z");
  EXPECT_EQ(StartOf("Pacific/Apia", "2011-12-30"), "none");
  EXPECT_EQ(StartOf("Pacific/Apia", "2011-12-31"), "2011-12-30T13:00:00Z");
  EXPECT_EQ(StartOf("Pacific/Kwajalein", "1993-08-21"), "none");
  EXPECT_EQ(StartOf("Pacific/Kiritimati", "1994-12-31"), "none");
}

TEST(SlotTest, TakesTheEndOfTheGapWhereTheCutoffsDateIsSkipped) {
  // One date less in Apia: seven dates earlier is six days, and the gap's end
  // (2011-12-30T10:00Z) would be 147 h earlier; 165 h hold.
  const Slot slot = *SlotOn(Date("2012-01-06"), In("Pacific/Apia"));
  EXPECT_EQ(slot.start - slot.cutoff, hours(165));
}

TEST(SlotTest, NeverShortensTheRetentionBelow165Hours) {
  // The date that Apia skipped lies within these seven.
  for (const char* date : {"2011-12-31", "2012-01-01", "2012-01-05"}) {
    const Slot slot = *SlotOn(Date(date), In("Pacific/Apia"));
    EXPECT_EQ(slot.start - slot.cutoff, hours(165)) << date;
  }
  const Slot after = *SlotOn(Date("2012-01-07"), In("Pacific/Apia"));
  EXPECT_EQ(after.start - after.cutoff, hours(168));
}

TEST(SlotTest, StartsAtMidnightWhereTheGapEndsTheDate) {
  // Nuuk's 2024-03-30 lost its last hour, 23:00 to midnight: the date is there
  // and so is its slot, at the first instant after the gap.
  EXPECT_EQ(StartOf("America/Nuuk", "2024-03-30", hours(23)),
            "2024-03-31T01:00:00Z");
  EXPECT_EQ(StartOf("America/Nuuk", "2024-03-30", hours(23) + minutes(59)),
            "2024-03-31T01:00:00Z");
  EXPECT_EQ(StartOf("America/Nuuk", "2024-03-30", hours(22) + minutes(59)),
            "2024-03-31T00:59:00Z");
}

TEST(SlotTest, HoldsAtTheEdgesOfAGap) {
  // Helsinki, 2026-03-29: 03:00 to 04:00 are skipped.
  const std::string date = "2026-03-29";
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(2) + minutes(59)),
            "2026-03-29T00:59:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(3)), "2026-03-29T01:00:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(3) + minutes(59)),
            "2026-03-29T01:00:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(4)), "2026-03-29T01:00:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(4) + minutes(1)),
            "2026-03-29T01:01:00Z");
}

TEST(SlotTest, HoldsAtTheEdgesOfAnOverlap) {
  // Helsinki, 2026-10-25: 03:00 to 04:00 occur twice.
  const std::string date = "2026-10-25";
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(2) + minutes(59)),
            "2026-10-24T23:59:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(3) + minutes(59)),
            "2026-10-25T00:59:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", date, hours(4)), "2026-10-25T02:00:00Z");
}

TEST(SlotTest, TakesMidnightThatDoesNotExist) {
  // Havana turns its clocks at midnight; 2026-03-08 begins at 01:00.
  EXPECT_EQ(StartOf("America/Havana", "2026-03-08", minutes(0)),
            "2026-03-08T05:00:00Z");
}

TEST(SlotTest, ReadsTheRuleBeyondTheTableOfAZoneFile) {
  EXPECT_EQ(StartOf("Europe/Helsinki", "2050-01-15"), "2050-01-15T01:00:00Z");
  EXPECT_EQ(StartOf("Europe/Helsinki", "2050-07-15"), "2050-07-15T00:00:00Z");
  EXPECT_EQ(StartOf("America/New_York", "2038-07-01"), "2038-07-01T07:00:00Z");
}

TEST(SlotSearchTest, FirstSlotFromIncludesAStartAtThatInstant) {
  const Schedule utc = In("UTC");
  const Instant start = At("2026-03-16T03:00:00Z");
  EXPECT_EQ(FirstSlotFrom(start - Micros(1), utc).start, start);
  EXPECT_EQ(FirstSlotFrom(start, utc).start, start);
  EXPECT_EQ(FirstSlotFrom(start + Micros(1), utc).start, start + days(1));
}

TEST(SlotSearchTest, LastSlotUntilIncludesAStartAtThatInstant) {
  const Schedule utc = In("UTC");
  const Instant start = At("2026-03-16T03:00:00Z");
  EXPECT_EQ(LastSlotUntil(start - Micros(1), utc).start, start - days(1));
  EXPECT_EQ(LastSlotUntil(start, utc).start, start);
  EXPECT_EQ(LastSlotUntil(start + Micros(1), utc).start, start);
}

TEST(SlotSearchTest, PassesOverASkippedDate) {
  const Schedule apia = In("Pacific/Apia");
  const Instant before = At("2011-12-29T13:00:00Z");
  const Instant after = At("2011-12-30T13:00:00Z");
  EXPECT_EQ(FirstSlotFrom(before + Micros(1), apia).start, after);
  EXPECT_EQ(FirstSlotFrom(before + Micros(1), apia).date, Date("2011-12-31"));
  EXPECT_EQ(LastSlotUntil(after - Micros(1), apia).start, before);
  EXPECT_EQ(LastSlotUntil(after - Micros(1), apia).date, Date("2011-12-29"));
}

TEST(SlotSearchTest, CountsARepeatedTimeOnce) {
  const Schedule helsinki = In("Europe/Helsinki");
  const Instant second = At("2026-10-25T01:00:00Z");  // the second 03:00
  EXPECT_EQ(LastSlotUntil(second, helsinki).start, At("2026-10-25T00:00:00Z"));
  EXPECT_EQ(FirstSlotFrom(second, helsinki).start, At("2026-10-26T01:00:00Z"));
}

TEST(SlotSearchTest, FindsTheSlotThatAGapCarriedIntoTheNextDate) {
  const Schedule nuuk = In("America/Nuuk", hours(23));
  const Instant start = At("2024-03-31T01:00:00Z");  // 00:00 of the 31st
  EXPECT_EQ(FirstSlotFrom(start, nuuk).date, Date("2024-03-30"));
  EXPECT_EQ(LastSlotUntil(start, nuuk).date, Date("2024-03-30"));
  EXPECT_EQ(LastSlotUntil(start - Micros(1), nuuk).date, Date("2024-03-29"));
}

TEST(SlotSearchTest, FindsSlotsAroundARepeatedDay) {
  // Kwajalein went over the date line: 1969-09-30 ran twice, less an hour.
  const Schedule kwajalein = In("Pacific/Kwajalein");
  const Instant start = At("1969-09-29T16:00:00Z");
  EXPECT_EQ(LastSlotUntil(start + hours(30), kwajalein).date,
            Date("1969-09-30"));
  EXPECT_EQ(FirstSlotFrom(start + Micros(1), kwajalein).date,
            Date("1969-10-01"));
}

TEST(SlotSearchTest, ListsTheDatesStrictlyBetween) {
  const Schedule apia = In("Pacific/Apia");
  const LocalDate first = Date("2011-12-28");
  EXPECT_TRUE(SlotDatesBetween(first, first, apia).empty());
  EXPECT_TRUE(SlotDatesBetween(first, first + days(1), apia).empty());
  EXPECT_TRUE(SlotDatesBetween(first, first - days(3), apia).empty());
  EXPECT_EQ(SlotDatesBetween(first, Date("2012-01-02"), apia),
            (std::vector{Date("2011-12-29"), Date("2011-12-31"),
                         Date("2012-01-01")}));
}

TEST(SlotSearchTest, FindsEachSlotFromItsStartInHardZones) {
  for (const char* zone :
       {"Africa/Casablanca", "America/Havana", "America/Nuuk",
        "Antarctica/Casey", "Antarctica/Troll", "Australia/Lord_Howe",
        "Europe/Helsinki", "Pacific/Chatham", "Pacific/Apia"}) {
    const Schedule schedule = In(zone);
    for (LocalDate date = Date("2009-01-01"); date < Date("2013-01-01");
         date += days(1)) {
      const std::optional<Slot> slot = SlotOn(date, schedule);
      if (!slot.has_value()) continue;
      ASSERT_EQ(FirstSlotFrom(slot->start, schedule), *slot);
      ASSERT_EQ(LastSlotUntil(slot->start, schedule), *slot);
      ASSERT_LT(LastSlotUntil(slot->start - Micros(1), schedule).date, date);
    }
  }
}

// --- a schedule that was changed

class ChangedScheduleTest : public testing::Test {
 protected:
  Schedule schedule_ = In("UTC", hours(15));
};

TEST_F(ChangedScheduleTest, HoldsFromTheNextDateOn) {
  schedule_.former = {hours(3), absl::UTCTimeZone(), Date("2026-03-16")};
  EXPECT_EQ(SlotOn(Date("2026-03-16"), schedule_)->start,
            At("2026-03-16T03:00:00Z"));
  EXPECT_EQ(SlotOn(Date("2026-03-17"), schedule_)->start,
            At("2026-03-17T15:00:00Z"));
  EXPECT_EQ(FirstSlotFrom(At("2026-03-16T03:00:01Z"), schedule_).start,
            At("2026-03-17T15:00:00Z"));
  EXPECT_EQ(LastSlotUntil(At("2026-03-17T14:59:59Z"), schedule_).date,
            Date("2026-03-16"));
}

TEST_F(ChangedScheduleTest, KeepsSevenDaysAtItsOwnTimeOfDay) {
  for (const hours before : {hours(3), hours(20)}) {
    schedule_.former = {before, absl::UTCTimeZone(), Date("2026-03-16")};
    for (int day = 0; day < 9; ++day) {
      const Slot slot = *SlotOn(Date("2026-03-16") + days(day), schedule_);
      EXPECT_EQ(slot.start - slot.cutoff, days(7));
    }
  }
}

TEST_F(ChangedScheduleTest, MayChangeTheZone) {
  schedule_ = In("Asia/Tokyo");
  schedule_.former = {hours(3), *LoadZone("Europe/Helsinki"),
                      Date("2026-02-10")};
  EXPECT_EQ(SlotOn(Date("2026-02-10"), schedule_)->start,
            At("2026-02-10T01:00:00Z"));
  EXPECT_EQ(SlotOn(Date("2026-02-11"), schedule_)->start,
            At("2026-02-10T18:00:00Z"));
  EXPECT_EQ(SlotDatesBetween(Date("2026-02-08"), Date("2026-02-13"), schedule_)
                .size(),
            4U);
}

TEST_F(ChangedScheduleTest, MayGoFromOneSideOfTheDateLineToTheOther) {
  const LocalDate until = Date("2026-02-10");
  for (const auto& [from, to] :
       {std::pair("Pacific/Kiritimati", "Pacific/Honolulu"),
        std::pair("Pacific/Honolulu", "Pacific/Kiritimati")}) {
    Schedule changed = In(to);
    changed.former = {hours(3), *LoadZone(from), until};
    LocalDate last = until - days(3);
    Instant now = SlotOn(last, changed)->start;
    for (int i = 0; i < 6; ++i) {
      const Slot next = FirstSlotFrom(now + Micros(1), changed);
      EXPECT_GT(next.date, last);
      last = next.date;
      now = next.start;
    }
  }
}

}  // namespace
}  // namespace retentiond
