// The schedule in effect: a change of the configuration takes effect on the
// next local date, also over a restart, so that no change starts a run by
// itself.
#pragma once

#include "absl/status/statusor.h"
#include "base/time.h"
#include "config/config.h"
#include "jobstore/state_store.h"
#include "policy/slot.h"
#include "policy/zone.h"

namespace retentiond {

// The schedule that `config` and what the state remembers of the former one
// come to. Notes a change in the state, which must be open for writing. A
// former zone that the zone data no longer has rules nothing any more. Errors
// are the state's and those of the configured zone.
absl::StatusOr<Schedule> AdoptSchedule(const ScheduleConfig& config,
                                       ZoneFiles& zones, StateStore& state,
                                       Instant now);

// The same for who only looks: nothing is written.
absl::StatusOr<Schedule> ScheduleInEffect(const ScheduleConfig& config,
                                          ZoneFiles& zones, StateStore& state,
                                          Instant now);

}  // namespace retentiond
