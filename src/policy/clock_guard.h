// The clock guard: which facts about the clock stand, and what they forbid.
// Pure; the rules and their reasons are in docs/clock-guard.md.
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/seen_time.h"
#include "policy/slot.h"

namespace retentiond {

// Unseen time up to here only moves the cutoff: a machine that was off over a
// week and a day. More is likelier a wrong clock.
inline constexpr std::chrono::days kLongestUnseenTime{8};
// A witness within this distance agrees with the clock.
inline constexpr std::chrono::seconds kWitnessAgrees{60};
// A server on another machine that is further off than this blocks.
inline constexpr std::chrono::hours kServerBlocks{1};

// The last trusted reading of the clocks.
struct Anchor {
  Instant wall;
  std::string boot_id;
  Micros boot_time;  // CLOCK_BOOTTIME at that reading

  friend bool operator==(const Anchor&, const Anchor&) = default;
};

// The clock of a database server, read just now.
struct ServerClock {
  Instant wall;
  // Whether it is another machine's: only then it is a witness.
  bool elsewhere = false;
};

enum class ClockFact {
  kBehindAnchor,       // wall more than two minutes before the anchor: blocks
  kStepped,            // stepped by over two minutes within one boot: blocks
  kUnseenTime,         // gained time that nobody saw pass: cutoff moves back
  kUnseenTimeTooLong,  // more than eight days of it: blocks
  kWouldDeleteAll,     // first start, no witness, nothing would stay: blocks
  kServerOff,          // another machine's server is over an hour off: blocks
  kAnchorUnreadable,   // counts as a first start: reported
  kFirstStart,         // no anchor yet: reported
  kBeforeBuild,        // the wall clock is before the build date: reported
  kUnsynchronised,     // the kernel's clock is not synchronised: reported
  kRowsAhead,          // rows stamped more than a day ahead: reported
  kServerSkewed,       // another machine's server, over 60 s off: reported
  kSlotAhead,          // the last slot lies in the future: reported
};

// In the order of the enumeration.
std::vector<ClockFact> AllClockFacts();
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
  bool copy_unreadable = false;  // another copy of the anchor cannot be read
  ClockReading now;
  Instant build_date;
  // The account of the time since the clock was last trusted, as a verdict left
  // it; none: it begins at the anchor, else at the present.
  std::optional<SeenTime> seen;
  std::optional<ServerClock> server;
  // Asked of the database only when there is no anchor: would the run delete
  // every datable job that was created before the daemon started? None: it was
  // not asked, so that a doubt about it stands as it stood.
  std::optional<bool> would_delete_all;
  bool rows_ahead = false;
  // The last completed slot lies ahead of every slot that can have been.
  bool slot_ahead = false;
  // What the last verdict left in `doubt_since`. After 168 h of observed time
  // from there the doubt clears.
  std::optional<ClockReading> blocked_since;
};

struct GuardVerdict {
  std::set<ClockFact> facts;
  // Time that the wall clock gained and nobody saw pass: see CutoffBy.
  Micros unseen{0};
  // A doubt that stood for 168 h of observed time, or that a witness
  // contradicts, has been cleared: the anchor is to be set anew and audited.
  bool cleared = false;
  // Cleared by a witness or by 168 h: even a first anchor may then be set
  // without asking the rows. (A clock that is only set back to where it was
  // says nothing of whether it was right there.)
  bool confirmed = false;
  // The last slot was recorded under a wrong clock, as the clearing shows: it
  // is to be set back.
  bool slot_is_wrong = false;
  // To be kept for the next assessment: since when a fact has stood that
  // blocks, or that says that the last slot is wrong; none when there is no
  // such fact.
  std::optional<ClockReading> doubt_since;
  // To be kept for the next assessment.
  SeenTime seen;

  bool blocked() const;
  // Whether the assessed reading may become the anchor: the clock is neither
  // in doubt nor certainly wrong. A first anchor needs a verdict in which
  // `would_delete_all` was asked, or it would bear witness to itself.
  bool may_anchor() const;
};

GuardVerdict AssessClock(const GuardInput& input);

// The cutoff of a run of `slot` that begins, or is resumed, at `now`: the
// slot's own, or an earlier one, so that each job before it is as old as the
// slot asks (seven days at most) by the clock as it is now, less the unseen
// time. A slot that was recorded under a clock which was ahead has a cutoff
// that must not be believed.
Instant CutoffBy(const GuardVerdict& verdict, const Slot& slot, Instant now);

}  // namespace retentiond
