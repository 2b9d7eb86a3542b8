#include "policy/forecast.h"

#include <gtest/gtest.h>

namespace retentiond {
namespace {

TEST(ForecastTest, CountsTheNightsUntilNothingIsLeft) {
  const Forecast forecast =
      ForecastOf({.left = 1000, .deleted = 300, .younger = 700});
  EXPECT_EQ(forecast.arriving, 100);
  EXPECT_EQ(forecast.nights, 5);
  EXPECT_EQ(ForecastOf({.left = 1001, .deleted = 300, .younger = 700}).nights,
            6);
  EXPECT_EQ(ForecastOf({.left = 1, .deleted = 300, .younger = 700}).nights, 1);
}

TEST(ForecastTest, KnowsWhenJobsArriveFasterThanTheyGo) {
  EXPECT_EQ(ForecastOf({.left = 9, .deleted = 101, .younger = 700}).nights, 9);
  EXPECT_EQ(ForecastOf({.left = 9, .deleted = 100, .younger = 700}).nights,
            std::nullopt);
  EXPECT_EQ(ForecastOf({.left = 9, .deleted = 101, .younger = 701}).nights,
            std::nullopt);
  EXPECT_EQ(ForecastOf({.left = 9, .deleted = 0, .younger = 0}).nights,
            std::nullopt);
}

TEST(ForecastTest, AnIdleFarmOnlyDrains) {
  EXPECT_EQ(ForecastOf({.left = 10, .deleted = 5, .younger = 0}).nights, 2);
}

}  // namespace
}  // namespace retentiond
