#include "policy/clock_guard.h"

#include <gtest/gtest.h>

#include <string>

#include "testing/policy/clock_guard_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Micros kTick{1};

TEST_F(ClockGuardTest, HasNothingToSayOfAClockThatKeptTime) {
  const GuardVerdict verdict = Assess();
  EXPECT_EQ(verdict.facts, FactSet{ClockFact::kUnsynchronised});
  EXPECT_FALSE(verdict.blocked());
  EXPECT_FALSE(verdict.cleared);
  EXPECT_TRUE(verdict.may_anchor());
  EXPECT_EQ(verdict.unseen, Micros(0));
  EXPECT_FALSE(verdict.doubt_since.has_value());
}

TEST_F(ClockGuardTest, HasNoFactsWithASynchronisedClock) {
  input_.now.kernel_synchronised = true;
  EXPECT_TRUE(Assess().facts.empty());
}

// --- one boot

TEST_F(ClockGuardTest, ToleratesAStepOfTwoMinutesForward) {
  StayUp(hours(24), minutes(2));
  EXPECT_EQ(Facts(), FactSet{});
  EXPECT_EQ(Assess().unseen, Micros(0));
}

TEST_F(ClockGuardTest, BlocksOnALongerStepForward) {
  StayUp(hours(24), minutes(2) + kTick);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kStepped});
  EXPECT_TRUE(Assess().blocked());
  EXPECT_FALSE(Assess().may_anchor());
}

TEST_F(ClockGuardTest, ToleratesAStepOfTwoMinutesBack) {
  StayUp(hours(24), -minutes(2));
  EXPECT_EQ(Facts(), FactSet{});
}

TEST_F(ClockGuardTest, BlocksOnALongerStepBack) {
  StayUp(hours(24), -minutes(2) - kTick);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kStepped});
  EXPECT_TRUE(Assess().blocked());
}

TEST_F(ClockGuardTest, ToleratesAWallClockTwoMinutesBeforeTheAnchor) {
  StayUp(Micros(0), -minutes(2));
  EXPECT_EQ(Facts(), FactSet{});
}

TEST_F(ClockGuardTest, ReportsBothAStepAndAClockBeforeTheAnchor) {
  StayUp(Micros(0), -minutes(2) - kTick);
  EXPECT_EQ(Facts(), (FactSet{ClockFact::kBehindAnchor, ClockFact::kStepped}));
  EXPECT_TRUE(Assess().blocked());
}

TEST_F(ClockGuardTest, BlocksOnAClockTenYearsAhead) {
  StayUp(hours(24), days(3653));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kStepped});
}

TEST_F(ClockGuardTest, BlocksWhenASnapshotIsRestoredAndTheClockCorrected) {
  // The boot goes on from where it was saved; the wall clock is right.
  StayUp(-hours(5), hours(29));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kStepped});
}

// --- after a reboot

TEST_F(ClockGuardTest, ToleratesTwoMinutesThatNobodySaw) {
  Reboot(hours(1), minutes(2));
  EXPECT_EQ(Facts(), FactSet{});
  EXPECT_EQ(Assess().unseen, Micros(0));
}

TEST_F(ClockGuardTest, MovesTheCutoffByAllTheTimeThatNobodySaw) {
  Reboot(hours(1), minutes(2) + kTick);
  const GuardVerdict verdict = Assess();
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
  EXPECT_FALSE(verdict.blocked());
  EXPECT_FALSE(verdict.may_anchor());
  EXPECT_EQ(verdict.unseen, minutes(2) + kTick);
}

TEST_F(ClockGuardTest, MovesTheCutoffByEightDaysAtMost) {
  Reboot(hours(1), days(8));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
  EXPECT_EQ(Assess().unseen, days(8));
  EXPECT_FALSE(Assess().blocked());
}

TEST_F(ClockGuardTest, BlocksOnMoreThanEightDaysThatNobodySaw) {
  Reboot(hours(1), days(8) + kTick);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTimeTooLong});
  EXPECT_TRUE(Assess().blocked());
}

TEST_F(ClockGuardTest, CreditsTheUptime) {
  Reboot(days(20), minutes(1));
  EXPECT_EQ(Facts(), FactSet{});
}

TEST_F(ClockGuardTest, CreditsNoUptimeFromBeforeTheAnchor) {
  // Up for a hundred days, the anchor an hour old and not of this boot.
  Reboot(days(100), hours(1) - days(100));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
  EXPECT_EQ(Assess().unseen, hours(1));
}

TEST_F(ClockGuardTest, SeesAWrongClockBehindALongUptime) {
  Reboot(days(100), days(9) - days(100));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTimeTooLong});
}

