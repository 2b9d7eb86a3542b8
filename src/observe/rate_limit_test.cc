#include "observe/rate_limit.h"

#include <gtest/gtest.h>

#include <chrono>

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RateLimitTest, LetsABurstThroughAndNoMore) {
  RateLimit limit(10, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limit.Take(seconds(5)));
  EXPECT_FALSE(limit.Take(seconds(5)));
}

TEST(RateLimitTest, FillsAsTimePasses) {
  RateLimit limit(10, 1);
  EXPECT_TRUE(limit.Take(seconds(5)));
  EXPECT_FALSE(limit.Take(seconds(5) + milliseconds(99)));
  EXPECT_TRUE(limit.Take(seconds(5) + milliseconds(100)));
  EXPECT_FALSE(limit.Take(seconds(5) + milliseconds(100)));
}

TEST(RateLimitTest, SavesNoMoreThanABurst) {
  RateLimit limit(10, 2);
  EXPECT_TRUE(limit.Take(seconds(1'000)));
  EXPECT_TRUE(limit.Take(seconds(1'000)));
  EXPECT_FALSE(limit.Take(seconds(1'000)));
}

TEST(RateLimitTest, GainsNothingByTimeThatAnotherThreadReadEarlier) {
  RateLimit limit(10, 1);
  EXPECT_TRUE(limit.Take(seconds(10)));
  EXPECT_FALSE(limit.Take(seconds(9)));
  EXPECT_FALSE(limit.Take(seconds(10)));
}

}  // namespace
}  // namespace retentiond
