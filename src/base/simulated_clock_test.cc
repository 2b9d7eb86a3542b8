#include "base/simulated_clock.h"

#include <gtest/gtest.h>

#include <vector>

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class SimulatedClockTest : public testing::Test {
 protected:
  const Instant start_ = *ParseInstant("2026-03-16T00:00:00Z");
  SimulatedClock clock_{start_};
  Wakeup wakeup_;
};

TEST_F(SimulatedClockTest, MovesOnlyWhenItIsTold) {
  const Micros boot = clock_.BootTime();
  EXPECT_EQ(clock_.Now(), start_);
  clock_.Advance(hours(2));
  EXPECT_EQ(clock_.Now(), start_ + hours(2));
  EXPECT_EQ(clock_.BootTime(), boot + hours(2));
}

TEST_F(SimulatedClockTest, PassesTheTimeThatIsSlept) {
  clock_.Sleep(minutes(1), wakeup_);
  EXPECT_EQ(clock_.Now(), start_ + minutes(1));
}

TEST_F(SimulatedClockTest, DoesNotSleepWhenItWasNotifiedBefore) {
  wakeup_.Notify();
  clock_.Sleep(minutes(1), wakeup_);
  EXPECT_EQ(clock_.Now(), start_);
  wakeup_.Clear();
  clock_.Sleep(minutes(1), wakeup_);
  EXPECT_EQ(clock_.Now(), start_ + minutes(1));
}

TEST_F(SimulatedClockTest, StepsTheWallClockAlone) {
  const Micros boot = clock_.BootTime();
  clock_.StepWall(-hours(5));
  EXPECT_EQ(clock_.Now(), start_ - hours(5));
  EXPECT_EQ(clock_.BootTime(), boot);
}

TEST_F(SimulatedClockTest, BeginsAnotherBoot) {
  const std::string before = clock_.BootId();
  clock_.Reboot(hours(10), minutes(3));
  EXPECT_EQ(clock_.Now(), start_ + hours(10) + minutes(3));
  EXPECT_EQ(clock_.BootTime(), minutes(3));
  EXPECT_NE(clock_.BootId(), before);
}

TEST_F(SimulatedClockTest, TellsOfEachAdvance) {
  std::vector<Instant> seen;
  clock_.set_on_advance([&seen](Instant now) { seen.push_back(now); });
  clock_.Advance(hours(1));
  clock_.Reboot(hours(1), minutes(1));
  EXPECT_EQ(seen,
            (std::vector{start_ + hours(1), start_ + hours(2) + minutes(1)}));
}

TEST_F(SimulatedClockTest, IsSynchronisedOnlyWhenItIsTold) {
  EXPECT_FALSE(clock_.Synchronised());
  clock_.set_synchronised(true);
  EXPECT_TRUE(clock_.Synchronised());
}

}  // namespace
}  // namespace retentiond