TEST_F(ClockGuardTest, CreditsAnUptimeWithinTheTolerance) {
  Reboot(hours(1), -minutes(2));
  EXPECT_EQ(Facts(), FactSet{});
  Reboot(hours(1), -minutes(2) - kTick);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
}

TEST_F(ClockGuardTest, BlocksOnAClockBeforeTheAnchorAfterAReboot) {
  Reboot(hours(1), -hours(1) - minutes(2));
  EXPECT_EQ(Facts(), FactSet{});
  Reboot(hours(1), -hours(1) - minutes(2) - kTick);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kBehindAnchor});
  EXPECT_TRUE(Assess().blocked());
}

TEST_F(ClockGuardTest, TakesASynchronisedClockForUnseenTime) {
  for (const Micros unseen : {Micros(days(1)), Micros(days(9))}) {
    Reboot(hours(1), unseen);
    input_.now.kernel_synchronised = true;
    const GuardVerdict verdict = Assess();
    EXPECT_EQ(verdict.facts, FactSet{});
    EXPECT_EQ(verdict.unseen, Micros(0));
    EXPECT_FALSE(verdict.cleared);  // nothing stood
    EXPECT_TRUE(verdict.may_anchor());
  }
}

// --- first starts

TEST_F(ClockGuardTest, ReportsAFirstStart) {
  LoseAnchor(AnchorState::kNone);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kFirstStart});
  EXPECT_FALSE(Assess().blocked());
  EXPECT_TRUE(Assess().may_anchor());
}

TEST_F(ClockGuardTest, BlocksAFirstStartThatWouldDeleteAll) {
  LoseAnchor(AnchorState::kNone);
  input_.would_delete_all = true;
  EXPECT_EQ(Facts(),
            (FactSet{ClockFact::kFirstStart, ClockFact::kWouldDeleteAll}));
  EXPECT_TRUE(Assess().blocked());
  EXPECT_FALSE(Assess().may_anchor());
}

TEST_F(ClockGuardTest, TakesAnAnchorWithoutAReadingForNone) {
  input_.anchor.reset();
  input_.would_delete_all = true;
  EXPECT_TRUE(Assess().blocked());
}

// Whether or not the account of seen time says that there was a doubt.
TEST_F(ClockGuardTest, KeepsACountThatTheRowsMayBeTheReasonOf) {
  LoseAnchor(AnchorState::kNone);
  input_.seen = BeginSeenTime(input_.now);
  input_.blocked_since = input_.now;
  for (const bool slot_ahead : {false, true}) {
    input_.slot_ahead = slot_ahead;
    const GuardVerdict verdict = Assess();
    EXPECT_FALSE(verdict.cleared);
    ASSERT_TRUE(verdict.doubt_since.has_value());
    EXPECT_EQ(verdict.doubt_since->wall, input_.now.wall);
    EXPECT_EQ(verdict.seen.doubted, slot_ahead);
  }
}

// The hourly look at the clock does not ask the rows; the run does.
TEST_F(ClockGuardTest, GoesOnCountingWhereTheRowsAreNotAskedInBetween) {
  LoseAnchor(AnchorState::kNone);
  for (int hour = 0; hour < 168; ++hour) {
    input_.would_delete_all = true;
    EXPECT_TRUE(AssessAndKeep().blocked());
    input_.would_delete_all.reset();
    EXPECT_FALSE(AssessAndKeep().cleared);
    Pass(hours(1));
  }
  input_.would_delete_all = true;
  EXPECT_TRUE(AssessAndKeep().confirmed);
}

TEST_F(ClockGuardTest, LetsAFirstStartDeleteAllWithASynchronisedClock) {
  LoseAnchor(AnchorState::kNone);
  input_.would_delete_all = true;
  input_.now.kernel_synchronised = true;
  EXPECT_EQ(Assess().facts, FactSet{ClockFact::kFirstStart});
  EXPECT_FALSE(Assess().cleared);
}

TEST_F(ClockGuardTest, TakesAnUnreadableAnchorForAFirstStart) {
  LoseAnchor(AnchorState::kUnreadable);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kAnchorUnreadable});
  input_.would_delete_all = true;
  EXPECT_EQ(Facts(), (FactSet{ClockFact::kAnchorUnreadable,
                              ClockFact::kWouldDeleteAll}));
}

TEST_F(ClockGuardTest, DoesNotTrustAnAnchorThatWasCalledUnreadable) {
  StayUp(hours(1), days(1));
  input_.anchor_state = AnchorState::kUnreadable;
  EXPECT_EQ(Facts(), FactSet{ClockFact::kAnchorUnreadable});
}

TEST_F(ClockGuardTest, AsksForWouldDeleteAllOnlyWithoutAnAnchor) {
  input_.would_delete_all = true;
  EXPECT_EQ(Facts(), FactSet{});
}

