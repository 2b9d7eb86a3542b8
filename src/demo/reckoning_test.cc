#include "demo/reckoning.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "demo/farm_disk.h"
#include "testing/demo/farm_fixture.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class ReckoningTest : public FarmTest {
 protected:
  LedgerJob Finished(Instant created) const {
    return {.job = MakeJob(0, created, "COMPLETED", paths_),
            .finished = created};
  }
  Instant Cutoff(std::size_t night) const {
    return calendar_.nights[night].slot.cutoff;
  }
  LocalDate Date(std::size_t night) const {
    return calendar_.nights[night].slot.date;
  }
};

TEST_F(ReckoningTest, DeletesOnTheFirstNightWhoseCutoffIsLater) {
  EXPECT_EQ(NightOfDeletion(Finished(Cutoff(2) - milliseconds(1)), calendar_),
            Date(2));
  EXPECT_EQ(NightOfDeletion(Finished(Cutoff(2)), calendar_), Date(3));
  EXPECT_EQ(NightOfDeletion(Finished(Cutoff(2) + milliseconds(1)), calendar_),
            Date(3));
}

TEST_F(ReckoningTest, KeepsWhatIsAsYoungAsTheLastCutoff) {
  EXPECT_EQ(NightOfDeletion(Finished(Cutoff(9)), calendar_), std::nullopt);
}

TEST_F(ReckoningTest, KeepsWhatIsInWorkAndDeletesItTheNightAfterItFinished) {
  LedgerJob job = Finished(Cutoff(0) - hours(1));
  job.finished.reset();
  EXPECT_EQ(NightOfDeletion(job, calendar_), std::nullopt);
  job.finished = calendar_.nights[4].slot.start - hours(1);
  EXPECT_EQ(NightOfDeletion(job, calendar_), Date(4));
}

TEST_F(ReckoningTest, KeepsTheOutputsOfDeletedJobsAndNothingElseOfThem) {
  LedgerContent ledger;
  ledger.jobs.emplace("x", Finished(calendar_.farm_begins));
  const Reckoning reckoning = Reckon(ledger, calendar_);
  EXPECT_EQ(reckoning.deleted.size(), 1U);
  ASSERT_EQ(reckoning.files.size(), 1U);
  EXPECT_TRUE(reckoning.files.begin()->second.output);
  EXPECT_EQ(reckoning.outputs, 1);
  EXPECT_EQ(reckoning.staying_logs, 0);
}

TEST_F(ReckoningTest, KeepsAllOfAJobThatStays) {
  LedgerContent ledger;
  const LedgerJob job = Finished(Cutoff(9));
  ledger.jobs.emplace("x", job);
  const Reckoning reckoning = Reckon(ledger, calendar_);
  EXPECT_EQ(reckoning.staying.size(), 1U);
  EXPECT_EQ(reckoning.files.size(), job.job.files.size());
  EXPECT_EQ(reckoning.staying_logs, job.job.logs);
  EXPECT_EQ(reckoning.files_removed, 0);
}

TEST_F(ReckoningTest, DropsAnOrphanThatIsOlderThanTheLastCutoff) {
  for (const bool old : {true, false}) {
    const Instant newest = old ? Cutoff(9) - milliseconds(1) : Cutoff(9);
    LedgerContent ledger;
    ledger.orphans = {MakeOrphan("lost", newest, paths_)};
    EXPECT_EQ(Reckon(ledger, calendar_).files.empty(), old);
  }
}

TEST_F(ReckoningTest, KeepsWhatIsNoJobsAtAll) {
  LedgerContent ledger;
  ledger.others = {{.path = "/farm/library/logo.png"}};
  EXPECT_EQ(Reckon(ledger, calendar_).files.size(), 1U);
}

}  // namespace
}  // namespace retentiond
