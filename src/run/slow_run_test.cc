#include "run/slow_run.h"

#include <gtest/gtest.h>

#include <vector>

namespace retentiond {
namespace {

RunRecord Took(double seconds) {
  RunRecord run;
  run.phases_s = {{"survey", seconds / 4}, {"batches", seconds * 3 / 4}};
  return run;
}

std::vector<RunRecord> Earlier(std::size_t count, double seconds) {
  return std::vector<RunRecord>(count, Took(seconds));
}

TEST(SlowRunTest, AddsThePhasesUp) { EXPECT_EQ(WorkedSeconds(Took(8)), 8); }

TEST(SlowRunTest, IsMoreThanThriceTheMedian) {
  EXPECT_FALSE(IsSlow(Took(300), Earlier(14, 100)));
  EXPECT_TRUE(IsSlow(Took(300.5), Earlier(14, 100)));
}

TEST(SlowRunTest, TakesTheMedianAndNotTheMean) {
  std::vector<RunRecord> earlier = Earlier(14, 100);
  earlier[3] = Took(100'000);
  EXPECT_TRUE(IsSlow(Took(301), earlier));
}

TEST(SlowRunTest, NeedsFiveRunsToCompareWith) {
  EXPECT_FALSE(IsSlow(Took(1000), Earlier(4, 100)));
  EXPECT_TRUE(IsSlow(Took(1000), Earlier(5, 100)));
}

TEST(SlowRunTest, IsNeverLessThanAMinute) {
  EXPECT_FALSE(IsSlow(Took(59.9), Earlier(14, 1)));
  EXPECT_TRUE(IsSlow(Took(60), Earlier(14, 1)));
}

}  // namespace
}  // namespace retentiond
