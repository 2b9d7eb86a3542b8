// Slots: when a local date's cleanup starts and what it may delete.
// Once per local date at the configured time of
// day; in a gap, at the first instant after it; where the time occurs twice, at
// the first. The cutoff is the start of the slot seven local dates earlier, and
// never later than the start minus 165 h.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "base/time.h"
#include "policy/zone.h"

namespace retentiond {

// Minutes after local midnight, 0 to 1439.
using TimeOfDay = std::chrono::minutes;

// The owner's retention: seven local dates.
inline constexpr std::chrono::days kRetention{7};
// Seven days less the three hours that zone changes may take away.
inline constexpr std::chrono::hours kShortestRetention{165};

struct Slot {
  LocalDate date;
  Instant start;
  Instant cutoff;  // jobs created strictly before it are expired

  friend bool operator==(const Slot&, const Slot&) = default;
};

// A daily schedule. Cheap to copy.
struct Schedule {
  TimeOfDay at{std::chrono::hours(3)};
  absl::TimeZone zone;
  // Another time of day or zone that held up to and including a date: a change
  // takes effect on the next one, so that it starts nothing by itself.
  struct Former {
    TimeOfDay at;
    absl::TimeZone zone;
    LocalDate until;
  };
  std::optional<Former> former = {};
};

// What the wall calendar of the zone shows.
LocalDate DateAt(Instant instant, const absl::TimeZone& zone);

// The slot of `date`; none when the zone skips that whole date.
std::optional<Slot> SlotOn(LocalDate date, const Schedule& schedule);

// The first slot that starts at or after `from`.
Slot FirstSlotFrom(Instant from, const Schedule& schedule);

// The last slot that starts at or before `until`.
Slot LastSlotUntil(Instant until, const Schedule& schedule);

// The dates strictly between `after` and `before` that have a slot.
std::vector<LocalDate> SlotDatesBetween(LocalDate after, LocalDate before,
                                        const Schedule& schedule);

}  // namespace retentiond
