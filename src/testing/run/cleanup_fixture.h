// A run on a farm of twenty expired jobs.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "audit/verify.h"
#include "base/status.h"
#include "run/cleanup.h"
#include "testing/run/run_fixture.h"

namespace retentiond {

class CleanupTest : public RunTest {
 protected:
  // Twenty expired jobs and one recent one.
  void AddTwenty() {
    for (int i = 10; i < 30; ++i) {
      AddJob("old" + std::to_string(i),
             BeforeCutoff(1) + std::chrono::minutes(i));
    }
    AddJob("young", slot().cutoff);
  }
  RunRecord MustRun(const Due& due) {
    absl::StatusOr<RunRecord> run = Run(due);
    EXPECT_TRUE(run.ok()) << run.status();
    return run.value_or(RunRecord{});
  }
  RunRecord MustRun() { return MustRun(TheSlotIsDue()); }
  Due TheRunIsOpen() const {
    Due due = TheSlotIsDue();
    due.resumed = true;
    return due;
  }
  RunRecord LastRun() {
    const auto runs = database_.Open().state->ListRuns(1);
    EXPECT_TRUE(runs.ok() && runs->size() == 1U);
    return runs->front();
  }
};

}  // namespace retentiond