// --- facts that are only reported

TEST_F(ClockGuardTest, ReportsAClockBeforeTheBuild) {
  input_.build_date = input_.now.wall;
  EXPECT_EQ(Facts(), FactSet{});
  input_.build_date = input_.now.wall + kTick;
  EXPECT_EQ(Facts(), FactSet{ClockFact::kBeforeBuild});
  EXPECT_FALSE(Assess().blocked());
  EXPECT_FALSE(Assess().may_anchor());
}

TEST_F(ClockGuardTest, ReportsRowsAhead) {
  input_.rows_ahead = true;
  EXPECT_EQ(Facts(), FactSet{ClockFact::kRowsAhead});
  EXPECT_FALSE(Assess().blocked());
  EXPECT_TRUE(Assess().may_anchor());
}

TEST_F(ClockGuardTest, ReportsASecondAnomalyBesideTheFirst) {
  StayUp(hours(24), -days(200));
  input_.rows_ahead = true;
  EXPECT_EQ(Facts(), (FactSet{ClockFact::kBehindAnchor, ClockFact::kStepped,
                              ClockFact::kBeforeBuild, ClockFact::kRowsAhead}));
}

// --- how a doubt ends

TEST_F(ClockGuardTest, KeepsTheReadingSinceWhichItDoubts) {
  StayUp(hours(24), days(30));
  const GuardVerdict first = AssessAndKeep();
  ASSERT_TRUE(first.doubt_since.has_value());
  EXPECT_EQ(first.doubt_since->wall, input_.now.wall);

  Pass(hours(5));
  const GuardVerdict later = Assess();
  EXPECT_TRUE(later.blocked());
  EXPECT_FALSE(later.cleared);
  EXPECT_EQ(later.doubt_since->wall, first.doubt_since->wall);
}

TEST_F(ClockGuardTest, ClearsABlockAfter168HoursOfConsistentTime) {
  StayUp(hours(24), days(30));
  AssessAndKeep();
  Pass(hours(168) - kTick);
  EXPECT_TRUE(Assess().blocked());
  EXPECT_FALSE(Assess().cleared);

  Pass(kTick);
  const GuardVerdict verdict = Assess();
  EXPECT_TRUE(verdict.cleared);
  EXPECT_FALSE(verdict.blocked());
  EXPECT_EQ(verdict.facts, FactSet{ClockFact::kUnsynchronised});
  EXPECT_TRUE(verdict.may_anchor());
  EXPECT_FALSE(verdict.doubt_since.has_value());
}

TEST_F(ClockGuardTest, ConfirmsUnseenTimeAfter168Hours) {
  Reboot(hours(1), days(3));
  AssessAndKeep();
  Pass(hours(168) - minutes(2) - kTick);
  EXPECT_EQ(Assess().unseen, days(3));
  Pass(kTick);
  EXPECT_EQ(Assess().unseen, Micros(0));
  EXPECT_TRUE(Assess().cleared);
}

TEST_F(ClockGuardTest, ClearsAFirstStartThatWouldDeleteAllAfter168Hours) {
  LoseAnchor(AnchorState::kNone);
  input_.would_delete_all = true;
  AssessAndKeep();
  Pass(hours(168));
  EXPECT_TRUE(Assess().cleared);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kFirstStart});
}

TEST_F(ClockGuardTest, ToleratesADriftOfTwoMinutesWhileItObserves) {
  StayUp(hours(24), days(30));
  AssessAndKeep();
  Pass(hours(168));
  input_.now.wall += minutes(2);
  EXPECT_TRUE(Assess().cleared);
  input_.now.wall += kTick;
  EXPECT_FALSE(Assess().cleared);
  EXPECT_EQ(Assess().doubt_since->wall, input_.now.wall);  // counts anew
}

TEST_F(ClockGuardTest, CountsAnewAfterAStepBackWhileItObserves) {
  StayUp(hours(24), days(30));
  AssessAndKeep();
  Pass(hours(168));
  input_.now.wall -= minutes(2);
  EXPECT_TRUE(Assess().cleared);
  input_.now.wall -= kTick;
  EXPECT_FALSE(Assess().cleared);
}

TEST_F(ClockGuardTest, CountsOnOverAReboot) {
  StayUp(hours(24), days(30));
  AssessAndKeep();
  Pass(hours(100));
  AssessAndKeep();
  // Off for five hours, which nobody saw.
  input_.now.boot_id = "b";
  input_.now.boot_time = hours(1);
  Pass(hours(5));
  input_.now.boot_time = hours(1);
  AssessAndKeep();
  Pass(hours(67) - minutes(3));
  EXPECT_TRUE(Assess().blocked());
  Pass(minutes(3));
  const GuardVerdict verdict = AssessAndKeep();
  EXPECT_FALSE(verdict.blocked());
  // The step lies 168 h back, the time off does not.
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
  EXPECT_EQ(verdict.unseen, hours(4));
}

