// Pending files and the shield in the SQLite state. The writing functions are
// called inside an open transaction.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/state_store.h"

namespace retentiond {

// As StateStore's methods.
absl::StatusOr<std::vector<PendingFile>> ReadPending(
    SqliteConnection& connection, PendingId after, int limit);
absl::Status VisitShieldRows(
    SqliteConnection& connection,
    const std::function<absl::Status(const ShieldedOutput&)>& visit);
absl::Status UpdateShieldRows(SqliteConnection& connection,
                              const std::vector<ShieldedOutput>& outputs);

// Records what came of a batch's files, with its audit record; `run` is who
// removed them, none when they are given up.
absl::Status RecordOutcome(SqliteConnection& connection,
                           std::optional<RunId> run,
                           const FilesOutcome& outcome, Instant now);

// Inserts the batch's row, its pending entries (whose ids are filled in) and
// its outputs.
absl::StatusOr<BatchId> InsertBatch(SqliteConnection& connection, RunId run,
                                    AuditSeq audit_seq, Instant now,
                                    Belongings& belongings);

// Drops what is older than 90 days, in its own transactions.
absl::Status PruneBatches(SqliteConnection& connection, Instant now);

}  // namespace retentiond
