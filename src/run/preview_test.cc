#include "run/preview.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "run/inquiry.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PreviewTest : public RunTest {
 protected:
  PreviewParts PartsOf(Database& database) {
    return {.database = database,
            .config = config_,
            .naming = *naming_,
            .clock = clock_,
            .calls = calls_,
            .build_date = build_date_};
  }
  Preview MustPreview() {
    Database database = database_.Open();
    absl::StatusOr<Preview> preview = PreviewRun(PartsOf(database), slot());
    EXPECT_TRUE(preview.ok()) << preview.status();
    return *std::move(preview);
  }
  void FillTheFarm() {
    for (int i = 10; i < 30; ++i) {
      AddJob("old" + std::to_string(i), BeforeCutoff(1));
    }
    AddJob("young", slot().cutoff);
    AddJob("working", BeforeCutoff(9), "RENDERING");
    AddJobWith("film", BeforeCutoff(2), "uid1", InRoot("temp/uid1/result.mp4"));
    MakeTree(InRoot("temp"), {Dir("gone", {File("a"), File("b")}),
                              Dir("uid1", {File("result.mp4", "the film")})});
  }
};

TEST_F(PreviewTest, CountsWhatTheRunThenDeletes) {
  FillTheFarm();
  const std::vector<std::string> before = Remaining();
  const Preview preview = MustPreview();
  EXPECT_EQ(Remaining(), before);
  EXPECT_THAT(database_.Ids(), SizeIs(23));
  EXPECT_EQ(preview.totals.total, 23);
  EXPECT_EQ(preview.totals.expired, 21);
  EXPECT_EQ(preview.held, 1);
  EXPECT_EQ(preview.to_delete, 21);
  EXPECT_EQ(preview.shielded, 1);
  EXPECT_EQ(preview.job_directories, 21);
  EXPECT_EQ(preview.orphans, 1);
  ASSERT_THAT(preview.largest, SizeIs(5));
  EXPECT_GE(preview.largest.front().bytes, preview.largest.back().bytes);
  ASSERT_THAT(preview.dependents, SizeIs(1));
  EXPECT_EQ(preview.dependents[0].table, "JobLog");
  EXPECT_EQ(preview.dependents[0].rows, 20 * kLogRows);
  EXPECT_EQ(preview.dependents[0].on_delete, "cascade");

  absl::StatusOr<RunRecord> run = Run();
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->jobs_deleted, preview.to_delete);
  EXPECT_EQ(run->files_deleted, preview.files);
  EXPECT_EQ(run->bytes_freed, preview.bytes);
  EXPECT_EQ(run->orphans, preview.orphans);
}

