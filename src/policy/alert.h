// What a person is told of: conditions that stand for a while, and notices.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace retentiond {

enum class AlertKind {
  kRunFailed,       // a run was given up
  kRunPartial,      // a run ended, and left some of what had expired
  kBlocked,         // the clock guard forbids the run
  kLate,            // a slot's run has not begun, or began late
  kMissed,          // slots passed without a run
  kSlow,            // a run took much longer than runs use to
  kWindowCut,       // a run was ended by the schedule's window
  kFallingBehind,   // jobs arrive faster than the window drains them
  kLargeRun,        // the next run deletes much more than usual
  kHeldGrowing,     // many more jobs are held than usual
  kHeldLong,        // a job in work has been held for 30 days
  kUndatable,       // creation times that cannot be read
  kChainBroken,     // the audit records do not hang together
  kDatabase,        // the daemon cannot do its work with the database
  kTrouble,         // something else failed: a disk, the state directory
  kChannelFailing,  // a channel of these alerts takes no messages
};
const std::vector<AlertKind>& AllAlertKinds();
// "run-failed", "blocked", ...
const char* NameOf(AlertKind kind);
// For a heading: "The cleanup failed".
const char* TitleOf(AlertKind kind);

enum class AlertWeight { kInfo, kWarning, kCritical };
// "info", "warning", "critical".
const char* NameOf(AlertWeight weight);
AlertWeight WeightOf(AlertKind kind);

// What a condition is known by from its beginning to its end: its kind, and
// where several of a kind may stand, of what: "channel-failing:slack".
std::string AlertKeyOf(AlertKind kind, std::string_view subject = {});
// None where this program knows no such kind.
std::optional<AlertKind> AlertKindOf(std::string_view key);

// A condition that stands.
struct StandingAlert {
  std::string key;
  AlertWeight weight = AlertWeight::kWarning;
  std::string text;  // a sentence or more, without secrets
  Instant since;
  Instant told;  // when a person was last told of it

  friend bool operator==(const StandingAlert&, const StandingAlert&) = default;
};

enum class AlertEvent {
  kRaised,    // a condition has come up
  kStill,     // it stands for another day
  kResolved,  // it is over
  kNotice,    // something happened: a run has begun, or ended well
  kTest,      // somebody tries the channels
};
// "raised", "still", "resolved", "notice", "test".
const char* NameOf(AlertEvent event);
std::optional<AlertEvent> AlertEventOf(std::string_view name);
std::optional<AlertWeight> AlertWeightOf(std::string_view name);

// Keys of notices.
inline constexpr char kNoticeRunBegin[] = "run-begin";
inline constexpr char kNoticeRunSuccess[] = "run-success";

struct AlertMessage {
  std::string key;
  AlertEvent event = AlertEvent::kNotice;
  AlertWeight weight = AlertWeight::kInfo;
  std::string text = {};
  Instant since = {};           // of a condition: since when it stands
  Instant at = {};              // when there was reason for the message
  std::string audit_head = {};  // "SEQ:HASH" as it was then; empty: none

  friend bool operator==(const AlertMessage&, const AlertMessage&) = default;
};

// A place to which messages go, and which of them it takes.
struct AlertChannel {
  enum class Takes {
    kAll,
    kConditions,  // no notices
    kRuns,        // how runs begin and end, and blocks
  };
  std::string name;  // "slack"
  Takes takes = Takes::kAll;

  friend bool operator==(const AlertChannel&, const AlertChannel&) = default;
};
bool TakesMessage(const AlertChannel& channel, const AlertMessage& message);

// What was looked at, and what was found.
struct AlertReport {
  struct Condition {
    AlertKind kind{};
    std::string subject = {};  // see AlertKeyOf
    std::string text;
  };
  struct Notice {
    std::string key;
    std::string text;
  };

  // Keys of these that are no condition below do not stand any more.
  std::set<std::string> looked_at;
  std::vector<Condition> conditions;
  std::vector<Notice> notices;
  // Conditions of which people were told while the state could not be written.
  std::vector<StandingAlert> told_before;
  std::vector<AlertChannel> channels;

  // What was found later holds.
  void Add(const AlertReport& later);
  bool empty() const {
    return looked_at.empty() && conditions.empty() && notices.empty() &&
           told_before.empty();
  }
};

}  // namespace retentiond
