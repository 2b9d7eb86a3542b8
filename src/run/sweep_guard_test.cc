#include "run/sweep_guard.h"

#include <gtest/gtest.h>

namespace retentiond {
namespace {

TEST(SweepGuardTest, SweepsAnOrdinaryFarm) {
  EXPECT_EQ(WhyNotSweep({.jobs = 100}), std::nullopt);
  EXPECT_EQ(WhyNotSweep({.jobs = 100, .jobs_left_last_time = 120}),
            std::nullopt);
}

TEST(SweepGuardTest, RefusesAnEmptyDatabase) {
  EXPECT_TRUE(WhyNotSweep({.jobs = 0}).has_value());
}

TEST(SweepGuardTest, RefusesWhenNineTenthsOfTheJobsAreGone) {
  EXPECT_TRUE(
      WhyNotSweep({.jobs = 10, .jobs_left_last_time = 100}).has_value());
  EXPECT_FALSE(
      WhyNotSweep({.jobs = 11, .jobs_left_last_time = 100}).has_value());
}

TEST(SweepGuardTest, RefusesWhenTheShieldsRecordsWereLost) {
  EXPECT_TRUE(WhyNotSweep({.jobs = 100, .state_was_lost = true}).has_value());
}

}  // namespace
}  // namespace retentiond
