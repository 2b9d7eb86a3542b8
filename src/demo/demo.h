// The whole demo: builds a farm, lets the daemon live through ten nights beside
// another process that keeps submitting jobs, and judges what is left.
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "base/shifted_clock.h"
#include "demo/calendar.h"
#include "demo/farm_builder.h"
#include "demo/night.h"
#include "demo/verdict.h"
#include "jobstore/state_store.h"

namespace retentiond {

struct DemoParts {
  std::filesystem::path directory;  // exists, is empty; stays
  int jobs = 1400;                  // of the fourteen days before
  Instant today;                    // the real time
  Instant build_date;
  FileCalls& calls;
  FarmOpener open;
  std::function<bool()> stop_requested;
};

// How one night went.
struct NightReport {
  DemoNight night;
  RunRecord run;
  std::int64_t killed_after = 0;  // batches; 0: was not killed
  Micros took{0};                 // real time, of its run
};

struct DemoFigures {
  std::int64_t submitted = 0;  // jobs, by the other process
  std::int64_t submitted_while_cleaning = 0;
  std::int64_t busy_answers = 0;  // that it got from the database
  ShiftedClock::Reading clock;    // the simulated one, at the end
};

// Called as things happen.
class DemoObserver {
 public:
  virtual ~DemoObserver() = default;
  virtual void OnFarm(const FarmSummary& farm,
                      const DemoCalendar& calendar) = 0;
  virtual void OnNight(const NightReport& night,
                       const DemoCalendar& calendar) = 0;
  virtual void OnEnd(const DemoFigures& figures) = 0;
};

// Errors: Aborted when it was asked to stop; else what kept the demo from being
// carried out. No process is left behind.
absl::StatusOr<Verdict> RunDemo(const DemoParts& parts, DemoObserver& observer);

}  // namespace retentiond
