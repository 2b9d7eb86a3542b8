#include "run/file_cleaner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <string>

#include "testing/jobstore/own_io.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FileCleanerTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    config_.files.job_paths = {"scratch"};
    naming_ = *Naming::Make(config_);
  }
  FileCleanerParts Parts() {
    return {.config = config_.files,
            .naming = *naming_,
            .calls = calls_,
            .work = {.may_go_on = [this] { return may_go_on_(); }}};
  }
  std::unique_ptr<FileCleaner> Open() {
    absl::StatusOr<std::unique_ptr<FileCleaner>> cleaner =
        FileCleaner::Open(Parts());
    EXPECT_TRUE(cleaner.ok()) << cleaner.status();
    return *std::move(cleaner);
  }
  // Fields in the order of Naming: uid, scratch path, output.
  static Job JobWith(const std::string& id, const FieldValue& scratch,
                     const FieldValue& output) {
    return {.id = {id}, .fields = {{}, scratch, output}};
  }
  // Notes the job, records it, forgets it, and removes what was recorded.
  FilesOutcome Live(FileCleaner& cleaner, const Job& job) {
    EXPECT_TRUE(cleaner.Note(job).ok());
    EXPECT_TRUE(cleaner.Seal().ok());
    belongings_ = *cleaner.Record({job});
    EXPECT_TRUE(cleaner.Forget({job}).ok());
    return *cleaner.Remove(belongings_.pending);
  }
  std::vector<std::string> ShieldedPaths() const {
    std::vector<std::string> paths;
    for (const ShieldedOutput& output : belongings_.outputs) {
      paths.push_back(output.path);
    }
    return paths;
  }

  Belongings belongings_;
  std::function<bool()> may_go_on_ = [] { return true; };
};

TEST_F(FileCleanerTest, RemovesWhatAPathColumnNamesBelowARoot) {
  MakeTree(InRoot("temp"), {Dir("deep", {Dir("job", {File("a")})})});
  MakeTree(InRoot("logs"), {File("own.log")});
  const auto cleaner = Open();
  Live(*cleaner,
       JobWith("a",
               {InRoot("temp/deep/job"), InRoot("logs/own.log"), "/etc/passwd"},
               {}));
  EXPECT_THAT(belongings_.pending, SizeIs(2));
  EXPECT_TRUE(Exists("temp/deep"));
  EXPECT_FALSE(Exists("temp/deep/job"));
  EXPECT_FALSE(Exists("logs/own.log"));
}

// It is asked while others wait for the database.
TEST_F(FileCleanerTest, KnowsQuicklyWhatTheJobsOfALargeFarmBear) {
  MakeTree(InRoot("temp"), {Dir("job7", {File("a")})});
  const auto cleaner = Open();
  for (int i = 0; i < 80'000; ++i) {
    ASSERT_TRUE(cleaner->Note(JobWith("job" + std::to_string(i), {}, {})).ok());
  }
  ASSERT_TRUE(cleaner->Seal().ok());
  const OwnIo before = CountOwnIo();
  belongings_ = *cleaner->Record({JobWith("job7", {}, {})});
  const OwnIo after = CountOwnIo();
  EXPECT_THAT(belongings_.pending, SizeIs(1));
  EXPECT_LE(after.reads - before.reads, 4);
  EXPECT_EQ(after.bytes_written, before.bytes_written);
}

TEST_F(FileCleanerTest, SweepsNoEntryThatAPathColumnLeadsThrough) {
  MakeTree(InRoot("temp"), {Dir("deep", {Dir("job", {File("a")})})});
  const auto cleaner = Open();
  ASSERT_TRUE(
      cleaner->Note(JobWith("young", {InRoot("temp/deep/job")}, {})).ok());
  ASSERT_TRUE(cleaner->Seal().ok());
  const auto swept =
      cleaner->Sweep(slot().cutoff, [] { return absl::OkStatus(); });
  ASSERT_TRUE(swept.ok()) << swept.status();
  EXPECT_EQ(swept->orphans, 0);
  EXPECT_TRUE(Exists("temp/deep/job/a"));
}

TEST_F(FileCleanerTest, RefusesNamesThatAreNoComponent) {
  config_.files.job_names = {"{id}"};
  config_.files.log_names = {"{id}"};
  naming_ = *Naming::Make(config_);
  MakeTree(InRoot("temp"), {Dir("a", {File("b")})});
  const auto cleaner = Open();
  const auto before = Remaining();
  for (const std::string& id :
       {std::string(".."), std::string("."), std::string(""),
        std::string("/etc"), std::string(300, 'a'), std::string("a\0b", 3),
        std::string("../../x"), std::string(".retentiond-trash")}) {
    Live(*cleaner, {.id = {id}, .fields = {{}, {}}});
    EXPECT_THAT(belongings_.pending, IsEmpty()) << id;
    for (const KeptEntry& refused : belongings_.refused) {
      EXPECT_EQ(refused.reason, "refused-name") << id;
    }
  }
  EXPECT_EQ(Remaining(), before);
}

