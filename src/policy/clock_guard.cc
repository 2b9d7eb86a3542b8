// Each row of the table in docs/clock-guard.md is decided by itself, so that
// a second anomaly is not hidden by the first. Only then is asked whether
// somebody independent of the wall clock contradicts the doubts.
#include "policy/clock_guard.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

namespace retentiond {
namespace {

struct FactTraits {
  ClockFact fact;
  const char* name;
  bool blocks;
  const char* sentence;
};

constexpr std::array kFacts = {
    FactTraits{ClockFact::kBehindAnchor, "behind-anchor", true,
               "the clock is more than two minutes before the last reading "
               "that was trusted"},
    FactTraits{ClockFact::kStepped, "stepped", true,
               "the clock has jumped by more than two minutes while the "
               "machine was up"},
    FactTraits{ClockFact::kUnseenTime, "unseen-time", false,
               "the clock has gained time that nobody saw pass: the cutoff is "
               "earlier by it"},
    FactTraits{
        ClockFact::kUnseenTimeTooLong, "unseen-time-too-long", true,
        "the clock has gained more than eight days that nobody saw pass"},
    FactTraits{ClockFact::kWouldDeleteAll, "would-delete-all", true,
               "this first run would delete every job, and nothing vouches for "
               "the clock"},
    FactTraits{ClockFact::kAnchorUnreadable, "anchor-unreadable", false,
               "the last trusted reading of the clock cannot be read"},
    FactTraits{ClockFact::kFirstStart, "first-start", false,
               "there is no trusted reading of the clock yet"},
    FactTraits{ClockFact::kBeforeBuild, "before-build", false,
               "the clock is before the day on which this program was built"},
    FactTraits{ClockFact::kUnsynchronised, "unsynchronised", false,
               "the clock is not synchronised with a time server"},
    FactTraits{ClockFact::kRowsAhead, "rows-ahead", false,
               "there are jobs whose creation time is more than a day ahead"},
};

constexpr bool InOrderOfTheEnumeration() {
  for (std::size_t i = 0; i < kFacts.size(); ++i) {
    if (static_cast<std::size_t>(kFacts[i].fact) != i) return false;
  }
  return true;
}
static_assert(InOrderOfTheEnumeration());

const FactTraits& TraitsOf(ClockFact fact) {
  return kFacts[static_cast<std::size_t>(fact)];
}

bool IsDoubt(ClockFact fact) {
  return Blocks(fact) || fact == ClockFact::kUnseenTime;
}

// Whether the wall clock and CLOCK_BOOTTIME gained the same between the two
// readings, which only one boot can tell.
bool Consistent(const ClockReading& earlier, const ClockReading& later) {
  if (earlier.boot_id != later.boot_id) return false;
  const Micros drift =
      (later.wall - earlier.wall) - (later.boot_time - earlier.boot_time);
  return std::chrono::abs(drift) <= kClockTolerance;
}

// Of the time since the anchor, what this boot saw pass. A boot that, by the
// wall clock, began before an anchor of another boot contradicts it (the clock
// was wrong at one of the two, or the anchor is another machine's): it says
// nothing of the time since.
Micros TimeSeen(const Anchor& anchor, const ClockReading& now) {
  if (now.boot_id == anchor.boot_id) return now.boot_time - anchor.boot_time;
  const Micros gained = now.wall - anchor.wall;
  return now.boot_time <= gained + kClockTolerance ? now.boot_time : Micros(0);
}

// The rows that need an anchor.
void CompareWithAnchor(const Anchor& anchor, const ClockReading& now,
                       GuardVerdict& verdict) {
  const Micros gained = now.wall - anchor.wall;
  const Micros unseen = gained - TimeSeen(anchor, now);
  if (gained < -kClockTolerance) {
    verdict.facts.insert(ClockFact::kBehindAnchor);
  }
  if (now.boot_id == anchor.boot_id) {
    // Unbroken boot time bears witness: without a step nothing is unseen.
    if (std::chrono::abs(unseen) > kClockTolerance) {
      verdict.facts.insert(ClockFact::kStepped);
    }
    return;
  }
  if (unseen <= kClockTolerance || now.kernel_synchronised) return;
  verdict.facts.insert(unseen <= kLongestUnseenTime
                           ? ClockFact::kUnseenTime
                           : ClockFact::kUnseenTimeTooLong);
  verdict.cutoff_shift = unseen;
}

// The rows that need none.
void CollectOtherFacts(const GuardInput& input, GuardVerdict& verdict) {
  if (input.now.wall < input.build_date) {
    verdict.facts.insert(ClockFact::kBeforeBuild);
  }
  if (!input.now.kernel_synchronised) {
    verdict.facts.insert(ClockFact::kUnsynchronised);
  }
  if (input.rows_ahead) verdict.facts.insert(ClockFact::kRowsAhead);
}

void TreatAsFirstStart(const GuardInput& input, GuardVerdict& verdict) {
  verdict.facts.insert(input.anchor_state == AnchorState::kUnreadable
                           ? ClockFact::kAnchorUnreadable
                           : ClockFact::kFirstStart);
  if (input.would_delete_all && !input.now.kernel_synchronised) {
    verdict.facts.insert(ClockFact::kWouldDeleteAll);
  }
}

bool HasDoubt(const GuardVerdict& verdict) {
  return std::any_of(verdict.facts.begin(), verdict.facts.end(), IsDoubt);
}

bool ObservedLongEnough(const ClockReading& since, const ClockReading& now) {
  return Consistent(since, now) &&
         now.boot_time - since.boot_time >= kObservationThatClears;
}

// Drops the doubts that a witness contradicts, or starts to count, or goes on.
void ResolveDoubts(const GuardInput& input, GuardVerdict& verdict) {
  const std::optional<ClockReading>& since = input.blocked_since;
  const bool doubted = HasDoubt(verdict);
  const bool contradicted =
      input.now.kernel_synchronised ||
      (since.has_value() && ObservedLongEnough(*since, input.now));
  if (doubted && !contradicted) {
    verdict.doubt_since =
        since.has_value() && Consistent(*since, input.now) ? *since : input.now;
    return;
  }
  verdict.cleared = doubted || since.has_value();
  verdict.cutoff_shift = Micros(0);
  std::erase_if(verdict.facts, IsDoubt);
}

}  // namespace

const char* NameOf(ClockFact fact) { return TraitsOf(fact).name; }

std::string SentenceOf(const std::string& name) {
  for (const FactTraits& traits : kFacts) {
    if (name == traits.name) return traits.sentence;
  }
  return name;
}

bool Blocks(ClockFact fact) { return TraitsOf(fact).blocks; }

bool GuardVerdict::blocked() const {
  return std::any_of(facts.begin(), facts.end(), Blocks);
}

bool GuardVerdict::may_anchor() const {
  return !HasDoubt(*this) && !facts.contains(ClockFact::kBeforeBuild);
}

GuardVerdict AssessClock(const GuardInput& input) {
  GuardVerdict verdict;
  if (input.anchor_state == AnchorState::kReadable &&
      input.anchor.has_value()) {
    CompareWithAnchor(*input.anchor, input.now, verdict);
  } else {
    TreatAsFirstStart(input, verdict);
  }
  CollectOtherFacts(input, verdict);
  ResolveDoubts(input, verdict);
  return verdict;
}

}  // namespace retentiond
