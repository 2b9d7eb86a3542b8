// Each row of the table in docs/clock-guard.md is decided by itself, so that
// a second anomaly is not hidden by the first. Only then is asked whether
// somebody independent of the wall clock contradicts the doubts.
#include "policy/clock_guard.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <vector>

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
    FactTraits{ClockFact::kServerOff, "server-off", true,
               "the clock of the database's server differs by more than an "
               "hour"},
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
    FactTraits{ClockFact::kServerSkewed, "server-skewed", false,
               "the clock of the database's server differs by more than a "
               "minute"},
    FactTraits{ClockFact::kSlotAhead, "slot-ahead", false,
               "the last cleanup is recorded for a date that is still to come"},
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

// What forbids to trust the reading.
bool IsDoubt(ClockFact fact) {
  return Blocks(fact) || fact == ClockFact::kUnseenTime ||
         fact == ClockFact::kSlotAhead;
}

// What 168 h of observed time put an end to. Unseen time needs no such count:
// it goes by itself, as each stretch of it comes to lie 168 h back.
bool IsObserved(ClockFact fact) {
  return Blocks(fact) || fact == ClockFact::kSlotAhead;
}

template <typename Predicate>
bool AnyFact(const GuardVerdict& verdict, Predicate predicate) {
  return std::any_of(verdict.facts.begin(), verdict.facts.end(), predicate);
}

bool HasAnchor(const GuardInput& input) {
  return input.anchor_state == AnchorState::kReadable &&
         input.anchor.has_value();
}

ClockReading ReadingOf(const Anchor& anchor) {
  return {.wall = anchor.wall,
          .boot_id = anchor.boot_id,
          .boot_time = anchor.boot_time};
}

SeenTime AccountOf(const GuardInput& input) {
  if (input.seen.has_value()) return *input.seen;
  return BeginSeenTime(HasAnchor(input) ? ReadingOf(*input.anchor) : input.now);
}

bool AnchorOfThisBoot(const GuardInput& input) {
  return HasAnchor(input) && input.anchor->boot_id == input.now.boot_id;
}

// Then the boot bears witness: since the anchor nothing is unseen.
bool KeptStepSinceAnchor(const GuardInput& input) {
  return HasAnchor(input) && KeptStep(ReadingOf(*input.anchor), input.now);
}

void CompareWithPast(const GuardInput& input, GuardVerdict& verdict) {
  const ClockReading& now = input.now;
  const Instant last =
      HasAnchor(input) ? input.anchor->wall : verdict.seen.since;
  if (now.wall < last - kClockTolerance) {
    verdict.facts.insert(ClockFact::kBehindAnchor);
  }
  const bool stepped = AnchorOfThisBoot(input)
                           ? !KeptStepSinceAnchor(input)
                           : SteppedWithinBoot(verdict.seen, now);
  if (stepped) verdict.facts.insert(ClockFact::kStepped);
}

// How far the server of another machine is off; none without one.
std::optional<Micros> ServerDistance(const GuardInput& input) {
  if (!input.server.has_value() || !input.server->elsewhere) {
    return std::nullopt;
  }
  return std::chrono::abs(input.server->wall - input.now.wall);
}

bool Witnessed(const GuardInput& input) {
  const std::optional<Micros> server = ServerDistance(input);
  return input.now.kernel_synchronised ||
         (server.has_value() && *server <= kWitnessAgrees);
}

void NoteFirstStart(const GuardInput& input, GuardVerdict& verdict) {
  if (input.anchor_state == AnchorState::kUnreadable || input.copy_unreadable) {
    verdict.facts.insert(ClockFact::kAnchorUnreadable);
  }
  if (HasAnchor(input)) return;
  if (input.anchor_state == AnchorState::kNone) {
    verdict.facts.insert(ClockFact::kFirstStart);
  }
  if (input.would_delete_all.value_or(false) && !Witnessed(input)) {
    verdict.facts.insert(ClockFact::kWouldDeleteAll);
  }
}

void CollectOtherFacts(const GuardInput& input, GuardVerdict& verdict) {
  const std::optional<Micros> server = ServerDistance(input);
  if (server.has_value() && *server > kServerBlocks) {
    verdict.facts.insert(ClockFact::kServerOff);
  } else if (server.has_value() && *server > kWitnessAgrees) {
    verdict.facts.insert(ClockFact::kServerSkewed);
  }
  if (input.now.wall < input.build_date) {
    verdict.facts.insert(ClockFact::kBeforeBuild);
  }
  if (!input.now.kernel_synchronised) {
    verdict.facts.insert(ClockFact::kUnsynchronised);
  }
  if (input.rows_ahead) verdict.facts.insert(ClockFact::kRowsAhead);
  if (input.slot_ahead) verdict.facts.insert(ClockFact::kSlotAhead);
}

