#include "policy/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

LocalDate Date(const std::string& text) { return *ParseDate(text); }
Instant At(const std::string& text) { return *ParseInstant(text); }

// What the table of states writes: "wait until ...", "run slot ...".
std::string Describe(const Due& due) {
  if (due.kind == Due::Kind::kWait) {
    return "wait until " + FormatInstant(due.until);
  }
  std::string text = "run slot " + FormatDate(due.slot.date);
  if (due.late) text += " late";
  text += " with cutoff " + FormatInstant(due.slot.cutoff);
  text += "; " + std::to_string(due.missed.size()) + " missed";
  return text;
}

class SchedulerTest : public testing::Test {
 protected:
  Due Ask(const std::string& now) const {
    return WhatIsDue(state_, At(now), schedule_);
  }

  // Completed its slot of 2026-03-15 and has been running since.
  ScheduleState state_{Date("2026-03-15"), std::nullopt,
                       At("2026-03-01T00:00:00Z")};
  Schedule schedule_{hours(3), absl::UTCTimeZone()};
};

TEST_F(SchedulerTest, WaitsUntilTheNextStart) {
  const Due due = Ask("2026-03-16T02:59:59.999999Z");
  EXPECT_EQ(due.kind, Due::Kind::kWait);
  EXPECT_EQ(due.until, At("2026-03-16T03:00:00Z"));
}

TEST_F(SchedulerTest, RunsAtTheStartAtOnce) {
  const Due due = Ask("2026-03-16T03:00:00Z");
  EXPECT_EQ(due.kind, Due::Kind::kRun);
  EXPECT_EQ(due.slot, *SlotOn(Date("2026-03-16"), schedule_));
  EXPECT_FALSE(due.late);
  EXPECT_FALSE(due.resumed);
  EXPECT_THAT(due.missed, IsEmpty());
}

TEST_F(SchedulerTest, IsNotLateWhenItSleptPastTheStart) {
  const Due due = Ask("2026-03-16T03:00:14Z");
  EXPECT_EQ(due.kind, Due::Kind::kRun);
  EXPECT_FALSE(due.late);
}

TEST_F(SchedulerTest, RunsNothingTwiceOnADate) {
  state_.last_slot = Date("2026-03-16");
  EXPECT_EQ(Describe(Ask("2026-03-16T03:00:00Z")),
            "wait until 2026-03-17T03:00:00Z");
}

TEST_F(SchedulerTest, RecordsTheLastPastSlotOnAFirstStart) {
  state_.last_slot.reset();
  const Due due = Ask("2026-03-16T02:59:59Z");
  EXPECT_EQ(due.kind, Due::Kind::kFirstStart);
  EXPECT_EQ(due.slot.date, Date("2026-03-15"));
  EXPECT_THAT(due.missed, IsEmpty());
  EXPECT_EQ(Ask("2026-03-16T03:00:00Z").slot.date, Date("2026-03-16"));
}

TEST_F(SchedulerTest, ResumesAnOpenRunWithItsOwnCutoff) {
  Slot open = *SlotOn(Date("2026-03-16"), schedule_);
  open.cutoff -= days(1);  // as the clock guard had moved it
  state_.open_run = open;
  state_.process_start = At("2026-03-16T03:20:00Z");
  const Due due = Ask("2026-03-16T03:20:00Z");
  EXPECT_EQ(due.kind, Due::Kind::kRun);
  EXPECT_TRUE(due.resumed);
  EXPECT_TRUE(due.late);
  EXPECT_EQ(due.slot, open);
  EXPECT_THAT(due.missed, IsEmpty());
}

TEST_F(SchedulerTest, ResumesAnOpenRunOfThisProcessWithoutBeingLate) {
  state_.open_run = *SlotOn(Date("2026-03-16"), schedule_);
  EXPECT_FALSE(Ask("2026-03-16T03:20:00Z").late);
}

TEST_F(SchedulerTest, ResumesAnOpenRunBeforeAFirstStartIsRecorded) {
  state_.last_slot.reset();
  state_.open_run = *SlotOn(Date("2026-03-16"), schedule_);
  EXPECT_TRUE(Ask("2026-03-16T03:20:00Z").resumed);
}

