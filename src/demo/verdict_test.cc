#include "demo/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "testing/demo/farm_fixture.h"

namespace retentiond {
namespace {

// Evidence of a farm in which all has gone well: one job stays, one went on the
// first night and left its output. Each test spoils one thing.
class VerdictTest : public FarmTest {
 protected:
  VerdictTest() {
    const DemoNight& first = calendar_.nights.front();
    staying_ =
        MakeJob(7, calendar_.nights.back().slot.cutoff, "COMPLETED", paths_);
    gone_ = MakeJob(47, first.slot.cutoff - std::chrono::hours(1), "COMPLETED",
                    paths_);
    for (const FarmJob& job : {staying_, gone_}) {
      ledger_.jobs.emplace(job.id, LedgerJob{job, job.created});
    }
    ledger_.others = {{.path = paths_.library / "logo.png", .hash = 5}};
    evidence_.jobs = {StoredOf(staying_)};
    evidence_.totals = {
        .logs = staying_.logs, .assets = staying_.assets, .users = 1};
    for (const FarmFile& file : staying_.files) Lay(file);
    for (const FarmFile& file : gone_.files) {
      if (file.output) Lay(file);
    }
    Lay(ledger_.others.front());
    for (const DemoNight& night : calendar_.nights) {
      evidence_.runs.push_back(
          {.slot = night.slot.date, .outcome = RunOutcome::kSuccess});
    }
    evidence_.audited[gone_.id] = {first.slot.date};
  }

  static FarmDatabase::Stored StoredOf(const FarmJob& job) {
    FarmDatabase::Stored stored{
        .id = job.id, .logs = job.logs, .assets = job.assets};
    for (auto& [name, value] : ColumnsOf(job)) stored.values.push_back(value);
    return stored;
  }

  // With the directories above it.
  void Lay(const FarmFile& file) {
    evidence_.tree[file.path] = {.hash = file.hash};
    for (std::filesystem::path above =
             std::filesystem::path(file.path).parent_path();
         above.string().size() > paths_.temporary.string().size();
         above = above.parent_path()) {
      evidence_.tree[above.string()] = {.directory = true};
    }
  }

  const FarmFile& OutputOf(const FarmJob& job) const {
    for (const FarmFile& file : job.files) {
      if (file.output) return file;
    }
    return job.files.front();
  }

  // The numbers of the promises that are broken.
  std::set<int> Broken() const {
    std::set<int> broken;
    const Verdict verdict = Judge(evidence_, ledger_, calendar_, paths_);
    for (const PromiseVerdict& promise : verdict.promises) {
      if (!promise.violations.empty()) broken.insert(promise.number);
    }
    EXPECT_EQ(verdict.holds(), broken.empty());
    return broken;
  }