TEST_F(FileCleanerTest, TakesAJobsIdForOneNameHoweverOddItIs) {
  config_.files.job_names = {"{id}"};
  naming_ = *Naming::Make(config_);
  const auto cleaner = Open();
  for (const std::string& id : {std::string("a\nb"), std::string("\xff\xfe"),
                                std::string("\x1b[2J"), std::string("* ?")}) {
    MakeTree(InRoot("temp"), {Dir(id, {File("x")}), Dir("other")});
    Live(*cleaner, {.id = {id}, .fields = {{}, {}}});
    EXPECT_FALSE(Exists("temp/" + id));
    EXPECT_TRUE(Exists("temp/other"));
  }
}

TEST_F(FileCleanerTest, ShieldsARelativeOutputInTheJobsOwnDirectory) {
  MakeTree(InRoot("temp"), {Dir("a", {File("film.mp4"), File("frame.png")})});
  const auto cleaner = Open();
  Live(*cleaner, JobWith("a", {}, {"film.mp4"}));
  EXPECT_TRUE(Exists("temp/a/film.mp4"));
  EXPECT_FALSE(Exists("temp/a/frame.png"));
  EXPECT_THAT(ShieldedPaths(),
              ElementsAre(InRoot("temp/film.mp4"), InRoot("temp/a/film.mp4"),
                          InRoot("temp/a.json/film.mp4")));
  EXPECT_TRUE(cleaner->Shields(InRoot("temp/a/film.mp4")));
  EXPECT_FALSE(cleaner->Shields(InRoot("temp/other")));
}

TEST_F(FileCleanerTest, LeavesAJobAloneWhoseOutputCannotBeResolved) {
  MakeTree(InRoot("temp"), {Dir("a", {File("frame.png")})});
  const auto cleaner = Open();
  Live(*cleaner, JobWith("a", {}, {"~artist/film.mp4"}));
  EXPECT_TRUE(Exists("temp/a/frame.png"));
  EXPECT_THAT(ShieldedPaths(),
              ElementsAre(InRoot("temp/a"), InRoot("temp/a.json")));
  EXPECT_EQ(cleaner->outputs_below_roots(), 1);
}

TEST_F(FileCleanerTest, StopsBetweenEntriesWhenItIsTold) {
  MakeTree(InRoot("temp"), {Dir("a"), File("a.json")});
  const auto cleaner = Open();
  const Job job = JobWith("a", {}, {});
  ASSERT_TRUE(cleaner->Note(job).ok());
  belongings_ = *cleaner->Record({job});
  ASSERT_TRUE(cleaner->Forget({job}).ok());
  int asked = 0;
  may_go_on_ = [&] { return ++asked < 2; };
  const auto outcome = cleaner->Remove(belongings_.pending);
  EXPECT_FALSE(Exists("temp/a"));
  EXPECT_TRUE(Exists("temp/a.json"));
  EXPECT_THAT(outcome->done, SizeIs(1));
  MakeTree(InRoot("temp"), {Dir("orphan")});
  // At the root, in the scan, at the entry.
  for (const int allowed : {0, 1, 2}) {
    asked = 0;
    may_go_on_ = [&] { return ++asked <= allowed; };
    const auto swept =
        cleaner->Sweep(Instant::max(), [] { return absl::OkStatus(); });
    ASSERT_TRUE(swept.ok()) << swept.status();
    EXPECT_EQ(asked, allowed + 1);
    EXPECT_TRUE(Exists("temp/orphan"));
    EXPECT_EQ(swept->orphans, 0);
  }
}

// While the one entry is removed, the cleaner's thread goes on asking.
TEST_F(FileCleanerTest, StopsWithinAnEntryWhenItIsTold) {
  MakeTree(InRoot("temp"), {Dir("a", {Dir("b", {File("c")})})});
  std::latch removing(1);
  std::latch told(1);
  may_go_on_ = [&] {
    if (!removing.try_wait()) return true;
    told.count_down();
    return false;
  };
  FileCleanerParts parts = Parts();
  parts.work.rest = [&] {
    removing.count_down();
    told.wait();
  };
  const auto cleaner = *FileCleaner::Open(std::move(parts));
  const auto outcome = cleaner->Remove(
      {{.id = PendingId{7}, .root = InRoot("temp"), .name = "a"}});
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_TRUE(Exists("temp/a/b/c"));
  EXPECT_THAT(outcome->failed, SizeIs(1));
  EXPECT_THAT(outcome->errors, IsEmpty());
  EXPECT_EQ(outcome->kept[0].reason, "interrupted");
}

TEST_F(FileCleanerTest, KeepsInRecoveryWhatAJobBearsAgain) {
  MakeTree(InRoot("temp"), {Dir("a", {File("frame.png")})});
  const auto cleaner = Open();
  ASSERT_TRUE(cleaner->Note(JobWith("a", {}, {})).ok());
  const auto outcome =
      cleaner->Remove({{.root = InRoot("temp"), .name = "a", .job = {"a"}}});
  EXPECT_TRUE(Exists("temp/a/frame.png"));
  EXPECT_EQ(outcome->kept[0].reason, "shared");
}