TEST_F(ClockGuardTest, CountsAnewWhenTheClockGoesBackBehindTheCount) {
  StayUp(hours(24), days(30));
  AssessAndKeep();
  Pass(hours(200));
  input_.now.boot_id = "b";
  input_.now.wall = input_.anchor->wall - hours(1);
  EXPECT_TRUE(Assess().blocked());
  EXPECT_EQ(Assess().doubt_since->wall, input_.now.wall);
}

TEST_F(ClockGuardTest, SeesASecondStepThatComesWhileItObserves) {
  StayUp(hours(24), days(30));
  AssessAndKeep();
  Pass(hours(150));
  AssessAndKeep();
  input_.now.boot_id = "b";
  input_.now.boot_time = minutes(1);
  AssessAndKeep();
  input_.now.wall += days(5);
  AssessAndKeep();
  Pass(hours(20));
  const GuardVerdict verdict = AssessAndKeep();
  // 168 h are over since the first; the second still moves the cutoff.
  EXPECT_FALSE(verdict.blocked());
  EXPECT_GT(verdict.unseen, days(5) - minutes(5));
}

TEST_F(ClockGuardTest, ClearsAStepThatASynchronisedClockConfirms) {
  for (const Micros step : {Micros(days(30)), Micros(-days(30))}) {
    StayUp(hours(24), step);
    input_.now.kernel_synchronised = true;
    const GuardVerdict verdict = Assess();
    EXPECT_TRUE(verdict.cleared);
    EXPECT_FALSE(verdict.blocked());
    EXPECT_TRUE(verdict.may_anchor());
    EXPECT_FALSE(verdict.doubt_since.has_value());
  }
}

TEST_F(ClockGuardTest, ClearsAStandingDoubtWithASynchronisedClock) {
  Reboot(hours(1), days(30));
  AssessAndKeep();
  input_.now.kernel_synchronised = true;
  EXPECT_TRUE(Assess().cleared);
  EXPECT_EQ(Assess().facts, FactSet{});
}

TEST_F(ClockGuardTest, ClearsWhenAClockThatWasSetWrongIsSetRight) {
  StayUp(hours(1), days(3653));
  AssessAndKeep();
  StayUp(hours(2), Micros(0));
  const GuardVerdict verdict = Assess();
  EXPECT_TRUE(verdict.cleared);
  EXPECT_FALSE(verdict.blocked());
  EXPECT_FALSE(verdict.doubt_since.has_value());
}

TEST_F(ClockGuardTest, KeepsTheReportedFactsWhenItClears) {
  StayUp(hours(24), days(30));
  input_.rows_ahead = true;
  AssessAndKeep();
  Pass(hours(168));
  EXPECT_EQ(Assess().facts,
            (FactSet{ClockFact::kUnsynchronised, ClockFact::kRowsAhead}));
}

TEST(ClockFactTest, HasANameAndSaysWhetherItBlocks) {
  struct Row {
    ClockFact fact;
    std::string name;
    bool blocks;
  };
  for (const Row& row : {
           Row{ClockFact::kBehindAnchor, "behind-anchor", true},
           Row{ClockFact::kStepped, "stepped", true},
           Row{ClockFact::kUnseenTime, "unseen-time", false},
           Row{ClockFact::kUnseenTimeTooLong, "unseen-time-too-long", true},
           Row{ClockFact::kWouldDeleteAll, "would-delete-all", true},
           Row{ClockFact::kServerOff, "server-off", true},
           Row{ClockFact::kServerSkewed, "server-skewed", false},
           Row{ClockFact::kSlotAhead, "slot-ahead", false},
           Row{ClockFact::kAnchorUnreadable, "anchor-unreadable", false},
           Row{ClockFact::kFirstStart, "first-start", false},
           Row{ClockFact::kBeforeBuild, "before-build", false},
           Row{ClockFact::kUnsynchronised, "unsynchronised", false},
           Row{ClockFact::kRowsAhead, "rows-ahead", false},
       }) {
    EXPECT_EQ(NameOf(row.fact), row.name);
    EXPECT_EQ(Blocks(row.fact), row.blocks) << row.name;
    EXPECT_NE(SentenceOf(row.name), row.name);
  }
}

TEST(ClockFactTest, IsItsOwnSentenceWhereTheNameIsUnknown) {
  EXPECT_EQ(SentenceOf("of-a-newer-version"), "of-a-newer-version");
  EXPECT_EQ(SentenceOf("unsynchronised"),
            "the clock is not synchronised with a time server");
}

}  // namespace
}  // namespace retentiond