TEST_F(SchedulerTest, ResumesAnOldOpenRunBeforeTheLatestSlot) {
  state_.open_run = *SlotOn(Date("2026-03-16"), schedule_);
  EXPECT_EQ(Ask("2026-03-19T12:00:00Z").slot.date, Date("2026-03-16"));
}

TEST_F(SchedulerTest, SettlesTenMinutesBeforeItMakesUpASlot) {
  state_.process_start = At("2026-03-16T09:00:00Z");
  EXPECT_EQ(Describe(Ask("2026-03-16T09:00:00Z")),
            "wait until 2026-03-16T09:10:00Z");
  EXPECT_EQ(Describe(Ask("2026-03-16T09:09:59.999999Z")),
            "wait until 2026-03-16T09:10:00Z");
  const Due due = Ask("2026-03-16T09:10:00Z");
  EXPECT_EQ(due.kind, Due::Kind::kRun);
  EXPECT_TRUE(due.late);
  EXPECT_EQ(due.slot.cutoff, At("2026-03-09T03:00:00Z"));
}

TEST_F(SchedulerTest, DoesNotSettleForASlotThatStartsWithTheProcess) {
  state_.process_start = At("2026-03-16T03:00:00Z");
  const Due due = Ask("2026-03-16T03:00:00Z");
  EXPECT_EQ(due.kind, Due::Kind::kRun);
  EXPECT_FALSE(due.late);
}

TEST_F(SchedulerTest, SettlesForASlotOneMicrosecondBeforeTheProcess) {
  state_.process_start = At("2026-03-16T03:00:00.000001Z");
  EXPECT_EQ(Describe(Ask("2026-03-16T03:00:00.000001Z")),
            "wait until 2026-03-16T03:10:00.000001Z");
}

TEST_F(SchedulerTest, RunsASlotThatComesDueWhileSettlingAndDropsTheMissedOne) {
  state_.process_start = At("2026-03-17T02:55:00Z");
  EXPECT_EQ(Describe(Ask("2026-03-17T02:55:00Z")),
            "wait until 2026-03-17T03:00:00Z");
  const Due due = Ask("2026-03-17T03:00:00Z");
  EXPECT_EQ(due.slot.date, Date("2026-03-17"));
  EXPECT_FALSE(due.late);
  EXPECT_THAT(due.missed, ElementsAre(Date("2026-03-16")));
}

TEST_F(SchedulerTest, MakesUpOnlyTheLatestOfTheMissedSlots) {
  state_.process_start = At("2026-03-19T12:00:00Z");
  const Due due = Ask("2026-03-19T12:10:00Z");
  EXPECT_EQ(due.slot.date, Date("2026-03-19"));
  EXPECT_TRUE(due.late);
  EXPECT_THAT(due.missed, ElementsAre(Date("2026-03-16"), Date("2026-03-17"),
                                      Date("2026-03-18")));
}

TEST_F(SchedulerTest, MissesOneSlotWhenTwoHavePassed) {
  EXPECT_THAT(Ask("2026-03-17T04:00:00Z").missed,
              ElementsAre(Date("2026-03-16")));
}

TEST_F(SchedulerTest, RunsNothingOnADateWhoseTimeWasMovedAfterItsRun) {
  state_.last_slot = Date("2026-03-16");
  schedule_.at = hours(15);
  EXPECT_EQ(Describe(Ask("2026-03-16T15:00:00Z")),
            "wait until 2026-03-17T15:00:00Z");
  schedule_.at = minutes(30);
  EXPECT_EQ(Describe(Ask("2026-03-16T15:00:00Z")),
            "wait until 2026-03-17T00:30:00Z");
}

TEST_F(SchedulerTest, RepeatsNoDateAfterAChangeOfZone) {
  state_.last_slot = Date("2026-03-16");
  schedule_.zone = *LoadZone("America/Los_Angeles");
  EXPECT_EQ(Describe(Ask("2026-03-16T10:00:00Z")),
            "wait until 2026-03-17T10:00:00Z");
}