// By a run that looks only, and by one that removes: the same walk.
TEST_F(PreviewTest, EndsWhereverItIsAskedTo) {
  FillTheFarm();
  int questions = 0;
  int stop_at = 0;
  Database database = database_.Open();
  PreviewParts parts = PartsOf(database);
  parts.stop_requested = [&] { return ++questions > stop_at; };
  absl::Status status = absl::CancelledError("");
  while (absl::IsCancelled(status)) {
    questions = 0;
    database = database_.Open();
    status = PreviewRun(parts, slot()).status();
    if (absl::IsCancelled(status)) stop_at = questions;
    ASSERT_LT(stop_at, 1'000);
  }
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GT(stop_at, 23);  // after the walk over the jobs, too
}

TEST_F(PreviewTest, CountsWhatTheRunDeletesOfAMixedTree) {
  AddJob("young", slot().cutoff);
  AddJob("working", BeforeCutoff(9), "RENDERING");
  AddJobWith("film", BeforeCutoff(3), "uid1", InRoot("temp/uid1/out/film.mov"));
  AddJobWith("frames", BeforeCutoff(3), "uid2",
             InRoot("temp/uid2/f_[####].png"));
  AddJobWith("first", BeforeCutoff(3), "uid3", "/out/a.mp4");
  AddJobWith("retry", slot().cutoff, "uid3", "/out/a.mp4");
  AddJobWith("locked", BeforeCutoff(3), "uid4", "/out/b.mp4");
  std::vector<TreeItem> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(File("f" + std::to_string(i), "some bytes"));
  }
  MakeTree(InRoot("temp"),
           {Dir("uid1", {Dir("out", {File("film.mov", "the film")}),
                         Dir("work", {File("a", "b")})}),
            Dir("uid2", {File("f_0001.png", "1"), File("f_0002.png", "2"),
                         File("other.png", "3"), Link("link", "/etc")}),
            Dir("uid4", {File("project.aep", "4")}),
            Dir("gone", {Dir("many", many), Link("f", "f_0001.png")}),
            Dir("old", {File("result.mp4", "kept"), File("a.tmp", "5")}),
            File("old.json", "{}")});
  MakeTree(InRoot("logs"),
           {File("film.log.1", "rotated"), File("film.log.2.gz", "rotated"),
            File("system.log", "nobody's")});
  const UniqueFd somebody(
      ::open(InRoot("temp/uid4").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_EQ(::flock(somebody.get(), LOCK_SH), 0);

  const std::vector<std::string> before = Remaining();
  const Preview preview = MustPreview();
  EXPECT_EQ(Remaining(), before);
  const absl::StatusOr<RunRecord> run = Run();
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->jobs_deleted, preview.to_delete);
  EXPECT_EQ(run->files_deleted, preview.files);
  EXPECT_EQ(run->bytes_freed, preview.bytes);
  EXPECT_EQ(run->orphans, preview.orphans);
  EXPECT_EQ(run->orphans, 3);
  EXPECT_EQ(run->kept.at("shielded") + run->kept.at("past-output"),
            preview.shielded);
  EXPECT_EQ(run->kept.at("in-use"), 1);
  EXPECT_FALSE(Exists("temp/gone"));
  EXPECT_FALSE(Exists("logs/film.log.1"));
  EXPECT_TRUE(Exists("temp/uid1/out/film.mov"));
  EXPECT_TRUE(Exists("temp/uid2/f_0002.png"));
  EXPECT_TRUE(Exists("temp/uid4/project.aep"));
}

TEST_F(PreviewTest, CountsNothingThatIsMounted) {
  RETENTIOND_NEEDS_MOUNTS();
  AddJob("young", slot().cutoff);
  AddJobWith("a", BeforeCutoff(3), "uid1", "/out/a.mp4");
  AddJobWith("b", BeforeCutoff(3), "uid2", "/out/b.mp4");
  MakeTree(InRoot("temp"),
           {Dir("uid1", {Dir("mnt"), File("bound"), File("frame.png", "1")}),
            Dir("uid2", {File("frame.png", "2")}),
            Dir("orphan", {Dir("mnt"), File("a", "3")})});
  for (const char* target : {"uid1/mnt", "orphan/mnt"}) {
    ASSERT_EQ(::mount("none", InRoot("temp/" + std::string(target)).c_str(),
                      "tmpfs", 0, nullptr),
              0);
    MakeTree(InRoot("temp/" + std::string(target)), {File("film", "kept")});
  }
  ASSERT_EQ(
      ::mount(InRoot("temp/uid2/frame.png").c_str(),
              InRoot("temp/uid1/bound").c_str(), nullptr, MS_BIND, nullptr),
      0);
  const Preview preview = MustPreview();
  const absl::StatusOr<RunRecord> run = Run();
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->files_deleted, 2);
  EXPECT_EQ(preview.files, run->files_deleted);
  EXPECT_EQ(preview.bytes, run->bytes_freed);
  EXPECT_EQ(preview.orphans, run->orphans);
  EXPECT_TRUE(Exists("temp/uid1/mnt/film"));
  EXPECT_TRUE(Exists("temp/orphan/mnt/film"));
  for (const char* target : {"uid1/mnt", "uid1/bound", "orphan/mnt"}) {
    ASSERT_EQ(
        ::umount2(InRoot("temp/" + std::string(target)).c_str(), MNT_DETACH),
        0);
  }
}

TEST_F(PreviewTest, NamesTheJobsThatAReferenceHolds) {
  FillTheFarm();
  database_.Find("old12")->held_by = "Invoice";
  const Preview preview = MustPreview();
  EXPECT_EQ(preview.to_delete, 20);
  EXPECT_EQ(preview.held, 2);
  ASSERT_THAT(preview.referred, SizeIs(1));
  EXPECT_EQ(preview.referred[0].id.text, "old12");
}

TEST_F(PreviewTest, CountsOutputsThatNameAPathOfAnotherMachine) {
  AddJobWith("film", BeforeCutoff(2), "uid1", "C:\\renders\\film.mp4");
  EXPECT_THAT(MustPreview().notes,
              Contains(HasSubstr("a path of another machine, which lies below "
                                 "no root: 1")));
}

