// What was seen of the time since the clock was last trusted: the stretches
// over which some boot was up and its wall clock kept step with CLOCK_BOOTTIME.
// Time that the wall clock gained outside them may not have passed at all.
//
// Several machines may keep one account together: their stretches overlap, and
// what any of them saw was seen. All functions are pure.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/time.h"

namespace retentiond {

// What a clock may be off, or drift in a week, without being doubted.
inline constexpr std::chrono::minutes kClockTolerance{2};
// Observed time after which nothing that is deleted can be younger than the
// retention, whatever the wall clock says.
inline constexpr std::chrono::hours kObservationThatClears{168};

struct ClockReading {
  Instant wall;
  std::string boot_id;
  Micros boot_time;  // CLOCK_BOOTTIME at that reading
  bool kernel_synchronised = false;
};

// Whether the wall clock and CLOCK_BOOTTIME gained the same between the two
// readings, within the tolerance; only one boot can tell.
bool KeptStep(const ClockReading& earlier, const ClockReading& later);

struct SeenStretch {
  Instant begin;  // both by the wall clock
  Instant end;
  std::string boot_id = {};  // empty: uptime before the first look at a boot
  Micros boot_time{0};       // at `end`

  friend bool operator==(const SeenStretch&, const SeenStretch&) = default;
};

struct SeenTime {
  Instant since;                       // unseen time counts from here
  std::vector<SeenStretch> stretches;  // in the order in which they began
  // Unseen time stood when this was written: its end is worth a record.
  bool doubted = false;

  friend bool operator==(const SeenTime&, const SeenTime&) = default;
};

// An account that begins at a reading that is trusted.
SeenTime BeginSeenTime(const ClockReading& trusted);

// The account with the present added: the stretch of this boot goes on, or a
// new one begins. A new boot is credited with its uptime, unless by the wall
// clock it began before the account's last reading, which contradicts it. Once
// 168 h were seen, what lies before them is forgotten: it is confirmed.
SeenTime Observe(SeenTime seen, const ClockReading& now);

// How much of the time from `from` to `until` was seen by somebody.
Micros SeenBetween(const SeenTime& seen, Instant from, Instant until);

// How much of the time from `seen.since` to `now` nobody saw; 0 or more.
Micros UnseenUntil(const SeenTime& seen, Instant now);

// Whether the wall clock stepped within the boot of `now`, as far as the
// account goes back.
bool SteppedWithinBoot(const SeenTime& seen, const ClockReading& now);

}  // namespace retentiond
