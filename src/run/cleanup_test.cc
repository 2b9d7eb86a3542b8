#include "run/cleanup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "audit/verify.h"
#include "base/status.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CleanupTest : public RunTest {
 protected:
  // Twenty expired jobs and one recent one.
  void AddTwenty() {
    for (int i = 10; i < 30; ++i) {
      AddJob("old" + std::to_string(i), BeforeCutoff(1) + minutes(i));
    }
    AddJob("young", slot().cutoff);
  }
  RunRecord MustRun(const Due& due) {
    absl::StatusOr<RunRecord> run = Run(due);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.value_or(RunRecord{});
  }
  RunRecord MustRun() { return MustRun(TheSlotIsDue()); }
  Due TheRunIsOpen() const {
    Due due = TheSlotIsDue();
    due.resumed = true;
    return due;
  }
  RunRecord LastRun() {
    const auto runs = database_.Open().state->ListRuns(1);
    EXPECT_TRUE(runs.ok() && runs->size() == 1U);
    return runs->front();
  }
};

TEST_F(CleanupTest, DeletesExpiredJobsWithTheirFilesAndNothingElse) {
  AddTwenty();
  AddJob("working", BeforeCutoff(30), "RENDERING");
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_THAT(database_.Ids(), ElementsAre("working", "young"));
  EXPECT_EQ(database_.CountRows("JobLog"), 2 * kLogRows);
  EXPECT_TRUE(Exists("temp/young/frame.png"));
  EXPECT_TRUE(Exists("temp/working/frame.png"));
  EXPECT_FALSE(Exists("temp/old10"));
  EXPECT_FALSE(Exists("logs/old29.log"));
  EXPECT_EQ(run.jobs_deleted, 20);
  EXPECT_EQ(run.rows_deleted.at("JobLog"), 20 * kLogRows);
  EXPECT_EQ(run.files_deleted, 40);
  EXPECT_EQ(run.held, 1);
}

TEST_F(CleanupTest, LeavesTheSameCountsInTheStateAsInItsAnswer) {
  AddTwenty();
  const RunRecord run = MustRun();
  const RunRecord stored = LastRun();
  EXPECT_EQ(stored.jobs_deleted, run.jobs_deleted);
  EXPECT_EQ(stored.rows_deleted, run.rows_deleted);
  EXPECT_EQ(stored.files_deleted, run.files_deleted);
  EXPECT_EQ(stored.outcome, RunOutcome::kSuccess);
  EXPECT_TRUE(stored.phases_s.contains("batches"));
}

TEST_F(CleanupTest, AuditsEachJobOnceInAnUnbrokenChain) {
  AddTwenty();
  MustRun();
  ChainVerifier verifier;
  std::string all;
  for (const AuditRecord& record : Audit()) {
    verifier.Add(record);
    if (record.event == "batch") all += record.facts;
  }
  EXPECT_TRUE(verifier.Finish().ok);
  for (int i = 10; i < 30; ++i) {
    const std::string id = "\"old" + std::to_string(i) + "\"";
    EXPECT_NE(all.find(id), std::string::npos);
    EXPECT_EQ(all.find(id), all.rfind(id));
  }
  EXPECT_EQ(CountEvents("run-begin"), 1);
  EXPECT_EQ(CountEvents("run-end"), 1);
}

TEST_F(CleanupTest, KeepsAnOutputInsideAJobsDirectory) {
  const std::string output = InRoot("temp/uid1/result.mp4");
  AddJobWith("a", BeforeCutoff(1), "uid1", output);
  MakeTree(InRoot("temp/uid1"), {File("result.mp4", "the film")});
  AddJob("young", slot().cutoff);
  const RunRecord run = MustRun();
  EXPECT_TRUE(Exists("temp/uid1/result.mp4"));
  EXPECT_FALSE(Exists("temp/uid1/frame.png"));
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  // And on the next night, when no row names it any more.
  clock_.Advance(days(1));
  Due next = TheSlotIsDue();
  next.slot.date += days(1);
  next.slot.start += days(1);
  next.slot.cutoff += hours(23);
  MustRun(next);
  EXPECT_TRUE(Exists("temp/uid1/result.mp4"));
}

