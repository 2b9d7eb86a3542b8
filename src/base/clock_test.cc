#include "base/clock.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/timex.h>

#include <chrono>
#include <thread>

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

bool IsSet(const Wakeup& wakeup) {
  pollfd poller{wakeup.fd(), POLLIN, 0};
  return poll(&poller, 1, 0) == 1;
}

TEST(WakeupTest, StaysSetUntilItIsCleared) {
  Wakeup wakeup;
  EXPECT_FALSE(IsSet(wakeup));
  wakeup.Notify();
  wakeup.Notify();
  EXPECT_TRUE(IsSet(wakeup));
  wakeup.Clear();
  EXPECT_FALSE(IsSet(wakeup));
  wakeup.Clear();  // of nothing
  EXPECT_FALSE(IsSet(wakeup));
}

TEST(SystemClockTest, ReadsTheMachinesClocks) {
  const SystemClock clock;
  const Instant wall = clock.Now();
  const Micros boot = clock.BootTime();
  EXPECT_GT(wall, *ParseInstant("2020-01-01T00:00:00Z"));
  EXPECT_GT(boot, Micros(0));
  EXPECT_GE(clock.BootTime(), boot);
  EXPECT_EQ(clock.BootId().size(), 36u);
  EXPECT_EQ(clock.BootId(), SystemClock().BootId());
}

TEST(SystemClockTest, AnswersWhetherTheKernelIsSynchronised) {
  timex state{};
  const bool answered = adjtimex(&state) != -1;
  EXPECT_EQ(SystemClock().Synchronised(),
            answered && state.maxerror < 16'000'000);  // microseconds
}

TEST(SystemClockTest, SleepsForTheWholeDuration) {
  SystemClock clock;
  const Wakeup wakeup;
  const Micros before = clock.BootTime();
  clock.Sleep(milliseconds(5), wakeup);
  EXPECT_GE(clock.BootTime() - before, milliseconds(5));
}

TEST(SystemClockTest, DoesNotSleepForANegativeDuration) {
  SystemClock clock;
  const Wakeup wakeup;
  clock.Sleep(-hours(1), wakeup);
}

TEST(SystemClockTest, WakesWhenItIsNotified) {
  SystemClock clock;
  Wakeup wakeup;
  std::thread other([&wakeup] { wakeup.Notify(); });
  clock.Sleep(hours(1), wakeup);
  other.join();
  EXPECT_TRUE(IsSet(wakeup));
}

TEST(SystemClockTest, DoesNotSleepWhenItWasNotifiedBefore) {
  SystemClock clock;
  Wakeup wakeup;
  wakeup.Notify();
  clock.Sleep(hours(1), wakeup);
  EXPECT_TRUE(IsSet(wakeup));
}

}  // namespace
}  // namespace retentiond
