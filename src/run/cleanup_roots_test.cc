// Roots that go away, come back, are others than before, or hold what a crash,
// a retry or other hands left there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "testing/run/cleanup_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using std::chrono::hours;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class CleanupRootsTest : public CleanupTest {
 protected:
  void SetUp() override {
    CleanupTest::SetUp();
    // A witness: these farms are too small to vouch for a first start.
    clock_.set_synchronised(true);
  }
  // The run of the night so many days after the first; those before it have
  // passed.
  RunRecord Night(int number) {
    Due due = TheSlotIsDue();
    due.slot.date += days(number);
    due.slot.start += days(number);
    due.slot.cutoff += days(number);
    clock_.Advance(due.slot.start - clock_.Now());
    return MustRun(due);
  }
  // As if the root's disk were unmounted, and mounted again.
  void Unmount() {
    fs::rename(InRoot("temp"), InRoot("away"));
    fs::create_directory(InRoot("temp"));
  }
  void Mount() {
    fs::remove_all(InRoot("temp"));
    fs::rename(InRoot("away"), InRoot("temp"));
  }
  std::vector<ShieldedOutput> Shielded() {
    std::vector<ShieldedOutput> outputs;
    EXPECT_TRUE(database_.Open()
                    .state
                    ->VisitShield([&](const ShieldedOutput& output) {
                      outputs.push_back(output);
                      return absl::OkStatus();
                    })
                    .ok());
    return outputs;
  }
  std::size_t CountPending() {
    return database_.Open().state->ListPending(PendingId{}, 100)->size();
  }
  // A job that stays for all nights of a test.
  void AddLasting() { AddJob("lasting", BeforeCutoff(1), "RENDERING"); }
};

TEST_F(CleanupRootsTest, LosesNothingWhenARootIsUnmountedForOneNight) {
  AddLasting();
  Night(0);
  const std::string film = "temp/uid1/film.mov";
  AddJobWith("a", BeforeCutoff(0) + hours(1), "uid1", InRoot(film));
  MakeTree(InRoot("temp/uid1"), {File("film.mov", "the film")});
  Unmount();
  const RunRecord away = Night(1);
  EXPECT_EQ(away.outcome, RunOutcome::kPartial);
  EXPECT_THAT(away.errors, Contains(HasSubstr("a disk may be away")));
  EXPECT_THAT(database_.Ids(), ElementsAre("lasting"));
  EXPECT_GT(CountPending(), 0U);
  Mount();
  const RunRecord back = Night(2);
  EXPECT_EQ(back.outcome, RunOutcome::kSuccess);
  EXPECT_TRUE(Exists(film));
  EXPECT_FALSE(Exists("temp/uid1/frame.png"));
  EXPECT_EQ(CountPending(), 0U);
  Night(3);
  EXPECT_TRUE(Exists(film));
}

TEST_F(CleanupRootsTest, ForgetsNoOutputOfADiskThatIsAwayForAWeek) {
  AddLasting();
  AddJobWith("a", BeforeCutoff(1), "uid1", InRoot("temp/uid1/film.mov"));
  MakeTree(InRoot("temp/uid1"), {File("film.mov", "the film")});
  Night(0);
  ASSERT_THAT(Shielded(), SizeIs(1));
  Unmount();
  for (int night = 1; night <= 7; ++night) Night(night);
  EXPECT_THAT(Shielded(), SizeIs(1));
  Mount();
  Night(8);
  EXPECT_TRUE(Exists("temp/uid1/film.mov"));
}

TEST_F(CleanupRootsTest, ShieldsTheOutputsOfJobsThatWereDeletedMeanwhile) {
  AddLasting();
  Night(0);
  // On the second night the directory below the mount is known as a root.
  Unmount();
  Night(1);
  AddJobWith("a", BeforeCutoff(1), "uid1", InRoot("temp/uid1/film.mov"));
  fs::remove_all(InRoot("temp/uid1"));
  MakeTree(InRoot("away"), {Dir("uid1", {File("film.mov", "the film")})});
  for (int night = 2; night <= 5; ++night) Night(night);
  EXPECT_THAT(database_.Ids(), ElementsAre("lasting"));
  Mount();
  Night(6);
  EXPECT_TRUE(Exists("temp/uid1/film.mov"));
}

