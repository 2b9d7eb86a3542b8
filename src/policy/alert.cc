#include "policy/alert.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace retentiond {
namespace {

struct Traits {
  AlertKind kind;
  const char* name;
  const char* title;
  AlertWeight weight;
};

constexpr std::array<Traits, 16> kTraits = {{
    {AlertKind::kRunFailed, "run-failed", "The cleanup failed",
     AlertWeight::kCritical},
    {AlertKind::kRunPartial, "run-partial", "The cleanup left something undone",
     AlertWeight::kWarning},
    {AlertKind::kBlocked, "blocked", "The cleanup is blocked",
     AlertWeight::kCritical},
    {AlertKind::kLate, "late", "The cleanup is late", AlertWeight::kWarning},
    {AlertKind::kMissed, "missed", "Cleanups were missed",
     AlertWeight::kCritical},
    {AlertKind::kSlow, "slow", "The cleanup was slow", AlertWeight::kWarning},
    {AlertKind::kWindowCut, "window-cut", "The cleanup did not fit its window",
     AlertWeight::kWarning},
    {AlertKind::kFallingBehind, "falling-behind",
     "Jobs arrive faster than the cleanup deletes them",
     AlertWeight::kCritical},
    {AlertKind::kLargeRun, "large-run", "A large cleanup is ahead",
     AlertWeight::kWarning},
    {AlertKind::kHeldGrowing, "held-growing", "More and more jobs are held",
     AlertWeight::kWarning},
    {AlertKind::kHeldLong, "held-long", "A job has been held for 30 days",
     AlertWeight::kWarning},
    {AlertKind::kUndatable, "undatable-rows",
     "Jobs have no readable creation time", AlertWeight::kWarning},
    {AlertKind::kChainBroken, "chain-broken", "The audit chain is broken",
     AlertWeight::kCritical},
    {AlertKind::kDatabase, "database-trouble",
     "The database cannot be worked with", AlertWeight::kCritical},
    {AlertKind::kTrouble, "trouble", "Something failed", AlertWeight::kWarning},
    {AlertKind::kChannelFailing, "channel-failing",
     "A channel takes no messages", AlertWeight::kCritical},
}};

constexpr std::array<AlertEvent, 5> kEvents = {
    AlertEvent::kRaised, AlertEvent::kStill, AlertEvent::kResolved,
    AlertEvent::kNotice, AlertEvent::kTest};

constexpr std::array<AlertWeight, 3> kWeights = {
    AlertWeight::kInfo, AlertWeight::kWarning, AlertWeight::kCritical};

const Traits& TraitsOf(AlertKind kind) {
  return *std::find_if(kTraits.begin(), kTraits.end(),
                       [kind](const Traits& t) { return t.kind == kind; });
}

template <typename Values>
std::optional<typename Values::value_type> Named(const Values& values,
                                                 std::string_view name) {
  for (const auto value : values) {
    if (NameOf(value) == name) return value;
  }
  return std::nullopt;
}

}  // namespace

const std::vector<AlertKind>& AllAlertKinds() {
  static const std::vector<AlertKind> kinds = [] {
    std::vector<AlertKind> all;
    for (const Traits& traits : kTraits) all.push_back(traits.kind);
    return all;
  }();
  return kinds;
}

const char* NameOf(AlertKind kind) { return TraitsOf(kind).name; }
const char* TitleOf(AlertKind kind) { return TraitsOf(kind).title; }
AlertWeight WeightOf(AlertKind kind) { return TraitsOf(kind).weight; }

const char* NameOf(AlertWeight weight) {
  switch (weight) {
    case AlertWeight::kInfo:
      return "info";
    case AlertWeight::kWarning:
      return "warning";
    case AlertWeight::kCritical:
      return "critical";
  }
  return "";  // GCOV_EXCL_LINE: all returned
}

const char* NameOf(AlertEvent event) {
  switch (event) {
    case AlertEvent::kRaised:
      return "raised";
    case AlertEvent::kStill:
      return "still";
    case AlertEvent::kResolved:
      return "resolved";
    case AlertEvent::kNotice:
      return "notice";
    case AlertEvent::kTest:
      return "test";
  }
  return "";  // GCOV_EXCL_LINE: all returned
}

std::string AlertKeyOf(AlertKind kind, std::string_view subject) {
  std::string key = NameOf(kind);
  if (!subject.empty()) key.append(":").append(subject);
  return key;
}

std::optional<AlertKind> AlertKindOf(std::string_view key) {
  return Named(AllAlertKinds(), key.substr(0, key.find(':')));
}

std::optional<AlertEvent> AlertEventOf(std::string_view name) {
  return Named(kEvents, name);
}

std::optional<AlertWeight> AlertWeightOf(std::string_view name) {
  return Named(kWeights, name);
}

void AlertReport::Add(const AlertReport& later) {
  std::set<std::string> newer = later.looked_at;
  for (const Condition& condition : later.conditions) {
    newer.insert(AlertKeyOf(condition.kind, condition.subject));
  }
  std::erase_if(conditions, [&newer](const Condition& condition) {
    return newer.contains(AlertKeyOf(condition.kind, condition.subject));
  });
  looked_at.insert(later.looked_at.begin(), later.looked_at.end());
  conditions.insert(conditions.end(), later.conditions.begin(),
                    later.conditions.end());
  notices.insert(notices.end(), later.notices.begin(), later.notices.end());
}

bool TakesMessage(const AlertChannel& channel, const AlertMessage& message) {
  const std::optional<AlertKind> kind = AlertKindOf(message.key);
  // It could not be told of itself.
  if (message.key == AlertKeyOf(AlertKind::kChannelFailing, channel.name)) {
    return false;
  }
  const bool of_a_run =
      message.key == kNoticeRunBegin || message.key == kNoticeRunSuccess ||
      kind == AlertKind::kRunFailed || kind == AlertKind::kRunPartial ||
      kind == AlertKind::kBlocked;
  switch (channel.takes) {
    case AlertChannel::Takes::kAll:
      // That it begins is for whoever counts the minutes until it ends.
      return message.key != kNoticeRunBegin;
    case AlertChannel::Takes::kConditions:
      return message.event != AlertEvent::kNotice;
    case AlertChannel::Takes::kRuns:
      return of_a_run && message.event != AlertEvent::kResolved;
  }
  return false;  // GCOV_EXCL_LINE: all returned
}

}  // namespace retentiond