// Whether the count of observed time that began at `since` still goes on: a
// step within its boot, or a clock that went back behind it, begins it anew.
bool CountGoesOn(const ClockReading& since, const ClockReading& now) {
  return since.boot_id == now.boot_id
             ? KeptStep(since, now)
             : now.wall >= since.wall - kClockTolerance;
}

bool ObservedLongEnough(const GuardInput& input, const SeenTime& seen) {
  const std::optional<ClockReading>& since = input.blocked_since;
  if (!since.has_value() || !CountGoesOn(*since, input.now)) return false;
  const Micros observed = since->boot_id == input.now.boot_id
                              ? input.now.boot_time - since->boot_time
                              : SeenBetween(seen, since->wall, input.now.wall);
  return observed >= kObservationThatClears;
}

void NoteUnseenTime(const GuardInput& input, bool observed,
                    GuardVerdict& verdict) {
  // A step that blocks says it already.
  if (verdict.facts.contains(ClockFact::kStepped) && !observed) return;
  if (KeptStepSinceAnchor(input) || Witnessed(input)) return;
  const Micros unseen = UnseenUntil(verdict.seen, input.now.wall);
  if (unseen <= kClockTolerance) return;
  verdict.unseen = unseen;
  verdict.facts.insert(unseen <= kLongestUnseenTime || observed
                           ? ClockFact::kUnseenTime
                           : ClockFact::kUnseenTimeTooLong);
}

// Drops the doubts that somebody else contradicts, or that were watched for
// long enough; begins to count, or goes on.
void ResolveDoubts(const GuardInput& input, bool observed,
                   GuardVerdict& verdict) {
  const std::optional<ClockReading>& since = input.blocked_since;
  const bool server_off = verdict.facts.contains(ClockFact::kServerOff);
  const bool slot_ahead = verdict.facts.contains(ClockFact::kSlotAhead);
  bool doubted = AccountOf(input).doubted || (since.has_value() && !server_off);
  std::erase_if(verdict.facts, [&](ClockFact fact) {
    // One witness does not outvote another: a server that is off blocks though
    // the kernel is content.
    const bool resolved =
        (observed && IsObserved(fact)) ||
        (Witnessed(input) && IsDoubt(fact) && fact != ClockFact::kServerOff);
    doubted = doubted || (resolved && fact != ClockFact::kServerOff);
    return resolved;
  });
  const bool in_doubt = AnyFact(verdict, IsDoubt);
  // What was watched for long enough is set right by the next anchor, which
  // unseen time puts off and a server's clock does not heed: these stay
  // overruled.
  const bool overruled = observed && (server_off || in_doubt);
  if (AnyFact(verdict, IsObserved) || overruled) {
    verdict.doubt_since = since.has_value() && CountGoesOn(*since, input.now)
                              ? *since
                              : input.now;
  }
  verdict.seen.doubted = in_doubt;
  verdict.cleared = doubted && !in_doubt;
  verdict.confirmed = verdict.cleared && (observed || Witnessed(input));
  const bool asked = HasAnchor(input) || input.would_delete_all.has_value();
  if (!asked && since.has_value() && !verdict.confirmed) {
    // That the rows would all go may be what it is about.
    verdict.doubt_since = CountGoesOn(*since, input.now) ? *since : input.now;
    verdict.seen.doubted = AccountOf(input).doubted || in_doubt;
    verdict.cleared = false;
  }
  verdict.slot_is_wrong =
      slot_ahead && !verdict.facts.contains(ClockFact::kSlotAhead) && !in_doubt;
}

}  // namespace

std::vector<ClockFact> AllClockFacts() {
  std::vector<ClockFact> facts;
  for (const FactTraits& traits : kFacts) facts.push_back(traits.fact);
  return facts;
}

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
  return !AnyFact(*this, IsDoubt) && !facts.contains(ClockFact::kBeforeBuild);
}

GuardVerdict AssessClock(const GuardInput& input) {
  GuardVerdict verdict;
  verdict.seen = Observe(AccountOf(input), input.now);
  CompareWithPast(input, verdict);
  NoteFirstStart(input, verdict);
  CollectOtherFacts(input, verdict);
  const bool observed = ObservedLongEnough(input, verdict.seen);
  NoteUnseenTime(input, observed, verdict);
  ResolveDoubts(input, observed, verdict);
  return verdict;
}

Instant CutoffBy(const GuardVerdict& verdict, const Slot& slot, Instant now) {
  const Micros retention =
      std::min<Micros>(slot.start - slot.cutoff, kRetention);
  return std::min(slot.cutoff, now - retention - verdict.unseen);
}

}  // namespace retentiond