TEST_F(FileCleanerTest, RemovesRotatedAndCompressedLogsWithTheirLog) {
  MakeTree(InRoot("logs"),
           {File("a.log"), File("a.log.1"), File("a.log.2.gz"),
            File("a.log-20260316.xz"), File("ab.log.1"), File("b.log.1")});
  const auto cleaner = Open();
  const FilesOutcome outcome = Live(*cleaner, JobWith("a", {}, {}));
  EXPECT_EQ(outcome.files, 4);
  EXPECT_FALSE(Exists("logs/a.log-20260316.xz"));
  EXPECT_TRUE(Exists("logs/ab.log.1"));
  EXPECT_TRUE(Exists("logs/b.log.1"));
}

TEST_F(FileCleanerTest, RemovesRotatedLogsWhoseLogIsGone) {
  MakeTree(InRoot("logs"), {File("a.log.1.gz")});
  const auto cleaner = Open();
  Live(*cleaner, JobWith("a", {}, {}));
  EXPECT_FALSE(Exists("logs/a.log.1.gz"));
}

TEST_F(FileCleanerTest, KeepsALogThatIsAnotherJobsOwn) {
  config_.files.log_names = {"{id}"};
  naming_ = *Naming::Make(config_);
  MakeTree(InRoot("logs"), {File("a"), File("a.1"), File("a.2")});
  const auto cleaner = Open();
  ASSERT_TRUE(cleaner->Note(JobWith("a.1", {}, {})).ok());
  Live(*cleaner, JobWith("a", {}, {}));
  EXPECT_FALSE(Exists("logs/a"));
  EXPECT_TRUE(Exists("logs/a.1"));
  EXPECT_FALSE(Exists("logs/a.2"));
  ASSERT_THAT(belongings_.refused, SizeIs(1));
  EXPECT_EQ(belongings_.refused[0].reason, "shared");
  // In recovery too, where only the name is known.
  const auto outcome = cleaner->Remove({{.kind = PendingFile::Kind::kLog,
                                         .root = InRoot("logs"),
                                         .name = "a.1.gz",
                                         .job = {"a"}}});
  EXPECT_EQ(outcome->kept[0].reason, "shared");
}

TEST_F(FileCleanerTest, RemovesTheDirectoriesThatALogPatternMadeOnceEmpty) {
  config_.files.log_names = {"all/{id}/{id}.log"};
  naming_ = *Naming::Make(config_);
  MakeTree(
      InRoot("logs"),
      {Dir("all", {Dir("a", {File("a.log"), File("a.log.1")}),
                   Dir("b", {File("b.log"), File("other")}), Dir("..c", {})})});
  const auto cleaner = Open();
  Live(*cleaner, JobWith("a", {}, {}));
  Live(*cleaner, JobWith("b", {}, {}));
  Live(*cleaner, JobWith("..", {}, {}));
  EXPECT_FALSE(Exists("logs/all/a"));
  EXPECT_FALSE(Exists("logs/all/b/b.log"));
  EXPECT_TRUE(Exists("logs/all/b/other"));
  EXPECT_TRUE(Exists("logs/all"));
}

TEST_F(FileCleanerTest, KeepsADirectoryOfLogsThatAnotherJobUses) {
  config_.files.log_names = {"{uid}/{id}.log"};
  naming_ = *Naming::Make(config_);
  MakeTree(InRoot("logs"), {Dir("film", {File("a.log")})});
  const auto cleaner = Open();
  const auto job = [this](const std::string& id) {
    Job made{.id = {id}, .fields = {}};
    for (const FieldName& field : naming_->fields()) {
      made.fields.push_back(field == "uid" ? FieldValue{"film"} : FieldValue{});
    }
    return made;
  };
  ASSERT_TRUE(cleaner->Note(job("b")).ok());
  Live(*cleaner, job("a"));
  EXPECT_TRUE(Exists("logs/film"));
  EXPECT_FALSE(Exists("logs/film/a.log"));
  Live(*cleaner, job("b"));
  EXPECT_FALSE(Exists("logs/film"));
}

TEST_F(FileCleanerTest, CountsOutputsThatNameAPathOfAnotherMachine) {
  const auto cleaner = Open();
  ASSERT_TRUE(cleaner->Note(JobWith("a", {}, {"C:\\out\\a.mov"})).ok());
  ASSERT_TRUE(cleaner->Note(JobWith("b", {}, {"/out/b.mov"})).ok());
  EXPECT_EQ(cleaner->foreign_outputs(), 1);
  EXPECT_EQ(cleaner->outputs_below_roots(), 0);
}

TEST_F(FileCleanerTest, AcceptsRootsOfTheOwnerThatIsConfigured) {
  config_.files.owner = "root";
  Open();
  config_.files.owner = "nobody-of-that-name";
  EXPECT_EQ(FileCleaner::Open(Parts()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(FileCleanerTest, RefusesARootThatIsAFile) {
  std::filesystem::remove_all(InRoot("temp"));
  MakeTree(root_path(), {File("temp")});
  EXPECT_EQ(FileCleaner::Open(Parts()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace retentiond
