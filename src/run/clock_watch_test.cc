#include "run/clock_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

class ClockWatchTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    database_opened_ = database_.Open();
    directory_ = *StateDirectory::Open(InRoot("state"), "one", "/farm.db");
  }
  ClockWatch Watch() {
    return {clock_, *database_opened_.state, &*directory_, build_date_};
  }
  Anchor AnchorAt(Instant wall) const {
    return {.wall = wall,
            .boot_id = clock_.BootId(),
            .boot_time = clock_.BootTime()};
  }

  Database database_opened_;
  std::optional<StateDirectory> directory_;
};

TEST_F(ClockWatchTest, HasNoAnchorAtFirst) {
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_FALSE(watch.has_anchor());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kFirstStart));
}

TEST_F(ClockWatchTest, TakesTheLaterOfTwoAnchors) {
  // A restored database carries an old one.
  ASSERT_TRUE(
      database_opened_.state->WriteAnchor(AnchorAt(clock_.Now() - days(30)))
          .ok());
  ASSERT_TRUE(directory_->WriteAnchor(AnchorAt(clock_.Now() + hours(1))).ok());
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kBehindAnchor));
}

TEST_F(ClockWatchTest, ReportsAnAnchorThatCannotBeRead) {
  std::ofstream(directory_->path() / "anchor.json") << "{";
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kAnchorUnreadable));
  database_.script().Fail("ReadAnchor", 1, absl::DataLossError("no number"));
  EXPECT_TRUE(Watch().Load().ok());
}

TEST_F(ClockWatchTest, SaysWhenTheStateCannotBeAsked) {
  database_.script().Fail("ReadAnchor", 1, absl::AbortedError("locked"));
  EXPECT_EQ(Watch().Load().code(), absl::StatusCode::kAborted);
}

TEST_F(ClockWatchTest, SetsBothAnchorsWhileTheClockIsTrusted) {
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  EXPECT_EQ(*database_opened_.state->ReadAnchor(), AnchorAt(clock_.Now()));
  EXPECT_EQ(*directory_->ReadAnchor(), AnchorAt(clock_.Now()));
}

TEST_F(ClockWatchTest, LeavesTheAnchorWhileTheClockIsInDoubt) {
  const Anchor anchor = AnchorAt(clock_.Now());
  ASSERT_TRUE(database_opened_.state->WriteAnchor(anchor).ok());
  clock_.StepWall(days(365));
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  EXPECT_EQ(*database_opened_.state->ReadAnchor(), anchor);
  EXPECT_TRUE(database_opened_.state->BlockedSince()->has_value());
}

TEST_F(ClockWatchTest, LeavesTheAnchorBeforeTheBuildDate) {
  clock_.StepWall(build_date_ - Micros(1) - clock_.Now());
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  EXPECT_FALSE(database_opened_.state->ReadAnchor()->has_value());
}

TEST_F(ClockWatchTest, KeepsTheAnchorInTheDatabaseAlone) {
  ClockWatch watch(clock_, *database_opened_.state, nullptr, build_date_);
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  EXPECT_TRUE(watch.has_anchor());
}

TEST_F(ClockWatchTest, LeavesTheFirstAnchorToARun) {
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kLeave).ok());
  EXPECT_FALSE(watch.has_anchor());
  // The account of seen time begins all the same.
  EXPECT_TRUE(database_opened_.state->ReadNote("seen-time")->has_value());
  EXPECT_TRUE(directory_->ReadNote("seen-time").has_value());
}

TEST_F(ClockWatchTest, TakesNoAnchorThatNoClockCanHaveGiven) {
  for (const Anchor& odd : {Anchor{Instant{} - hours(1), "boot-1", hours(1)},
                            Anchor{clock_.Now(), "boot-1", -hours(1)},
                            Anchor{clock_.Now(), "", hours(1)}}) {
    ASSERT_TRUE(database_opened_.state->WriteAnchor(odd).ok());
    ClockWatch watch = Watch();
    ASSERT_TRUE(watch.Load().ok());
    EXPECT_FALSE(watch.has_anchor());
    EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kAnchorUnreadable));
  }
}

TEST_F(ClockWatchTest, ReportsADamagedCopyThoughTheOtherServes) {
  ASSERT_TRUE(database_opened_.state->WriteAnchor(AnchorAt(clock_.Now())).ok());
  std::ofstream(directory_->path() / "anchor.json") << "{";
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_TRUE(watch.has_anchor());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kAnchorUnreadable));
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kLeave).ok());
  EXPECT_FALSE(watch.Assess({}).facts.contains(ClockFact::kAnchorUnreadable));
}