TEST_F(CleanupRootsTest, RecordsTheOutputsBelowARootThatIsNotThere) {
  AddLasting();
  Night(0);
  AddJobWith("a", BeforeCutoff(0) + hours(1), "uid1",
             InRoot("temp/uid1/film.mov"));
  fs::rename(InRoot("temp"), InRoot("away"));
  Night(1);
  EXPECT_THAT(Shielded(), SizeIs(1));
  fs::rename(InRoot("away"), InRoot("temp"));
  MakeTree(InRoot("temp/uid1"), {File("film.mov", "the film")});
  Night(2);
  EXPECT_TRUE(Exists("temp/uid1/film.mov"));
  EXPECT_FALSE(Exists("temp/uid1/frame.png"));
}

TEST_F(CleanupRootsTest, RemovesNothingInARootThatWasReplacedUntilItIsKnown) {
  AddLasting();
  Night(0);
  Unmount();
  MakeTree(InRoot("temp"), {Dir("old", {File("a")})});
  RunRecord run = Night(1);
  EXPECT_EQ(run.orphans, 0);
  EXPECT_TRUE(Exists("temp/old/a"));
  run = Night(2);
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(Exists("temp/old"));
}

TEST_F(CleanupRootsTest, ForgetsAnOutputOnlyWhenItsDirectoryCouldBeOpened) {
  AddLasting();
  AddJobWith("a", BeforeCutoff(1), "uid1", InRoot("temp/uid1/out/film.mov"));
  // Another job's output, so that the directory itself stays.
  AddJobWith("b", BeforeCutoff(1), "uid2", InRoot("temp/uid1/other.mov"));
  MakeTree(InRoot("temp/uid1"),
           {Dir("out", {File("film.mov")}), File("other.mov")});
  Night(0);
  ASSERT_THAT(Shielded(), SizeIs(2));
  // Perhaps "out" is a mount point whose disk is away, or was moved.
  fs::rename(InRoot("temp/uid1/out"), InRoot("elsewhere"));
  for (int night = 1; night <= 4; ++night) Night(night);
  ASSERT_THAT(Shielded(), SizeIs(2));
  // With something in it that the sweep leaves.
  MakeTree(InRoot("temp/uid1"), {Dir("out", {File("result.mov")})});
  Night(5);
  EXPECT_EQ(Shielded().at(1).absent_nights, 1);
  Night(6);
  EXPECT_THAT(Shielded(), SizeIs(1));
}

TEST_F(CleanupRootsTest, CountsTheNightsAnewWhenAnOutputIsBack) {
  AddLasting();
  AddJobWith("a", BeforeCutoff(1), "uid1", InRoot("temp/uid1/film.mov"));
  MakeTree(InRoot("temp/uid1"), {File("film.mov")});
  Night(0);
  fs::rename(InRoot("temp/uid1/film.mov"), InRoot("film.mov"));
  Night(1);
  EXPECT_EQ(Shielded().at(0).absent_nights, 1);
  fs::create_directory(InRoot("temp/uid1"));
  fs::rename(InRoot("film.mov"), InRoot("temp/uid1/film.mov"));
  Night(2);
  EXPECT_EQ(Shielded().at(0).absent_nights, 0);
}

TEST_F(CleanupRootsTest, KnowsAnOutputThatIsReachedThroughALink) {
  AddLasting();
  fs::create_symlink(InRoot("temp"), InRoot("link"));
  AddJobWith("a", BeforeCutoff(1), "uid1", InRoot("link/uid1/film.mov"));
  MakeTree(InRoot("temp/uid1"), {File("film.mov")});
  Night(0);
  ASSERT_THAT(Shielded(), SizeIs(1));
  EXPECT_NE(Shielded()[0].root_id, "");
  EXPECT_TRUE(Exists("temp/uid1/film.mov"));
  fs::remove(InRoot("temp/uid1/film.mov"));
  Night(1);
  Night(2);
  EXPECT_THAT(Shielded(), IsEmpty());
}

