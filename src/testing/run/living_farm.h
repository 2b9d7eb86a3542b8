// A farm that goes on while the daemon runs beside it, on clocks that may be
// wrong: jobs are submitted and finished as true time passes, stamped by the
// wall clock of the machine, whatever that shows.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "testing/run/run_fixture.h"

namespace retentiond {

class LivingFarmTest : public RunTest {
 protected:
  // The evening before the slot, with ten days of history.
  void SetUp() override;

  // Stops the daemon, if there is one, and starts another.
  void StartDaemon();
  void StopDaemon();

  // The machine is up and the daemon runs for that long.
  void Live(Micros time);
  // The same, and nothing may be deleted.
  void LiveWithoutDeleting(Micros time);
  // The machine is off for `off` in truth; its wall clock then shows `error`
  // more than the truth, beyond any error that it had. The daemon starts with
  // it.
  void TurnOff(Micros off, Micros error = Micros(0));
  // Somebody sets the wall clock.
  void Step(Micros error);

  // True time from the beginning of the test.
  Micros now() const { return now_; }
  // How old the oldest job that is left is by true time.
  Micros OldestAge() const;
  int Jobs() const { return static_cast<int>(database_.Ids().size()); }
  std::vector<RunRecord> Runs();
  // Of those that came to their end.
  int Successes();
  bool IsBlocked();

  bool submits_ = true;
  // The least true age at which a job may be deleted.
  Micros least_age_ = std::chrono::days(7);

 private:
  void Pass(Micros time);
  void SubmitUntilNow();
  void CheckBatch(const Batch& batch);

  std::unique_ptr<Daemon> daemon_;
  Micros now_{0};
  Micros next_job_{0};
  int submitted_ = 0;
  std::map<std::string, Micros> created_;  // true times
};

}  // namespace retentiond
