// What the daemon is doing, for `status` and for whoever asks over HTTP.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/database.h"
#include "policy/scheduler.h"
#include "policy/slot.h"

namespace retentiond {

struct StatusReport {
  std::string state;   // "idle", "running", "interrupted", "blocked"
  std::string reason;  // why it is not simply idle; may be empty
  Instant now;         // when that was so
  Slot next;
  std::string timezone;  // of the schedule
  std::optional<RunRecord> last_run;
  LeaseView lease;
  std::optional<RunRecord> running;
  DatabaseSize size;
  std::vector<StandingAlert> alerts;  // that stand
  OutboxView outbox;
};

// Of a run as it stands in the state: the name of its outcome, "interrupted" or
// "blocked" for an open run that nobody leads; none while it is running.
std::optional<std::string> OutcomeOf(const RunRecord& run);

// As it stands at `now` in a database that may be opened read-only. The
// schedule is that of ScheduleInEffect.
absl::StatusOr<StatusReport> MakeStatusReport(Database& database,
                                              const Schedule& schedule,
                                              Instant now);

}  // namespace retentiond