TEST_F(PreviewTest, SaysThatARootIsMissing) {
  FillTheFarm();
  std::filesystem::remove_all(InRoot("temp"));
  EXPECT_THAT(MustPreview().notes, ElementsAre(HasSubstr("no such directory")));
}

TEST_F(PreviewTest, SaysThatTheOrphansWouldBeLeft) {
  MakeTree(InRoot("temp"), {Dir("gone")});
  const Preview preview = MustPreview();
  EXPECT_EQ(preview.orphans, 0);
  EXPECT_THAT(preview.notes, ElementsAre(HasSubstr("would be left")));
}

TEST_F(PreviewTest, LeavesARootOfWhichFewEntriesBelongToJobs) {
  AddJob("young", slot().cutoff);
  // By this clock every file here is young.
  for (int i = 0; i < 10; ++i) {
    MakeTree(InRoot("temp"), {Dir("stranger" + std::to_string(i))});
  }
  Database database = database_.Open();
  Slot early = slot();
  early.start -= days(365 * 30);
  early.cutoff -= days(365 * 30);
  const auto preview = PreviewRun(PartsOf(database), early);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_THAT(preview->notes, ElementsAre(HasSubstr("fewer than half")));
}

TEST_F(PreviewTest, SweepsARootOfWhichHalfTheEntriesBelongToJobs) {
  for (int i = 0; i < 5; ++i) {
    AddJob("job" + std::to_string(i), slot().cutoff);
    MakeTree(InRoot("temp"), {Dir("stranger" + std::to_string(i))});
  }
  Database database = database_.Open();
  Slot early = slot();
  early.start -= days(365 * 30);
  early.cutoff -= days(365 * 30);
  const auto preview = PreviewRun(PartsOf(database), early);
  ASSERT_TRUE(preview.ok()) << preview.status();
  EXPECT_THAT(preview->notes, IsEmpty());
}

TEST_F(PreviewTest, SaysWhichClockFactsWouldBlockIt) {
  FillTheFarm();
  ASSERT_TRUE(database_.Open()
                  .state
                  ->WriteAnchor({.wall = clock_.Now() + hours(1),
                                 .boot_id = "another boot",
                                 .boot_time = hours(9)})
                  .ok());
  EXPECT_THAT(MustPreview().blocked, ElementsAre("behind-anchor"));
}

TEST_F(PreviewTest, TakesTheCutoffThatTheGuardWouldLeave) {
  FillTheFarm();
  // Off for three days: but for the hour since the boot nobody saw them pass.
  ASSERT_TRUE(database_.Open()
                  .state
                  ->WriteAnchor({.wall = clock_.Now() - days(3),
                                 .boot_id = "another boot",
                                 .boot_time = hours(9)})
                  .ok());
  const Preview preview = MustPreview();
  EXPECT_EQ(preview.slot.cutoff, BeforeCutoff(3) + hours(1));
  EXPECT_EQ(preview.to_delete, 0);
  EXPECT_THAT(preview.notes,
              ElementsAre(HasSubstr("4260 min before the slot's own")));
  EXPECT_THAT(preview.blocked, IsEmpty());
}

TEST_F(PreviewTest, SaysThatAFirstStartWouldDeleteAll) {
  AddJob("old", BeforeCutoff(1));
  EXPECT_THAT(MustPreview().blocked, ElementsAre("would-delete-all"));
}

TEST_F(PreviewTest, CountsNoOutputOfAnEarlierNightAsAnOrphan) {
  FillTheFarm();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(MustPreview().shielded, 1);
  EXPECT_EQ(MustPreview().orphans, 0);
}

// --- why

class InquiryTest : public PreviewTest {
 protected:
  Answer WhyJobIs(const std::string& id) {
    Database database = database_.Open();
    absl::StatusOr<Answer> answer =
        WhyJob(PartsOf(database), {id}, slot(), {.zone = absl::UTCTimeZone()});
    EXPECT_TRUE(answer.ok()) << answer.status();
    return *std::move(answer);
  }
  Answer WhyPathIs(const std::string& path) {
    Database database = database_.Open();
    absl::StatusOr<Answer> answer =
        WhyPath(PartsOf(database), path, slot(), {.zone = absl::UTCTimeZone()});
    EXPECT_TRUE(answer.ok()) << answer.status();
    return *std::move(answer);
  }
};

