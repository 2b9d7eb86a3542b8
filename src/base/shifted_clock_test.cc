#include "base/shifted_clock.h"

#include <gtest/gtest.h>

#include <chrono>

#include "base/simulated_clock.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

TEST(ShiftedClockTest, GoesOnFromAnotherTimeAsTheOtherClockDoes) {
  SimulatedClock pace(Instant(hours(100)));
  ShiftedClock clock(pace, {.now = Instant(hours(5000)),
                            .boot_time = hours(7),
                            .boot_id = "boot-3"});
  EXPECT_EQ(clock.Now(), Instant(hours(5000)));
  EXPECT_EQ(clock.BootTime(), hours(7));
  EXPECT_EQ(clock.BootId(), "boot-3");
  EXPECT_TRUE(clock.Synchronised());
  Wakeup wakeup;
  clock.Sleep(seconds(15), wakeup);
  EXPECT_EQ(clock.Now(), Instant(hours(5000)) + seconds(15));
  EXPECT_EQ(clock.BootTime(), hours(7) + seconds(15));
}

// What somebody does to the machine's wall clock is not seen.
TEST(ShiftedClockTest, DoesNotStepWithTheOtherClock) {
  SimulatedClock pace(Instant(hours(100)));
  ShiftedClock clock(pace, {.now = Instant(hours(5000))});
  pace.StepWall(hours(3));
  EXPECT_EQ(clock.Now(), Instant(hours(5000)));
}

}  // namespace
}  // namespace retentiond
