// What is due now: a pure function of the last slot and the time.
#pragma once

#include <optional>
#include <vector>

#include "policy/slot.h"

namespace retentiond {

struct ScheduleState {
  // The date of the last slot that was completed, or that lay in the past when
  // the daemon first started; none before that first start.
  std::optional<LocalDate> last_slot;
  // The slot of a run that was begun and not closed: resumed at once, with its
  // own cutoff.
  std::optional<Slot> open_run;
  // When this process started, by the wall clock as it stands now: now less the
  // boot time that has passed since. Settling counts from here, and a step of
  // the wall clock must not stretch it.
  Instant process_start;
};

struct Due {
  enum class Kind {
    kWait,        // nothing is due before `until`
    kFirstStart,  // record `slot.date` as the last slot: nothing is missed
    kRun,         // run `slot` now
  };
  Kind kind = Kind::kWait;
  Instant until{};  // kWait only: ask again at this instant, or earlier
  Slot slot{};
  bool late = false;                // kRun: it started before the process did
  bool resumed = false;             // kRun: it is `open_run`
  std::vector<LocalDate> missed{};  // kRun: slots that will never run
};

// Ten minutes in which a machine that was just started may find its clock and
// its disks, before a missed slot is made up.
inline constexpr std::chrono::minutes kSettling{10};

// Never due: a slot whose date is at or before `last_slot` (a clock that went
// back, or a change of zone, repeats no date). An open run is not over, and is
// resumed whatever its date.
Due WhatIsDue(const ScheduleState& state, Instant now,
              const Schedule& schedule);

}  // namespace retentiond