TEST_F(InquiryTest, SaysUntilWhenAJobIsTooYoung) {
  AddJob("young", slot().cutoff);
  const Answer answer = WhyJobIs("young");
  EXPECT_EQ(answer.verdict, "too-young");
  // The next night's cutoff is a day later.
  EXPECT_THAT(answer.sentence, HasSubstr("2040-03-17T03:00:00+00:00"));
}

TEST_F(InquiryTest, SaysThatAJobIsHeldByItsState) {
  AddJob("working", BeforeCutoff(9), "RENDERING");
  EXPECT_EQ(WhyJobIs("working").verdict, "held");
  EXPECT_THAT(WhyJobIs("working").sentence, HasSubstr("RENDERING"));
}

TEST_F(InquiryTest, SaysThatAJobIsHeldByAReference) {
  FillTheFarm();
  database_.Find("old12")->held_by = "Invoice";
  EXPECT_EQ(WhyJobIs("old12").verdict, "held");
  EXPECT_EQ(WhyJobIs("old13").verdict, "expired");
}

TEST_F(InquiryTest, SaysThatAJobIsUndatable) {
  database_.Insert({.id = "odd", .created = std::nullopt, .fields = {{}, {}}});
  EXPECT_EQ(WhyJobIs("odd").verdict, "undatable");
}

TEST_F(InquiryTest, SaysWhenAndByWhichRecordAJobWasDeleted) {
  FillTheFarm();
  ASSERT_TRUE(Run().ok());
  const Answer answer = WhyJobIs("old12");
  EXPECT_EQ(answer.verdict, "deleted");
  EXPECT_THAT(answer.sentence, HasSubstr("2040-03-16T03:00"));
  EXPECT_THAT(answer.sentence, HasSubstr("run 1"));
}

TEST_F(InquiryTest, SaysThatItKnowsNothingOfAJob) {
  EXPECT_EQ(WhyJobIs("never was").verdict, "unknown");
}

TEST_F(InquiryTest, SaysWhyAPathIsStillHere) {
  FillTheFarm();
  EXPECT_EQ(WhyPathIs("/etc/passwd").verdict, "outside-roots");
  EXPECT_EQ(WhyPathIs(InRoot("temp/uid1/result.mp4")).verdict, "shielded");
  EXPECT_EQ(WhyPathIs(InRoot("temp/gone/a")).verdict, "orphan");
  EXPECT_EQ(WhyPathIs(InRoot("temp/young/frame.png")).verdict, "too-young");
  EXPECT_EQ(WhyPathIs(InRoot("logs/old12.log")).verdict, "expired");
  MakeTree(InRoot("logs"), {File("system.log")});
  EXPECT_EQ(WhyPathIs(InRoot("logs/system.log")).verdict, "unknown");
  EXPECT_EQ(WhyPathIs(InRoot("logs/other.log")).verdict, "absent");
}

TEST_F(InquiryTest, SaysThatAPathIsShared) {
  AddJobWith("a", slot().cutoff, "uid", "/out/a.mp4");
  AddJobWith("b", slot().cutoff, "uid", "/out/b.mp4");
  EXPECT_THAT(WhyPathIs(InRoot("temp/uid")).sentence,
              HasSubstr("2 jobs share it"));
}

TEST_F(InquiryTest, SaysThatARemovalIsPending) {
  FillTheFarm();
  calls_ = ScriptedCalls([](const FileCall& call) {
    return call.function == "unlink" && call.name == "old12.log" ? EIO : 0;
  });
  ASSERT_TRUE(Run().ok());
  const Answer answer = WhyPathIs(InRoot("logs/old12.log"));
  EXPECT_EQ(answer.verdict, "pending");
  EXPECT_THAT(answer.sentence, HasSubstr("failed once"));

  clock_.Advance(std::chrono::days(1));
  Due next = TheSlotIsDue();
  next.slot.date += std::chrono::days(1);
  next.slot.start += std::chrono::days(1);
  next.slot.cutoff += std::chrono::days(1);
  ASSERT_TRUE(Run(next).ok());
  EXPECT_THAT(WhyPathIs(InRoot("logs/old12.log")).sentence,
              HasSubstr("failed 2 times"));
}

}  // namespace
}  // namespace retentiond
