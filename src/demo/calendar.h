// The ten nights of the demo: which dates they are and what happens on them.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/time.h"
#include "policy/slot.h"

namespace retentiond {

struct DemoNight {
  Slot slot;
  bool clocks_change = false;
  bool killed = false;       // the daemon dies in the middle and comes back
  bool machine_off = false;  // at the slot's start
};

struct DemoCalendar {
  Schedule schedule;
  Instant farm_begins;    // the oldest job's creation
  Instant daemon_starts;  // the evening before the first night
  Instant machine_off;    // from here ...
  Instant machine_on;     // ... to here, over one slot
  Instant long_job_ends;  // the job in work finishes
  std::vector<DemoNight> nights;
};

// Ten nights in `zone`, the change of its clocks among them where there is one.
// All of it lies in the future of `today`, the real time: a file's change time
// cannot be set, and must not make any file younger than the farm says it is.
absl::StatusOr<DemoCalendar> PlanCalendar(Instant today,
                                          const absl::TimeZone& zone);

}  // namespace retentiond
