#include "policy/seen_time.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

// More reboots than this within 168 h of uptime: the oldest stretches are
// dropped. What they saw then counts as unseen, so that less is deleted.
constexpr std::size_t kMostStretches = 200;

// Seen by the wall clock, which may drift meanwhile as much as is tolerated.
constexpr Micros kSeenThatConfirms = kObservationThatClears - kClockTolerance;

struct Span {
  Instant begin;
  Instant end;
};

ClockReading EndOf(const SeenStretch& stretch) {
  return {.wall = stretch.end,
          .boot_id = stretch.boot_id,
          .boot_time = stretch.boot_time};
}

// The stretches up to `until` as spans that do not overlap, in order.
std::vector<Span> Union(const SeenTime& seen, Instant until) {
  std::vector<Span> spans;
  for (const SeenStretch& stretch : seen.stretches) {
    if (stretch.begin > until) continue;
    spans.push_back({stretch.begin, std::min(stretch.end, until)});
  }
  std::sort(spans.begin(), spans.end(),
            [](const Span& a, const Span& b) { return a.begin < b.begin; });
  std::vector<Span> merged;
  for (const Span& span : spans) {
    if (!merged.empty() && span.begin <= merged.back().end) {
      merged.back().end = std::max(merged.back().end, span.end);
    } else {
      merged.push_back(span);
    }
  }
  return merged;
}

// What other boots saw ahead of the present was seen by a clock that was wrong
// then, or is now: it must not vouch for time that is still to come. This
// boot's own stays, so that a clock that is set right again is recognised.
void ForgetWhatLiesAhead(SeenTime& seen, const ClockReading& now) {
  std::erase_if(seen.stretches, [&now](const SeenStretch& stretch) {
    return stretch.boot_id != now.boot_id && stretch.begin > now.wall;
  });
  for (SeenStretch& stretch : seen.stretches) {
    if (stretch.boot_id == now.boot_id || stretch.end <= now.wall) continue;
    stretch.boot_time -= stretch.end - now.wall;
    stretch.end = now.wall;
  }
}

// The uptime of a boot that the account does not know passed, whatever the
// clock did meanwhile. Where it passed by the wall clock nobody saw: the clock
// may have been stepped just before this first look. So it is put right after
// the last reading, and what is unseen right before the present, where it is
// confirmed last.
void CreditUptime(SeenTime& seen, const ClockReading& now) {
  Instant last = seen.since;
  for (const SeenStretch& stretch : seen.stretches) {
    last = std::max(last, stretch.end);
  }
  if (now.wall - now.boot_time < last - kClockTolerance) return;
  const Instant end = std::min(last + now.boot_time, now.wall);
  if (end > last) seen.stretches.push_back({.begin = last, .end = end});
}

void AddPresent(SeenTime& seen, const ClockReading& now) {
  bool known_boot = false;
  for (SeenStretch& stretch : seen.stretches) {
    if (stretch.boot_id != now.boot_id) continue;
    known_boot = true;
    if (!KeptStep(EndOf(stretch), now)) continue;
    stretch.end = now.wall;
    stretch.boot_time = now.boot_time;
    return;
  }
  if (!known_boot) CreditUptime(seen, now);
  seen.stretches.push_back({.begin = now.wall,
                            .end = now.wall,
                            .boot_id = now.boot_id,
                            .boot_time = now.boot_time});
}

// Moves `since` to where 168 h, less the tolerance, were seen since.
void ForgetWhatIsConfirmed(SeenTime& seen, Instant now) {
  Micros to_see = kSeenThatConfirms;
  const std::vector<Span> spans = Union(seen, now);
  for (auto span = spans.rbegin(); span != spans.rend(); ++span) {
    const Micros length = span->end - span->begin;
    if (length >= to_see) {
      seen.since = std::max(seen.since, span->end - to_see);
      break;
    }
    to_see -= length;
  }
  std::erase_if(seen.stretches, [&seen](const SeenStretch& stretch) {
    return stretch.end < seen.since;
  });
  if (seen.stretches.size() > kMostStretches) {
    seen.stretches.erase(seen.stretches.begin(),
                         seen.stretches.end() - kMostStretches);
  }
}

}  // namespace

bool KeptStep(const ClockReading& earlier, const ClockReading& later) {
  if (earlier.boot_id != later.boot_id) return false;
  const Micros drift =
      (later.wall - earlier.wall) - (later.boot_time - earlier.boot_time);
  return std::chrono::abs(drift) <= kClockTolerance;
}

SeenTime BeginSeenTime(const ClockReading& trusted) {
  return {.since = trusted.wall,
          .stretches = {{.begin = trusted.wall,
                         .end = trusted.wall,
                         .boot_id = trusted.boot_id,
                         .boot_time = trusted.boot_time}}};
}

SeenTime Observe(SeenTime seen, const ClockReading& now) {
  ForgetWhatLiesAhead(seen, now);
  AddPresent(seen, now);
  ForgetWhatIsConfirmed(seen, now.wall);
  return seen;
}

Micros SeenBetween(const SeenTime& seen, Instant from, Instant until) {
  Micros total{0};
  for (const Span& span : Union(seen, until)) {
    total += std::max<Micros>(span.end - std::max(span.begin, from), Micros(0));
  }
  return total;
}

Micros UnseenUntil(const SeenTime& seen, Instant now) {
  return std::max<Micros>(
      (now - seen.since) - SeenBetween(seen, seen.since, now), Micros(0));
}

bool SteppedWithinBoot(const SeenTime& seen, const ClockReading& now) {
  for (const SeenStretch& stretch : seen.stretches) {
    if (stretch.boot_id == now.boot_id) return !KeptStep(EndOf(stretch), now);
  }
  return false;
}

}  // namespace retentiond
