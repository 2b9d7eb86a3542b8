#include "run/slow_run.h"

#include <gtest/gtest.h>

#include <vector>

namespace retentiond {
namespace {

RunRecord Took(std::int64_t id, double seconds,
               RunOutcome outcome = RunOutcome::kSuccess) {
  RunRecord run{.id = RunId(id), .outcome = outcome};
  run.phases_s = {{"survey", seconds / 4}, {"batches", seconds * 3 / 4}};
  return run;
}

std::vector<RunRecord> Earlier(std::size_t count, double seconds) {
  std::vector<RunRecord> runs;
  for (std::size_t i = 0; i < count; ++i) {
    runs.push_back(Took(static_cast<std::int64_t>(i), seconds));
  }
  return runs;
}

TEST(SlowRunTest, AddsThePhasesUp) { EXPECT_EQ(WorkedSeconds(Took(1, 8)), 8); }

TEST(SlowRunTest, IsMoreThanThriceTheMedian) {
  EXPECT_FALSE(IsSlow(Took(99, 300), Earlier(14, 100)));
  EXPECT_TRUE(IsSlow(Took(99, 300.5), Earlier(14, 100)));
}

TEST(SlowRunTest, TakesTheMedianAndNotTheMean) {
  std::vector<RunRecord> earlier = Earlier(14, 100);
  earlier[3] = Took(3, 100'000);
  EXPECT_TRUE(IsSlow(Took(99, 301), earlier));
}

TEST(SlowRunTest, NeedsFiveRunsToCompareWith) {
  EXPECT_FALSE(IsSlow(Took(99, 1000), Earlier(4, 100)));
  EXPECT_TRUE(IsSlow(Took(99, 1000), Earlier(5, 100)));
}

TEST(SlowRunTest, ComparesWithTheLastFourteenThatCameToTheirEnd) {
  std::vector<RunRecord> earlier = Earlier(14, 100);
  for (int i = 20; i < 60; ++i) earlier.push_back(Took(i, 1000));
  EXPECT_TRUE(IsSlow(Took(99, 301), earlier));
  std::vector<RunRecord> failed = Earlier(5, 100);
  for (RunRecord& run : failed) run.outcome = RunOutcome::kFailed;
  EXPECT_FALSE(IsSlow(Took(99, 1000), failed));
  for (RunRecord& run : failed) run.outcome = RunOutcome::kPartial;
  EXPECT_TRUE(IsSlow(Took(99, 1000), failed));
}

TEST(SlowRunTest, IsNotComparedWithItself) {
  EXPECT_FALSE(IsSlow(Took(4, 1000), Earlier(5, 100)));
}

TEST(SlowRunTest, IsNeverLessThanAMinute) {
  EXPECT_FALSE(IsSlow(Took(99, 59.9), Earlier(14, 1)));
  EXPECT_TRUE(IsSlow(Took(99, 60), Earlier(14, 1)));
}

}  // namespace
}  // namespace retentiond
