#include "policy/scheduler.h"

#include <algorithm>
#include <chrono>
#include <optional>

namespace retentiond {
namespace {

Slot FirstSlotAfter(LocalDate date, const Schedule& schedule) {
  std::optional<Slot> slot;
  while (!slot.has_value()) {
    date += std::chrono::days(1);
    slot = SlotOn(date, schedule);
  }
  return *slot;
}

Due WaitUntil(Instant until) {
  return Due{.kind = Due::Kind::kWait, .until = until};
}

}  // namespace

Due WhatIsDue(const ScheduleState& state, Instant now,
              const Schedule& schedule) {
  if (state.open_run.has_value()) {
    return Due{.kind = Due::Kind::kRun,
               .slot = *state.open_run,
               .late = state.open_run->start < state.process_start,
               .resumed = true};
  }
  const Slot latest = LastSlotUntil(now, schedule);
  if (!state.last_slot.has_value()) {
    return Due{.kind = Due::Kind::kFirstStart, .slot = latest};
  }
  if (latest.date <= *state.last_slot) {
    return WaitUntil(FirstSlotAfter(*state.last_slot, schedule).start);
  }
  const bool late = latest.start < state.process_start;
  const Instant settled = state.process_start + kSettling;
  if (late && now < settled) {
    // A slot that comes due meanwhile takes the place of the missed one.
    return WaitUntil(
        std::min(settled, FirstSlotAfter(latest.date, schedule).start));
  }
  return Due{
      .kind = Due::Kind::kRun,
      .slot = latest,
      .late = late,
      .missed = SlotDatesBetween(*state.last_slot, latest.date, schedule)};
}

}  // namespace retentiond