TEST_F(CleanupRootsTest, ASecondMachineWithItsOwnTmpDoesNotLeadAndSaysSo) {
  AddLasting();
  Night(0);
  AddTwenty();
  Unmount();  // what the other machine has at the same path
  Database database = database_.Open();
  CleanupParts parts = Parts(database);
  parts.host = "farm-2";
  Due due = TheSlotIsDue();
  due.slot.date += days(1);
  const auto run = Cleanup(parts).Execute(due, std::nullopt);
  EXPECT_TRUE(absl::IsPermissionDenied(run.status()));
  EXPECT_THAT(MessageOf(run.status()), HasSubstr("farm-2"));
  EXPECT_THAT(database_.Ids(), SizeIs(22));
  // With the root shared, it may.
  Mount();
  EXPECT_TRUE(Cleanup(parts).Execute(due, std::nullopt).ok());
}

TEST_F(CleanupRootsTest, LeavesARootOnWhoseFilesAnotherProcessWorks) {
  AddTwenty();
  const Root root = *Root::Open(InRoot("temp"), std::nullopt);
  absl::StatusOr<Trash> trash = Trash::Open(root, calls_, Trash::Mode::kMake);
  ASSERT_TRUE(trash->Lock(calls_).ok());
  const RunRecord run = MustRun();
  EXPECT_EQ(run.jobs_deleted, 20);
  EXPECT_THAT(run.errors, Contains(HasSubstr("another process is at work")));
  EXPECT_THAT(run.errors,
              Contains(HasSubstr("/old10: its root is left alone: another "
                                 "process is at work on its files")));
  EXPECT_TRUE(Exists("temp/old10/frame.png"));
}

TEST_F(CleanupRootsTest, SaysThatARootIsNotConfiguredAnyMore) {
  AddTwenty();
  database_.script().After("DeleteBatch", 1, [this] {
    stop_ = true;
    return absl::OkStatus();
  });
  EXPECT_EQ(MustRun().outcome, RunOutcome::kInterrupted);
  stop_ = false;
  config_.files.log_roots.clear();
  EXPECT_THAT(MustRun(TheRunIsOpen()).errors,
              Contains(HasSubstr("/old10.log: its root is left alone: it is "
                                 "not configured any more")));
  EXPECT_TRUE(Exists("logs/old10.log"));
  EXPECT_FALSE(Exists("temp/old10"));
}

TEST_F(CleanupRootsTest, RemovesInPlaceWhereNoTrashCanBeMade) {
  AddTwenty();
  MakeTree(InRoot("temp"), {File(".retentiond-trash")});
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(Exists("temp/old10"));
}

TEST_F(CleanupRootsTest, EmptiesTheTrashThatACrashLeft) {
  AddLasting();
  MakeTree(InRoot("temp/.retentiond-trash"), {Dir("7", {File("a")})});
  fs::permissions(InRoot("temp/.retentiond-trash"), fs::perms(0700));
  const RunRecord run = MustRun();
  EXPECT_EQ(run.files_deleted, 1);
  EXPECT_FALSE(Exists("temp/.retentiond-trash/7"));
}

TEST_F(CleanupRootsTest, KeepsTheDirectoryOfARetryThatBearsTheSameUid) {
  AddJobWith("original", BeforeCutoff(2), "uid1", "/out/a.mp4");
  AddJobWith("retry", slot().cutoff, "uid1", "/out/a.mp4");
  MustRun();
  EXPECT_TRUE(Exists("temp/uid1/frame.png"));
}