TEST_F(SchedulerTest, RunsNothingUntilAClockThatWentBackPassesTheNextSlot) {
  state_.last_slot = Date("2026-06-10");
  EXPECT_EQ(Describe(Ask("2026-06-08T12:00:00Z")),
            "wait until 2026-06-11T03:00:00Z");
  EXPECT_EQ(Describe(Ask("2026-06-11T02:59:59Z")),
            "wait until 2026-06-11T03:00:00Z");
  EXPECT_EQ(Ask("2026-06-11T03:00:00Z").slot.date, Date("2026-06-11"));
}

TEST_F(SchedulerTest, MakesTheNextSlotDueAsUsualAfterAClockThatWentForward) {
  state_.last_slot = Date("2026-06-10");
  EXPECT_EQ(Ask("2036-06-11T03:00:00Z").slot.date, Date("2036-06-11"));
  // The guard blocked that one and left the last slot alone.
  EXPECT_EQ(Ask("2026-06-11T03:00:00Z").slot.date, Date("2026-06-11"));
}

TEST_F(SchedulerTest, WaitsOverADateThatDoesNotExist) {
  schedule_.zone = *LoadZone("Pacific/Apia");
  state_.last_slot = Date("2011-12-29");
  EXPECT_EQ(Describe(Ask("2011-12-29T14:00:00Z")),
            "wait until 2011-12-30T13:00:00Z");
}

// The claims that a row of the table makes, in the words of Describe.
std::vector<std::string> ClaimsOf(const std::string& expected) {
  static const std::regex kClaim(
      "wait until [-0-9T:]+Z|run slot [-0-9]+|late|cutoff [-0-9T:]+Z|"
      "[0-9]+ missed");
  std::vector<std::string> claims;
  for (std::sregex_iterator match(expected.begin(), expected.end(), kClaim),
       end;
       match != end; ++match) {
    claims.push_back(match->str());
  }
  return claims;
}

struct StateRow {
  std::string zone, last_slot, now, expected;
};

// The table but for its last two rows, which begin with "any" zone: a clock
// that went back or forward has tests of its own above.
std::vector<StateRow> ReadStates() {
  std::ifstream file(RETENTIOND_SOURCE_DIR "/tests/data/states.csv");
  std::string line;
  std::getline(file, line);
  EXPECT_EQ(line, "zone,last_completed_slot,now_utc,expected");
  std::vector<StateRow> rows;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    StateRow row;
    std::getline(fields, row.zone, ',');
    std::getline(fields, row.last_slot, ',');
    std::getline(fields, row.now, ',');
    std::getline(fields, row.expected);
    if (row.zone != "any") rows.push_back(row);
  }
  return rows;
}

TEST(SchedulerVectorTest, MeetsEveryState) {
  const std::vector<StateRow> rows = ReadStates();
  EXPECT_EQ(rows.size(), 7u);
  for (const StateRow& row : rows) {
    SCOPED_TRACE(row.zone + " " + row.now + ": " + row.expected);
    const Schedule schedule{hours(3), *LoadZone(row.zone)};
    const bool late = row.expected.find("late") != std::string::npos;
    ScheduleState state{std::nullopt, std::nullopt,
                        At(row.now) - (late ? kSettling : days(30))};
    if (row.last_slot.empty()) {
      const Due first = WhatIsDue(state, At(row.now), schedule);
      EXPECT_EQ(first.kind, Due::Kind::kFirstStart);
      state.last_slot = first.slot.date;
    } else {
      state.last_slot = Date(row.last_slot);
    }
    const Due due = WhatIsDue(state, At(row.now), schedule);
    const std::vector<std::string> claims = ClaimsOf(row.expected);
    EXPECT_FALSE(claims.empty());
    for (const std::string& claim : claims) {
      EXPECT_THAT(Describe(due), HasSubstr(claim));
    }
    EXPECT_EQ(due.late, late);
    if (row.expected.find("missed slots") == std::string::npos) {
      EXPECT_THAT(due.missed, IsEmpty());
    }
  }
}

}  // namespace
}  // namespace retentiond
