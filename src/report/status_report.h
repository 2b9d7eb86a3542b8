// What the daemon is doing, for `status` and for whoever asks over HTTP.
#pragma once

#include "absl/status/statusor.h"
#include "jobstore/database.h"
#include "policy/scheduler.h"
#include "report/json_text.h"

namespace retentiond {

// As it stands at `now` in a database that may be opened read-only. The
// schedule is that of ScheduleInEffect.
absl::StatusOr<StatusReport> MakeStatusReport(Database& database,
                                              const Schedule& schedule,
                                              Instant now);

}  // namespace retentiond