TEST_F(CleanupRootsTest, KeepsARetrysDirectoryInTheRecoveryOfADayLater) {
  AddJobWith("original", BeforeCutoff(2), "uid1", "/out/a.mp4");
  AddLasting();
  // The night ends with the batch's commit; its files are pending.
  database_.script().After("DeleteBatch", 1, [this] {
    stop_ = true;
    return absl::OkStatus();
  });
  EXPECT_EQ(MustRun().outcome, RunOutcome::kInterrupted);
  EXPECT_GT(CountPending(), 0U);
  AddJobWith("retry", slot().start + hours(1), "uid1", "/out/a.mp4");
  stop_ = false;
  // A day later the resumed run's window is over; the next night's recovery
  // meets what is pending.
  clock_.Advance(days(1));
  MustRun(TheRunIsOpen());
  EXPECT_TRUE(Exists("temp/uid1/frame.png"));
  Night(1);
  EXPECT_TRUE(Exists("temp/uid1/frame.png"));
  EXPECT_EQ(CountPending(), 0U);
}

TEST_F(CleanupRootsTest, KeepsOldOutputsWhoseRowsOtherHandsDeletedForAYear) {
  AddLasting();
  MakeTree(InRoot("temp"),
           {Dir("uid1", {File("result.mp4"), File("a.tmp")}),
            Dir("uid2", {File("result_00001.png"), File("result_00002.png"),
                         Dir("sub", {File("b.tmp")})}),
            Dir("uid3", {File("c.tmp")}), Dir("uid4", {File("result")})});
  const RunRecord run = MustRun();
  EXPECT_EQ(run.orphans, 3);
  EXPECT_TRUE(Exists("temp/uid1/result.mp4"));
  EXPECT_FALSE(Exists("temp/uid1/a.tmp"));
  EXPECT_TRUE(Exists("temp/uid2/result_00001.png"));
  EXPECT_FALSE(Exists("temp/uid2/sub"));
  EXPECT_FALSE(Exists("temp/uid3"));
  EXPECT_TRUE(Exists("temp/uid4/result"));
  EXPECT_EQ(run.kept.at("past-output"), 4);
}

TEST_F(CleanupRootsTest, KeepsFilesOf1999InTheDirectoryOfAFreshJob) {
  AddJob("fresh", slot().start - hours(1));
  const utimbuf unpacked = {925'000'000, 925'000'000};  // in 1999
  ASSERT_EQ(::utime(InRoot("temp/fresh/frame.png").c_str(), &unpacked), 0);
  ASSERT_EQ(::utime(InRoot("temp/fresh").c_str(), &unpacked), 0);
  MustRun();
  EXPECT_TRUE(Exists("temp/fresh/frame.png"));
}

TEST_F(CleanupRootsTest, CountsWhatItKeptByReason) {
  AddJobWith("a", BeforeCutoff(2), "uid1", InRoot("temp/uid1/film.mov"));
  MakeTree(InRoot("temp/uid1"), {File("film.mov")});
  AddJobWith("..", BeforeCutoff(2), "uid2", "/out/b.mp4");
  AddJobWith("c", BeforeCutoff(2), "uid3", "/out/c.mp4");
  AddJobWith("d", slot().cutoff, "uid3", "/out/c.mp4");
  const RunRecord run = MustRun();
  EXPECT_EQ(run.kept.at("shielded"), 1);
  EXPECT_EQ(run.kept.at("refused-name"), 1);
  EXPECT_EQ(run.kept.at("shared"), 1);
  EXPECT_EQ(LastRun().kept, run.kept);
}

TEST_F(CleanupRootsTest, RemovesWithSeveralConfinedWorkers) {
  AddTwenty();
  MakeTree(InRoot("temp"), {Dir("orphan", {File("a")})});
  Database database = database_.Open();
  CleanupParts parts = Parts(database);
  parts.most_file_workers = 4;
  parts.file_manner = FileWork::Manner::kConfined;
  const auto run = Cleanup(parts).Execute(TheSlotIsDue(), std::nullopt);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->outcome, RunOutcome::kSuccess);
  EXPECT_EQ(run->files_deleted, 41);
  EXPECT_FALSE(Exists("temp/old10"));
  EXPECT_FALSE(Exists("temp/orphan"));
  EXPECT_TRUE(Exists("temp/young/frame.png"));
}

}  // namespace
}  // namespace retentiond