// A reading that is damaged must not block for good.
TEST_F(ClockWatchTest, CountsAnewWhereTheCountIsDamaged) {
  ASSERT_TRUE(database_opened_.state->WriteAnchor(AnchorAt(clock_.Now())).ok());
  clock_.StepWall(days(365));
  database_.script().Fail("BlockedSince", 1, absl::DataLossError("no number"));
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kLeave).ok());
  EXPECT_EQ((*database_opened_.state->BlockedSince())->wall, clock_.Now());
  database_.script().Fail("BlockedSince", 1, absl::AbortedError("locked"));
  EXPECT_EQ(Watch().Load().code(), absl::StatusCode::kAborted);
}

TEST_F(ClockWatchTest, TakesTheLaterOfTwoAccounts) {
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  const std::string old = **database_opened_.state->ReadNote("seen-time");
  clock_.Advance(days(30));
  ASSERT_TRUE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  ASSERT_TRUE(database_opened_.state->WriteNote("seen-time", old).ok());
  clock_.Reboot(std::chrono::minutes(1), Micros(0));
  ClockWatch restored = Watch();
  ASSERT_TRUE(restored.Load().ok());
  EXPECT_FALSE(
      restored.Assess({}).facts.contains(ClockFact::kUnseenTimeTooLong));
  // Where nothing is left of the later one, nobody saw the month.
  std::filesystem::remove_all(directory_->path());
  ClockWatch alone = Watch();
  ASSERT_TRUE(alone.Load().ok());
  EXPECT_TRUE(alone.Assess({}).facts.contains(ClockFact::kUnseenTimeTooLong));
}

TEST_F(ClockWatchTest, ReportsADamagedAccount) {
  ASSERT_TRUE(database_opened_.state->WriteNote("seen-time", "{").ok());
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kAnchorUnreadable));
}

TEST_F(ClockWatchTest, ComparesTheServersTimeWithAClockThatIsSteppedLater) {
  database_.server = [this] {
    return ServerClock{clock_.Now() + seconds(1), true};
  };
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  clock_.Advance(hours(2));
  EXPECT_FALSE(watch.Assess({}).facts.contains(ClockFact::kServerSkewed));
  clock_.StepWall(hours(2));
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kServerOff));
}

TEST_F(ClockWatchTest, SaysWhenItCannotKeepOrReadWhatItMust) {
  for (const char* method : {"ReadNote", "ReadServerClock"}) {
    database_.script().Fail(method, 1, absl::AbortedError("locked"));
    EXPECT_EQ(Watch().Load().code(), absl::StatusCode::kAborted) << method;
  }
  for (const char* method : {"WriteNote", "WriteAnchor"}) {
    ClockWatch watch = Watch();
    ASSERT_TRUE(watch.Load().ok());
    database_.script().Fail(method, 1, absl::AbortedError("locked"));
    EXPECT_EQ(
        watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).code(),
        absl::StatusCode::kAborted)
        << method;
  }
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  clock_.StepWall(days(1));
  for (const char* method : {"SetBlockedSince"}) {
    database_.script().Fail(method, 1, absl::AbortedError("locked"));
    EXPECT_FALSE(
        watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
  }
  clock_.set_synchronised(true);
  database_.script().Fail("AppendAudit", 1, absl::AbortedError("locked"));
  EXPECT_FALSE(
      watch.Settle(watch.Assess({}), ClockWatch::FirstAnchor::kSet).ok());
}

// --- what the rows say

TEST_F(ClockWatchTest, TakesJobsInWorkForNoWitnesses) {
  SurveyTotals totals;
  EXPECT_EQ(ClockWatch::RowsOf(totals).would_delete_all, false);
  totals.expired = 5;
  totals.datable_before_start = 7;
  totals.in_work = 1;
  EXPECT_EQ(ClockWatch::RowsOf(totals).would_delete_all, false);
  totals.in_work = 2;
  EXPECT_EQ(ClockWatch::RowsOf(totals).would_delete_all, true);
  totals.expired = 0;
  totals.in_work = 7;
  EXPECT_EQ(ClockWatch::RowsOf(totals).would_delete_all, false);
  EXPECT_FALSE(ClockWatch::RowsOf(totals).ahead);
  totals.ahead = 1;
  EXPECT_TRUE(ClockWatch::RowsOf(totals).ahead);
}

TEST_F(ClockWatchTest, TakesJobsOfThisBootForNoWitnessesForAWeek) {
  const Instant started = clock_.Now();
  const Instant booted = started - clock_.BootTime();
  EXPECT_EQ(Watch().WitnessesBefore(started), booted);
  EXPECT_EQ(Watch().WitnessesBefore(booted - hours(1)), booted - hours(1));
  clock_.Advance(hours(168) - clock_.BootTime() - Micros(1));
  EXPECT_EQ(Watch().WitnessesBefore(started), booted);
  clock_.Advance(Micros(1));
  EXPECT_EQ(Watch().WitnessesBefore(started), started);
}

}  // namespace
}  // namespace retentiond
