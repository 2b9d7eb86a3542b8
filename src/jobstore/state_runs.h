// The runs in the state. The writing functions are called inside an open
// transaction.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"
#include "jobstore/state_store.h"

namespace retentiond {

absl::StatusOr<std::optional<LocalDate>> ReadLastSlot(StateSql& connection);
absl::Status WriteLastSlot(StateSql& connection, LocalDate date);

absl::StatusOr<std::optional<RunRecord>> ReadOpenRun(StateSql& connection);
absl::StatusOr<std::vector<RunRecord>> ReadRuns(StateSql& connection,
                                                int limit);
absl::StatusOr<std::vector<RunRecord>> ReadRunsOf(
    StateSql& connection, const std::vector<RunOutcome>& outcomes, int limit);

// As StateStore's methods.
absl::StatusOr<RunId> BeginRunRow(StateSql& connection, const RunRecord& run);
absl::Status UpdateRunRow(StateSql& connection, const RunRecord& run);
absl::Status CloseRunRow(StateSql& connection, const RunRecord& run,
                         Instant now);
absl::Status RecordBlockedRow(StateSql& connection, const RunRecord& run,
                              Instant now);

// Adds what a batch deleted to an open run; FailedPrecondition when the run is
// not open.
absl::Status AddDeletedRows(StateSql& connection, RunId run,
                            const Batch& batch);
// Adds removed files to a run, open or closed; FailedPrecondition when there is
// no such run.
absl::Status AddRemovedFiles(StateSql& connection, RunId run,
                             const FilesOutcome& outcome);

}  // namespace retentiond
