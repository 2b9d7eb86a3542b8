// A daemon on the evening before a slot, turned by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "testing/run/run_fixture.h"

namespace retentiond {

class DaemonTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    // The evening before.
    clock_.StepWall(-std::chrono::hours(8));
  }
  std::unique_ptr<Daemon> Start() {
    std::unique_ptr<Daemon> daemon = MakeDaemon();
    const absl::Status status = daemon->Start();
    EXPECT_TRUE(status.ok()) << status;
    return daemon;
  }
  // Turns the loop until the simulated time has come to `until` or a stop was
  // asked for. Hours of waiting pass in steps of ten minutes: a machine that
  // sleeps wakes its daemons no oftener.
  void LiveUntil(Daemon& daemon, Instant until) {
    while (clock_.Now() < until && !stop_) {
      Micros sleep = std::max<Micros>(daemon.Turn(), Micros(1));
      EXPECT_LE(sleep, std::chrono::seconds(15));
      const Micros left = until - clock_.Now();
      const bool waits =
          !observer_.waits.empty() &&
          observer_.waits.back() - clock_.Now() > std::chrono::minutes(11) &&
          left > std::chrono::minutes(11);
      if (waits && sleep == std::chrono::seconds(15))
        sleep = std::chrono::minutes(10);
      clock_.Sleep(sleep, wakeup_);
    }
  }
  std::vector<RunRecord> Runs() {
    auto runs = database_.Open().state->ListRuns(400);
    EXPECT_TRUE(runs.ok());
    return *runs;
  }
};

}  // namespace retentiond