  FarmJob staying_;
  FarmJob gone_;
  LedgerContent ledger_;
  Evidence evidence_;
};

using Numbers = std::set<int>;
using ::testing::IsEmpty;

TEST_F(VerdictTest, HoldsWhenAllIsAsReckoned) {
  const Verdict verdict = Judge(evidence_, ledger_, calendar_, paths_);
  EXPECT_EQ(verdict.promises.size(), 6U);
  EXPECT_TRUE(verdict.holds());
  for (const PromiseVerdict& promise : verdict.promises) {
    EXPECT_THAT(promise.violations, IsEmpty()) << promise.promise;
  }
}

TEST_F(VerdictTest, MissesAJobThatShouldHaveStayed) {
  evidence_.jobs.clear();
  evidence_.audited[staying_.id] = {calendar_.nights.back().slot.date};
  EXPECT_EQ(Broken(), Numbers{1});
}

TEST_F(VerdictTest, SeesAJobThatWentBeforeItsNight) {
  ledger_.jobs.at(gone_.id).finished =
      calendar_.nights[1].slot.start - std::chrono::hours(1);
  EXPECT_EQ(Broken(), Numbers{1});
}

TEST_F(VerdictTest, SeesAJobThatWentAfterItsNight) {
  evidence_.audited[gone_.id] = {calendar_.nights[1].slot.date};
  EXPECT_EQ(Broken(), Numbers{5});
}

TEST_F(VerdictTest, MissesAnOutputBelowARoot) {
  evidence_.tree.erase(OutputOf(gone_).path);
  EXPECT_EQ(Broken(), Numbers{2});
}

TEST_F(VerdictTest, SeesAnOutputThatHasChanged) {
  ++evidence_.tree.at(OutputOf(staying_).path).hash;
  EXPECT_EQ(Broken(), Numbers{2});
}

TEST_F(VerdictTest, SeesADirectoryWhereAFileWas) {
  evidence_.tree.at(OutputOf(staying_).path) = {.directory = true};
  EXPECT_EQ(Broken(), Numbers{2});
}

TEST_F(VerdictTest, MissesAFileOutsideTheRoots) {
  evidence_.tree.erase(ledger_.others.front().path);
  EXPECT_EQ(Broken(), Numbers{2});
}

TEST_F(VerdictTest, SeesAFileThatAppearedOutsideTheRoots) {
  evidence_.tree[paths_.outputs / "stranger"] = {};
  EXPECT_EQ(Broken(), Numbers{2});
}

TEST_F(VerdictTest, SeesAJobThatShouldHaveGone) {
  evidence_.jobs.push_back(StoredOf(gone_));
  evidence_.audited.clear();
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, SeesAJobThatNobodyMade) {
  FarmJob stranger = staying_;
  stranger.id = "stranger";
  evidence_.jobs.push_back(StoredOf(stranger));
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, SeesARowThatHasChanged) {
  evidence_.jobs.front().values.back() += "x";
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, SeesDependentRowsLeftOver) {
  ++evidence_.totals.logs;
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, SeesABrokenReference) {
  evidence_.totals.broken_references = 1;
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, SeesATemporaryFileLeftOver) {
  evidence_.tree[paths_.temporary / gone_.uid / "project.aep"] = {};
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, SeesAnEmptyDirectoryLeftOver) {
  evidence_.tree[paths_.temporary / "empty"] = {.directory = true};
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, AllowsTheTrashButNothingInIt) {
  evidence_.tree[paths_.temporary / ".retentiond-trash"] = {.directory = true};
  evidence_.tree[paths_.temporary / ".retentiond-trash/id"] = {};
  EXPECT_EQ(Broken(), Numbers{});
  evidence_.tree[paths_.temporary / ".retentiond-trash/uid47"] = {};
  EXPECT_EQ(Broken(), Numbers{3});
}

TEST_F(VerdictTest, MissesARecordOfADeletedJob) {
  evidence_.audited.clear();
  EXPECT_EQ(Broken(), Numbers{4});
}

TEST_F(VerdictTest, SeesAJobInTwoRecords) {
  evidence_.audited[gone_.id].push_back(calendar_.nights[1].slot.date);
  EXPECT_EQ(Broken(), Numbers{4});
}

TEST_F(VerdictTest, SeesABrokenChain) {
  evidence_.chain = {.ok = false, .problem = "record 3 was edited"};
  EXPECT_EQ(Broken(), Numbers{4});
}

TEST_F(VerdictTest, SeesFilesThatAreStillPending) {
  evidence_.pending_files = 1;
  EXPECT_EQ(Broken(), Numbers{5});
}

TEST_F(VerdictTest, MissesTheEndOfTheKilledRun) {
  evidence_.runs[2].outcome.reset();
  EXPECT_EQ(Broken(), (Numbers{5, 6}));
}

TEST_F(VerdictTest, SeesASecondRunOfADate) {
  evidence_.runs.push_back(evidence_.runs.back());
  EXPECT_EQ(Broken(), Numbers{6});
}

TEST_F(VerdictTest, SeesARunOnADateThatIsNoNight) {
  evidence_.runs.push_back({.slot = LocalDate(std::chrono::days(0)),
                            .outcome = RunOutcome::kSuccess});
  EXPECT_EQ(Broken(), Numbers{6});
}

TEST_F(VerdictTest, ShowsTheFirstFewOfManyViolations) {
  for (int i = 0; i < 100; ++i) {
    evidence_.tree[paths_.outputs / std::to_string(i)] = {};
  }
  const Verdict verdict = Judge(evidence_, ledger_, calendar_, paths_);
  EXPECT_EQ(verdict.promises[1].violations.size(), 5U);
}

}  // namespace
}  // namespace retentiond