TEST_F(CleanupTest, KeepsANameUntilItsLastBearerGoes) {
  AddJobWith("original", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJobWith("retry", slot().cutoff, "shared", "/out/a.mp4");
  MustRun();
  EXPECT_THAT(database_.Ids(), ElementsAre("retry"));
  EXPECT_TRUE(Exists("temp/shared/frame.png"));
}

TEST_F(CleanupTest, RemovesASharedNameWithTheLastOfItsBearers) {
  AddJobWith("original", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJobWith("retry", BeforeCutoff(1), "shared", "/out/a.mp4");
  AddJob("young", slot().cutoff);
  MustRun();
  EXPECT_FALSE(Exists("temp/shared"));
}

TEST_F(CleanupTest, KeepsANameThatAJobOfThisMinuteBears) {
  AddJobWith("original", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJob("young", slot().cutoff);
  // Between the batch's commit and the removal of its files.
  database_.script().After("DeleteBatch", 1, [this] {
    AddJobWith("retry", clock_.Now(), "shared", "/out/a.mp4");
    return absl::OkStatus();
  });
  MustRun();
  EXPECT_TRUE(Exists("temp/shared/frame.png"));
}

TEST_F(CleanupTest, RemovesTheFilesOfAJobThatWasShownTwice) {
  AddTwenty();
  // A store may show jobs again that it has shown before; erased and inserted,
  // these count as newcomers.
  observer_.at_begin = [this] {
    for (int i = 10; i < 30; ++i) {
      const FakeJob again = *database_.Find("old" + std::to_string(i));
      database_.Erase(again.id);
      database_.Insert(again);
    }
  };
  MustRun();
  EXPECT_FALSE(Exists("temp/old29"));
  EXPECT_FALSE(Exists("logs/old29.log"));
}

TEST_F(CleanupTest, SweepsOrphansButNotThePastOutputsInThem) {
  AddJob("young", slot().cutoff);
  MakeTree(InRoot("temp"),
           {Dir("gone", {File("frame.png")}),
            Dir("gone2", {File("frame.png"), File("result.mp4")})});
  const RunRecord run = MustRun();
  EXPECT_FALSE(Exists("temp/gone"));
  EXPECT_FALSE(Exists("temp/gone2/frame.png"));
  EXPECT_TRUE(Exists("temp/gone2/result.mp4"));
  EXPECT_EQ(run.orphans, 2);
}

TEST_F(CleanupTest, LeavesTheOrphansOfAnEmptyDatabase) {
  MakeTree(InRoot("temp"), {Dir("gone", {File("frame.png")})});
  const RunRecord run = MustRun();
  EXPECT_TRUE(Exists("temp/gone/frame.png"));
  EXPECT_EQ(run.outcome, RunOutcome::kPartial);
  EXPECT_THAT(run.errors, ElementsAre(HasSubstr("no jobs at all")));
}

TEST_F(CleanupTest, RecordsAMissingRootAndCleansTheRowsAllTheSame) {
  AddTwenty();
  std::filesystem::remove_all(InRoot("temp"));
  const RunRecord run = MustRun();
  EXPECT_EQ(run.jobs_deleted, 20);
  EXPECT_EQ(run.outcome, RunOutcome::kPartial);
  EXPECT_THAT(run.errors.front(), HasSubstr("there is no such directory"));
}

TEST_F(CleanupTest, RemovesThePendingFilesWhenTheRootIsBack) {
  AddTwenty();
  std::filesystem::rename(InRoot("temp"), InRoot("away"));
  MustRun();
  std::filesystem::rename(InRoot("away"), InRoot("temp"));
  EXPECT_TRUE(Exists("temp/old10"));
  clock_.Advance(days(1));
  Due next = TheSlotIsDue();
  next.slot.date += days(1);
  next.slot.start += days(1);
  next.slot.cutoff += hours(1);
  EXPECT_EQ(MustRun(next).outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(Exists("temp/old10"));
}

TEST_F(CleanupTest, NotesAFileThatCannotBeRemovedAndGoesOn) {
  AddTwenty();
  calls_ = ScriptedCalls([](const FileCall& call) {
    return call.function == "unlink" && call.name == "old10.log" ? EIO : 0;
  });
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kPartial);
  EXPECT_EQ(run.jobs_deleted, 20);
  EXPECT_TRUE(Exists("logs/old10.log"));
  EXPECT_FALSE(Exists("logs/old11.log"));
  EXPECT_THAT(run.errors, SizeIs(1));
}

// --- interruptions

TEST_F(CleanupTest, StopsAfterTheBatchAtHandAndIsResumed) {
  AddTwenty();
  MakeTree(InRoot("temp"), {Dir("gone")});
  database_.lock_held = seconds(1);  // so that batches stay small
  observer_.at_batch = [this] { stop_ = true; };
  const RunRecord first = MustRun();
  EXPECT_EQ(first.outcome, RunOutcome::kInterrupted);
  EXPECT_TRUE(Exists("temp/gone"));
  EXPECT_EQ(LastRun().finished, std::nullopt);
  EXPECT_EQ(LastRun().phase, "interrupted");
  stop_ = false;
  observer_.at_batch = nullptr;
  const RunRecord second = MustRun(TheRunIsOpen());
  EXPECT_EQ(second.outcome, RunOutcome::kSuccess);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_THAT(Remaining(), ElementsAre("logs", "logs/young.log", "temp",
                                       "temp/young", "temp/young/frame.png"));
  EXPECT_EQ(second.jobs_deleted, 20);
  EXPECT_EQ(CountEvents("run-begin"), 1);
}

TEST_F(CleanupTest, StopsWhileItSurveys) {
  AddTwenty();
  stop_ = true;
  EXPECT_EQ(Run().status().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(database_.Ids(), SizeIs(21));
}

TEST_F(CleanupTest, StopsBeforeTheSweep) {
  AddJob("young", slot().cutoff);
  MakeTree(InRoot("temp"), {Dir("gone")});
  database_.script().After("UpdateRun", 2, [this] {
    stop_ = true;
    return absl::OkStatus();
  });
  EXPECT_EQ(MustRun().outcome, RunOutcome::kInterrupted);
  EXPECT_TRUE(Exists("temp/gone"));
}

TEST_F(CleanupTest, EndsWithItsWindowAndSaysSo) {
  AddTwenty();
  database_.lock_held = seconds(1);
  observer_.at_batch = [this] { clock_.Advance(hours(3)); };
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kPartial);
  EXPECT_LT(run.jobs_deleted, 20);
  EXPECT_THAT(run.errors.back(), HasSubstr("window"));
}

TEST_F(CleanupTest, CountsTheWindowOverAllPiecesOfARun) {
  AddTwenty();
  stop_ = false;
  observer_.at_batch = [this] { stop_ = true; };
  database_.lock_held = seconds(1);
  MustRun();
  stop_ = false;
  clock_.Advance(hours(3));
  const RunRecord run = MustRun(TheRunIsOpen());
  EXPECT_EQ(run.outcome, RunOutcome::kPartial);
}

TEST_F(CleanupTest, RemovesAfterACrashWhatTheBatchHadRecorded) {
  AddTwenty();
  // The process dies right after the commit: here, every later call fails.
  bool dead = false;
  database_.script().After("DeleteBatch", 1, [&] {
    dead = true;
    stop_ = true;
    return absl::InternalError("killed");
  });
  for (const char* method : {"CloseRun", "ReleaseLease"}) {
    database_.script().Fail(method, 1, absl::InternalError("killed"));
  }
  EXPECT_FALSE(Run().ok());
  ASSERT_TRUE(dead);
  EXPECT_TRUE(Exists("temp/old10"));
  stop_ = false;
  const RunRecord run = MustRun(TheRunIsOpen());
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(Exists("temp/old10"));
  EXPECT_FALSE(Exists("logs/old10.log"));
  EXPECT_EQ(run.jobs_deleted, 20);
}

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

}  // namespace
}  // namespace retentiond
