// The runs in the SQLite state. The writing functions are called inside an open
// transaction.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/state_store.h"

namespace retentiond {

absl::StatusOr<std::optional<LocalDate>> ReadLastSlot(
    SqliteConnection& connection);
absl::Status WriteLastSlot(SqliteConnection& connection, LocalDate date);

absl::StatusOr<std::optional<RunRecord>> ReadOpenRun(
    SqliteConnection& connection);
absl::StatusOr<std::vector<RunRecord>> ReadRuns(SqliteConnection& connection,
                                                int limit);

// As StateStore's methods.
absl::StatusOr<RunId> BeginRunRow(SqliteConnection& connection,
                                  const RunRecord& run);
absl::Status UpdateRunRow(SqliteConnection& connection, const RunRecord& run);
absl::Status CloseRunRow(SqliteConnection& connection, const RunRecord& run,
                         Instant now);
absl::Status RecordBlockedRow(SqliteConnection& connection,
                              const RunRecord& run, Instant now);

// Adds what a batch deleted to an open run; FailedPrecondition when the run is
// not open.
absl::Status AddDeletedRows(SqliteConnection& connection, RunId run,
                            const Batch& batch);
// Adds removed files to a run, open or closed; FailedPrecondition when there is
// no such run.
absl::Status AddRemovedFiles(SqliteConnection& connection, RunId run,
                             const FilesOutcome& outcome);

}  // namespace retentiond
