#include "demo/child_process.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>

#include "demo/shared_farm.h"

namespace retentiond {
namespace {

bool Never() { return false; }

TEST(ChildProcessTest, TellsItsExitCode) {
  ChildProcess child = *ChildProcess::Start([] { return 3; });
  const ChildProcess::End end = *child.Wait(Never);
  EXPECT_EQ(end.code, 3);
  EXPECT_FALSE(end.signal.has_value());
}

TEST(ChildProcessTest, TellsTheSignalThatKilledIt) {
  ChildProcess child = *ChildProcess::Start([] { return raise(SIGKILL); });
  const ChildProcess::End end = *child.Wait(Never);
  EXPECT_FALSE(end.code.has_value());
  EXPECT_EQ(end.signal, SIGKILL);
}

TEST(ChildProcessTest, DoesNotOutliveItsOwner) {
  SharedFarmMapping shared = *SharedFarmMapping::Make();
  {
    ChildProcess child = *ChildProcess::Start([&] {
      shared->now_us = getpid();
      while (true) pause();
      return 0;
    });
    while (shared->now_us == 0) usleep(100);
  }
  const auto pid = static_cast<pid_t>(shared->now_us.load());
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

// The child waits until it may signal its parent, who waits for it.
TEST(ChildProcessTest, IsKilledWhenAStopIsAskedForByASignal) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, &before);
  ChildProcess child = *ChildProcess::Start([] {
    while (true) {
      kill(getppid(), SIGUSR1);
      usleep(1000);
    }
    return 0;
  });
  EXPECT_TRUE(absl::IsAborted(child.Wait([] { return true; }).status()));
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(ChildProcessTest, IsWaitedForThroughASignalThatAsksForNothing) {
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, &before);
  ChildProcess child = *ChildProcess::Start([] {
    kill(getppid(), SIGUSR1);
    return 4;
  });
  EXPECT_EQ(child.Wait(Never)->code, 4);
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(SharedTextTest, IsCutOffWhereItIsTooLong) {
  SharedText text;
  text.Set("short");
  EXPECT_EQ(text.Get(), "short");
  text.Set(std::string(5000, 'x'));
  EXPECT_EQ(text.Get(), std::string(1023, 'x'));
}

}  // namespace
}  // namespace retentiond
