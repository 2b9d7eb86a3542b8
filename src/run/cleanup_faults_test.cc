// A run whose database fails, whose lease is taken, whose clock is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "audit/verify.h"
#include "base/status.h"
#include "run/cleanup.h"
#include "testing/run/cleanup_fixture.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// --- database errors

TEST_F(CleanupTest, WaitsForABusyDatabase) {
  AddTwenty();
  database_.script().Fail("DeleteBatch", 1, absl::AbortedError("locked"));
  database_.script().Fail("DeleteBatch", 2, absl::AbortedError("locked"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
}

TEST_F(CleanupTest, TriesAFullDiskAgainAndThenGivesUpTheNight) {
  AddTwenty();
  for (int i = 1; i <= 6; ++i) {
    database_.script().Fail("DeleteBatch", i,
                            absl::ResourceExhaustedError("disk full"));
  }
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kFailed);
  EXPECT_THAT(run.errors, ElementsAre(HasSubstr("disk full")));
  EXPECT_THAT(database_.Ids(), SizeIs(21));
  EXPECT_EQ(LastRun().outcome, RunOutcome::kFailed);
}

TEST_F(CleanupTest, GoesOnWhenTheDiskHasRoomAgain) {
  AddTwenty();
  database_.script().Fail("DeleteBatch", 1,
                          absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
}

TEST_F(CleanupTest, LeavesTheRunOpenWhenTheConnectionIsLost) {
  AddTwenty();
  database_.script().Fail("DeleteBatch", 1, absl::UnavailableError("lost"));
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(database_.script().Count("DeleteBatch"), 1);
  EXPECT_TRUE(database_.Open().state->OpenRun()->has_value());
}

TEST_F(CleanupTest, StopsTheRunOnACorruptDatabase) {
  AddTwenty();
  database_.script().Fail("DeleteBatch", 1, absl::DataLossError("malformed"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kFailed);
  EXPECT_EQ(database_.script().Count("DeleteBatch"), 1);
}

TEST_F(CleanupTest, RecordsAFailureBeforeTheSlotWasClaimed) {
  AddTwenty();
  database_.script().Fail("Survey", 1, absl::DataLossError("malformed"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kFailed);
  EXPECT_EQ(LastRun().outcome, RunOutcome::kFailed);
}

TEST_F(CleanupTest, LeavesTheSlotDueWhenTheDatabaseWasOnlyBusy) {
  database_.script().Fail("Survey", 1, absl::AbortedError("locked"));
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*database_.Open().state->LastSlot(), std::nullopt);
}

TEST_F(CleanupTest, SaysWhenNotEvenTheEndCanBeRecorded) {
  AddTwenty();
  database_.script().Fail("DeleteBatch", 1, absl::DataLossError("malformed"));
  database_.script().Fail("CloseRun", 1, absl::DataLossError("malformed"));
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(observer_.troubles, SizeIs(1));
}

TEST_F(CleanupTest, DoesNotFailARunBecauseTidyingUpDid) {
  AddTwenty();
  database_.script().Fail("TidyUp", 1, absl::AbortedError("busy"));
  database_.script().Fail("Prune", 1, absl::AbortedError("busy"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(observer_.troubles, SizeIs(2));
}

TEST_F(CleanupTest, RemovesAllFilesOfExpiredJobsWhileOthersAreSubmitted) {
  AddTwenty();
  observer_.at_batch = [&] {
    AddJob("new" + std::to_string(observer_.batches.size()), slot().start);
  };
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_GT(observer_.batches.size(), 2U);
  for (int i = 10; i < 30; ++i) {
    EXPECT_FALSE(Exists("temp/old" + std::to_string(i)));
    EXPECT_FALSE(Exists("logs/old" + std::to_string(i) + ".log"));
  }
  EXPECT_TRUE(Exists("temp/new1/frame.png"));
}

TEST_F(CleanupTest, RemovesTheFilesOfABatchLaterWhenAskingFailed) {
  AddTwenty();
  database_.script().Fail("VisitNewcomers", 1, absl::AbortedError("busy"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(Exists("temp/old10"));
}

TEST_F(CleanupTest, ClosesARunWhoseSlotAnotherHasClosed) {
  AddTwenty();
  MustRun();
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(Run(TheRunIsOpen()).status().code(), absl::StatusCode::kAborted);
}

// --- the lease

TEST_F(CleanupTest, DoesNothingWhileAnotherLeads) {
  AddTwenty();
  ASSERT_TRUE(database_.Open().state->TakeLease("another", std::nullopt).ok());
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(database_.Ids(), SizeIs(21));
}

TEST_F(CleanupTest, DeletesNothingMoreOnceItsLeaseIsTaken) {
  AddTwenty();
  database_.lock_held = seconds(1);
  observer_.at_batch = [this] {
    const Database other = database_.Open();
    const auto view = other.state->ViewLease();
    ASSERT_TRUE(other.state->TakeLease("another", *view).ok());
    observer_.at_batch = nullptr;
  };
  EXPECT_FALSE(Run().ok());
  EXPECT_THAT(observer_.batches, SizeIs(1));
}

TEST_F(CleanupTest, RenewsTheLeaseWhileItWorks) {
  AddTwenty();
  database_.lock_held = seconds(1);
  observer_.at_batch = [this] { clock_.Advance(seconds(10)); };
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_GT(database_.script().Count("RenewLease"), 0);
}

TEST_F(CleanupTest, LeavesTheFilesWhenTheLeaseCannotBeRenewed) {
  AddTwenty();
  database_.script().Fail("RenewLease", 1, absl::AbortedError("busy"));
  observer_.at_batch = [this] {
    clock_.Advance(seconds(10));
    observer_.at_batch = nullptr;
  };
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(Exists("temp/old10"));
}

TEST_F(CleanupTest, GivesTheLeaseBack) {
  AddTwenty();
  MustRun();
  EXPECT_EQ(database_.Open().state->ViewLease()->holder, "");
}

// --- the clock guard

TEST_F(CleanupTest, DeletesNothingWhenTheClockIsBehindTheAnchor) {
  AddTwenty();
  MakeTree(InRoot("temp"), {Dir("gone")});
  ASSERT_TRUE(database_.Open()
                  .state
                  ->WriteAnchor({.wall = clock_.Now() + hours(1),
                                 .boot_id = "another boot",
                                 .boot_time = hours(9)})
                  .ok());
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kBlocked);
  EXPECT_THAT(run.blocked, ElementsAre("behind-anchor"));
  EXPECT_THAT(database_.Ids(), SizeIs(21));
  EXPECT_TRUE(Exists("temp/gone"));
  EXPECT_EQ(*database_.Open().state->LastSlot(), std::nullopt);
  EXPECT_THAT(observer_.blocked, SizeIs(1));
  // It costs no walk over the jobs.
  EXPECT_EQ(database_.script().Count("Survey"), 0);
}

TEST_F(CleanupTest, RunsOnceTheClockIsRightAgain) {
  AddTwenty();
  const Anchor anchor{.wall = clock_.Now() + hours(1),
                      .boot_id = "boot-1",
                      .boot_time = clock_.BootTime()};
  ASSERT_TRUE(database_.Open().state->WriteAnchor(anchor).ok());
  EXPECT_EQ(MustRun().outcome, RunOutcome::kBlocked);
  EXPECT_EQ(MustRun().outcome, RunOutcome::kBlocked);
  clock_.StepWall(hours(1));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_EQ(CountEvents("run-blocked"), 1);
  EXPECT_EQ(CountEvents("clock-cleared"), 1);
}

TEST_F(CleanupTest, DoesNotEmptyTheDatabaseOnAFirstStartWithoutAWitness) {
  for (int i = 10; i < 15; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kBlocked);
  EXPECT_THAT(run.blocked, ElementsAre("would-delete-all"));
  EXPECT_THAT(database_.Ids(), SizeIs(5));
}

TEST_F(CleanupTest, MovesTheCutoffBackByTimeThatNobodySawPass) {
  ASSERT_TRUE(database_.Open()
                  .state
                  ->WriteAnchor({.wall = clock_.Now() - days(5),
                                 .boot_id = "another boot",
                                 .boot_time = hours(9)})
                  .ok());
  const Micros unseen = days(5) - clock_.BootTime();
  AddJob("seen", slot().cutoff - unseen - Micros(1));
  AddJob("unseen", slot().cutoff - unseen);
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_EQ(run.cutoff, slot().cutoff - unseen);
  EXPECT_THAT(database_.Ids(), ElementsAre("unseen"));
}

TEST_F(CleanupTest, StopsAtTheNextBatchWhenTheClockIsStepped) {
  AddTwenty();
  database_.lock_held = seconds(1);
  observer_.at_batch = [this] {
    clock_.StepWall(days(3650));
    observer_.at_batch = nullptr;
  };
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kBlocked);
  EXPECT_THAT(observer_.batches, SizeIs(1));
  EXPECT_EQ(LastRun().phase, "blocked");
  clock_.StepWall(-days(3650));
  EXPECT_EQ(MustRun(TheRunIsOpen()).outcome, RunOutcome::kSuccess);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
}

TEST_F(CleanupTest, YieldsWhenItRunsLate) {
  AddTwenty();
  clock_.Advance(hours(3));
  MustRun();
  EXPECT_THAT(observer_.batches, SizeIs(::testing::Gt(0U)));
}

// --- the shield's memory

TEST_F(CleanupTest, ForgetsAnOutputThatWasAbsentOnTwoNights) {
  AddJobWith("a", BeforeCutoff(1), "uid1", InRoot("temp/uid1/result.mp4"));
  AddJob("young", slot().cutoff + days(5));
  const auto shielded = [this] {
    int count = 0;
    EXPECT_TRUE(database_.Open()
                    .state
                    ->VisitShield([&](const ShieldedOutput&) {
                      ++count;
                      return absl::OkStatus();
                    })
                    .ok());
    return count;
  };
  Due due = TheSlotIsDue();
  for (const int expected : {1, 1, 0}) {
    MustRun(due);
    EXPECT_EQ(shielded(), expected);
    clock_.Advance(days(1));
    due.slot.date += days(1);
    due.slot.start += days(1);
    due.slot.cutoff += days(1);
  }
}

TEST_F(CleanupTest, BuildsTheShieldAnewBeforeItSweepsAgain) {
  AddJob("young", slot().cutoff + days(5));
  MakeTree(InRoot("temp"), {Dir("gone")});
  absl::StatusOr<StateDirectory> lost =
      StateDirectory::Open(InRoot("state"), "lost", "/farm.db");
  ASSERT_TRUE(lost.ok());
  absl::StatusOr<StateDirectory> directory =
      StateDirectory::Open(InRoot("state"), "new", "/farm.db");
  ASSERT_TRUE(directory.ok());
  Database database = database_.Open();
  CleanupParts parts = Parts(database);
  parts.directory = &*directory;
  absl::StatusOr<RunRecord> run =
      Cleanup(parts).Execute(TheSlotIsDue(), std::nullopt);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_THAT(run->errors, ElementsAre(HasSubstr("records of past outputs")));
  EXPECT_TRUE(Exists("temp/gone"));
  EXPECT_FALSE(directory->state_was_lost());
  EXPECT_TRUE(directory->ReadAnchor().ok());
}

TEST_F(CleanupTest, DeletesNothingWhileACrowdWaits) {
  AddTwenty();
  database_.loads = {{.waiting = 9}, {.waiting = 9}, {.waiting = 9}, {}};
  observer_.at_batch = [&] { EXPECT_TRUE(database_.loads.empty()); };
  const absl::StatusOr<RunRecord> run = Run();
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->outcome, RunOutcome::kSuccess);
  EXPECT_EQ(run->jobs_deleted, 20);
  EXPECT_THAT(observer_.pauses, Contains("others wait for locks").Times(Ge(3)));
}

TEST_F(CleanupTest, EndsWithItsWindowThoughACrowdWaits) {
  AddTwenty();
  database_.loads.assign(100'000, {.waiting = 9});
  const absl::StatusOr<RunRecord> run = Run();
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->outcome, RunOutcome::kPartial);
  EXPECT_EQ(run->jobs_deleted, 0);
  EXPECT_THAT(run->marks, Contains(kMarkWindowCut));
}

TEST_F(CleanupTest, IsResumedWhereTheLoadCannotBeRead) {
  AddTwenty();
  database_.script().Fail("Load", 1, absl::UnavailableError("gone"));
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kUnavailable);
  const absl::StatusOr<RunRecord> run = Run(TheRunIsOpen());
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->jobs_deleted, 20);
}

}  // namespace
}  // namespace retentiond
