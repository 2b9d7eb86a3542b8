#include "demo/submitter.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "testing/demo/farm_fixture.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class SubmitterTest : public FarmTest {
 protected:
  SubmitterTest() : farm_(*SharedFarmMapping::Make()) {
    MakeDirectories();
    EXPECT_TRUE(CreateFarmDatabase(paths_.database).ok());
    SetTime(calendar_.daemon_starts);
  }

  void SetTime(Instant now) { farm_->now_us = MicrosOf(now); }
  Submitter Open(const Submitter::Orders& orders) {
    return *Submitter::Open(paths_, orders, *farm_);
  }
  LedgerContent Read() const { return *ReadLedger(paths_.ledger); }
  std::int64_t JobsInDatabase() const {
    std::int64_t jobs = 0;
    EXPECT_TRUE(FarmDatabase::Open(paths_.database)
                    ->VisitJobs([&](const FarmDatabase::Stored&) { ++jobs; })
                    .ok());
    return jobs;
  }

  SharedFarmMapping farm_;
};

TEST_F(SubmitterTest, SubmitsAJobEveryTwentyMinutesAndFinishesTheOneBefore) {
  Submitter submitter = Open({.first_number = 100});
  ASSERT_TRUE(submitter.Step().ok());
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted, 1);
  SetTime(calendar_.daemon_starts + minutes(20));
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted, 2);
  EXPECT_EQ(JobsInDatabase(), 2);
  const LedgerContent ledger = Read();
  EXPECT_EQ(ledger.jobs.at("cldemo000100").finished,
            calendar_.daemon_starts + minutes(20));
  EXPECT_FALSE(ledger.jobs.at("cldemo000101").finished.has_value());
}

TEST_F(SubmitterTest, TellsHowFarItHasCome) {
  Submitter submitter = Open({});
  SetTime(calendar_.daemon_starts + hours(1));
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted_until_us,
            MicrosOf(calendar_.daemon_starts + minutes(20)));
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted_until_us,
            MicrosOf(calendar_.daemon_starts + hours(1)));
}

TEST_F(SubmitterTest, SubmitsNothingForTheTimeInWhichTheMachineWasOff) {
  Submitter submitter = Open({});
  ASSERT_TRUE(submitter.Step().ok());
  SetTime(calendar_.daemon_starts + hours(11));
  ASSERT_TRUE(submitter.Step().ok());
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted, 2);
}

TEST_F(SubmitterTest, SubmitsManyWhileARunGoesOnButNotWithoutLimit) {
  Submitter submitter = Open({});
  ASSERT_TRUE(submitter.Step().ok());
  farm_->cleaning = true;
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted_while_cleaning, 40);
  EXPECT_FALSE(Read().orphans.empty());
  farm_->cleaning = false;
  ASSERT_TRUE(submitter.Step().ok());
  farm_->cleaning = true;
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(farm_->submitted_while_cleaning, 41);
}

TEST_F(SubmitterTest, FinishesTheLongJobWhenItIsDue) {
  const FarmJob job = MakeJob(5, calendar_.farm_begins, "RENDERING", paths_);
  ASSERT_TRUE(FarmDatabase::Open(paths_.database)->Insert({job}).ok());
  ASSERT_TRUE(Ledger::Open(paths_.ledger)->AddJob(job).ok());
  const Instant end = calendar_.daemon_starts + minutes(1);
  Submitter submitter =
      Open({.first_number = 100, .long_job = job.id, .long_job_ends = end});
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_FALSE(Read().jobs.at(job.id).finished.has_value());
  SetTime(end);
  ASSERT_TRUE(submitter.Step().ok());
  EXPECT_EQ(Read().jobs.at(job.id).finished, end);
}

TEST_F(SubmitterTest, EndsWhenItIsStoppedAndOnAnErrorOtherThanBusy) {
  Submitter submitter = Open({});
  farm_->stop = true;
  EXPECT_TRUE(submitter.Run().ok());
  farm_->stop = false;
  ASSERT_TRUE(submitter.Step().ok());
  // The same number once more: the key is taken.
  EXPECT_EQ(Open({}).Run().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SubmitterTest, SaysWhichDatabaseItCannotOpen) {
  EXPECT_FALSE(
      Submitter::Open(FarmPaths(paths_.base / "none"), {}, *farm_).ok());
}

}  // namespace
}  // namespace retentiond
