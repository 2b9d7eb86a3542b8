#include "run/cleanup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "audit/verify.h"
#include "base/status.h"
#include "testing/run/cleanup_fixture.h"
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

TEST_F(CleanupTest, LeavesOrphansOfJobsThatVanishedBehindManyBlockedNights) {
  for (int i = 10; i < 30; ++i) {
    AddJob("young" + std::to_string(i), slot().cutoff);
  }
  MustRun();
  const Database database = database_.Open();
  for (int i = 1; i <= 12; ++i) {
    RunRecord blocked{.slot = slot().date + days(i), .blocked = {"stepped"}};
    ASSERT_TRUE(database.state->RecordBlocked(blocked, clock_.Now()).ok());
  }
  for (int i = 11; i < 30; ++i) {
    database_.Erase("young" + std::to_string(i));  // by other hands
  }
  Due due = TheSlotIsDue();
  due.slot.date += days(13);
  due.slot.start += days(13);
  due.slot.cutoff += days(5);
  clock_.Advance(days(13));
  const RunRecord run = MustRun(due);
  EXPECT_EQ(run.outcome, RunOutcome::kPartial);
  EXPECT_THAT(run.errors, ElementsAre(HasSubstr("nine tenths")));
  EXPECT_TRUE(Exists("temp/young29"));
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
  const std::string trash = ".retentiond-trash";
  EXPECT_THAT(Remaining(),
              ElementsAre("logs", "logs/" + trash, "logs/" + trash + "/id",
                          "logs/young.log", "temp", "temp/" + trash,
                          "temp/" + trash + "/id", "temp/young",
                          "temp/young/frame.png"));
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
  database_.script().After("UpdateRun", 3, [this] {
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

// --- partitions that leave as a whole

using Step = PartitionStep::Kind;

TEST_F(CleanupTest, RemovesTheFilesOfADroppedPartition) {
  AddJobWith("first", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJobWith("second", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJob("other", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  // The third job goes row by row, after it.
  database_.partition_steps = {Step::kLeaving, Step::kLeaving, Step::kWaiting,
                               Step::kDropped};
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_EQ(run.jobs_deleted, 3);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_FALSE(Exists("temp/shared"));
  EXPECT_FALSE(Exists("temp/other"));
  EXPECT_TRUE(Exists("temp/young"));
}

TEST_F(CleanupTest, TouchesNoFileOfAPartitionThatIsLeaving) {
  AddJob("old", BeforeCutoff(2));
  AddJob("young", slot().cutoff);
  database_.partition_steps = {Step::kLeaving};
  database_.script().After("DeleteBatch", 1, [this] {
    stop_ = true;
    return absl::OkStatus();
  });
  EXPECT_EQ(MustRun().outcome, RunOutcome::kInterrupted);
  EXPECT_TRUE(Exists("temp/old"));
}

TEST_F(CleanupTest, KnowsAgainWhichNamesAPartitionThatStaysBears) {
  AddJobWith("noted", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJobWith("other", BeforeCutoff(1), "shared", "/out/a.mp4");
  database_.Find("noted")->held_by = "Invoice";
  AddJob("young", slot().cutoff);
  database_.partition_steps = {Step::kLeaving, Step::kStays};
  MustRun();
  EXPECT_EQ(database_.script().Count("Survey"), 2);
  EXPECT_THAT(database_.Ids(), ElementsAre("noted", "young"));
  EXPECT_TRUE(Exists("temp/shared/frame.png"));
}

TEST_F(CleanupTest, RemovesNothingBeforeTheSecondSurveyIsComplete) {
  AddJobWith("noted", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJobWith("other", BeforeCutoff(1), "shared", "/out/a.mp4");
  database_.Find("noted")->held_by = "Invoice";
  AddJob("young", slot().cutoff);
  database_.partition_steps = {Step::kLeaving, Step::kStays};
  // Each part of it fails once: the roots, the jobs, the outputs of the past.
  // The calls before belong to the beginning of the run.
  database_.script().Fail("ListRoots", 3,
                          absl::ResourceExhaustedError("no room"));
  database_.script().Fail("Survey", 2, absl::AbortedError("busy"));
  database_.script().Fail("VisitShield", 2, absl::AbortedError("busy"));
  MustRun();
  EXPECT_EQ(database_.script().Count("Survey"), 4);
  EXPECT_THAT(database_.Ids(), ElementsAre("noted", "young"));
  EXPECT_TRUE(Exists("temp/shared/frame.png"));
}

TEST_F(CleanupTest, SurveysOnceMoreHoweverManyPartitionsStay) {
  for (const char* name : {"a", "b", "c", "d"}) AddJob(name, BeforeCutoff(2));
  AddJob("young", slot().cutoff);
  database_.partition_steps = {Step::kLeaving, Step::kWaiting, Step::kStays,
                               Step::kLeaving, Step::kStays,   Step::kLeaving,
                               Step::kWaiting, Step::kStays,   Step::kStays};
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_EQ(database_.script().Count("Survey"), 2);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_FALSE(Exists("temp/a"));
  EXPECT_TRUE(Exists("temp/young"));
}

TEST_F(CleanupTest, SurveysOnceMoreWhenAnotherPartitionWasDroppedSince) {
  AddJobWith("noted", BeforeCutoff(2), "shared", "/out/a.mp4");
  AddJobWith("other", BeforeCutoff(1), "shared", "/out/a.mp4");
  AddJob("young", slot().cutoff);
  database_.partition_steps = {Step::kLeaving, Step::kStays, Step::kDropped};
  database_.script().Fail("Survey", 2, absl::AbortedError("busy"));
  MustRun();
  EXPECT_EQ(database_.script().Count("Survey"), 3);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_FALSE(Exists("temp/shared"));
}

TEST_F(CleanupTest, SurveysOnceWhereNothingOfAPartitionWasNoted) {
  AddJob("old", BeforeCutoff(2));
  AddJob("young", slot().cutoff);
  database_.partition_steps = {Step::kStays};
  EXPECT_EQ(MustRun().jobs_deleted, 1);
  EXPECT_EQ(database_.script().Count("Survey"), 1);
}

}  // namespace
}  // namespace retentiond
