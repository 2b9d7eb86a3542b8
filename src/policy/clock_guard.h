// The clock guard: which facts about the clock stand, and what they forbid.
// Pure; the rules and their reasons are in docs/clock-guard.md.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>

#include "base/time.h"

namespace retentiond {

// What a clock may be off, or drift in a week, without being doubted.
inline constexpr std::chrono::minutes kClockTolerance{2};
// Unseen time up to here only moves the cutoff: a machine that was off over a
// week and a day. More is likelier a wrong clock.
inline constexpr std::chrono::days kLongestUnseenTime{8};
// Observed time after which nothing that is deleted can be younger than the
// retention, whatever the wall clock says.
inline constexpr std::chrono::hours kObservationThatClears{168};

// The last trusted reading of the clocks.
struct Anchor {
  Instant wall;
  std::string boot_id;
  Micros boot_time;  // CLOCK_BOOTTIME at that reading

  friend bool operator==(const Anchor&, const Anchor&) = default;
};

struct ClockReading {
  Instant wall;
  std::string boot_id;
  Micros boot_time;
  bool kernel_synchronised = false;
};

enum class ClockFact {
  kBehindAnchor,       // wall more than two minutes before the anchor: blocks
  kStepped,            // stepped by over two minutes within one boot: blocks
  kUnseenTime,         // gained time that nobody saw pass: cutoff moves back
  kUnseenTimeTooLong,  // more than eight days of it: blocks
  kWouldDeleteAll,     // first start, no witness, nothing would stay: blocks
  kAnchorUnreadable,   // counts as a first start: reported
  kFirstStart,         // no anchor yet: reported
  kBeforeBuild,        // the wall clock is before the build date: reported
  kUnsynchronised,     // the kernel's clock is not synchronised: reported
  kRowsAhead,          // rows stamped more than a day ahead: reported
};

// "unseen-time-too-long" and the like: the names in audit, alerts and JSON.
const char* NameOf(ClockFact fact);
// The fact of that name for people: "the clock is ...". A name that only a
// newer version knows is its own sentence.
std::string SentenceOf(const std::string& name);
// Whether the fact forbids deletion.
bool Blocks(ClockFact fact);

enum class AnchorState { kNone, kReadable, kUnreadable };

struct GuardInput {
  AnchorState anchor_state = AnchorState::kNone;
  std::optional<Anchor> anchor;
  ClockReading now;
  Instant build_date;
  // Asked of the database only when there is no anchor: would the run delete
  // every datable job that was created before the daemon started?
  bool would_delete_all = false;
  bool rows_ahead = false;
  // What the last verdict left in `doubt_since`. After 168 h of consistent
  // boot time from there the doubt clears.
  std::optional<ClockReading> blocked_since;
};

struct GuardVerdict {
  std::set<ClockFact> facts;
  // How much earlier than the slot's own the cutoff must be; 0 or more.
  Micros cutoff_shift{0};
  // A doubt that stood for 168 h of observed time, or that a witness
  // contradicts, has been cleared: the anchor is to be set anew and audited.
  bool cleared = false;
  // To be kept for the next assessment: since when the clock has been in doubt
  // without a further anomaly; none when it is not in doubt.
  std::optional<ClockReading> doubt_since;

  bool blocked() const;
  // Whether the assessed reading may become the anchor: the clock is neither
  // in doubt nor certainly wrong. A first anchor needs a verdict in which
  // `would_delete_all` was asked, or it would bear witness to itself.
  bool may_anchor() const;
};

GuardVerdict AssessClock(const GuardInput& input);

}  // namespace retentiond
