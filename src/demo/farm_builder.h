// Makes the demo's farm as it stands on the evening before the first night.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "demo/calendar.h"
#include "demo/farm_paths.h"

namespace retentiond {

struct FarmSummary {
  std::int64_t jobs = 0;
  std::int64_t dependent_rows = 0;
  std::int64_t files = 0;
  std::int64_t orphans = 0;
  int next_number = 0;   // the first job number that is free
  std::string long_job;  // id of the job in work that will be finished
};

// `jobs` jobs evenly over the fourteen days before `calendar.daemon_starts`,
// and beside them: one that is stuck in work for good, one that is in work for
// days, for each of the first seven nights one that was created exactly at the
// cutoff and one a millisecond before it, orphans young and old, one of them
// with the output of a job that nobody remembers, and a library that links lead
// to. Everything is entered into the ledger. Aborted when `stop_requested`.
absl::StatusOr<FarmSummary> BuildFarm(
    const FarmPaths& paths, const DemoCalendar& calendar, int jobs,
    const std::function<bool()>& stop_requested);

}  // namespace retentiond
