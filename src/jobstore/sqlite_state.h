// The state tables of a SQLite database (docs/state-format.md).
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/state_store.h"

namespace retentiond {

// kReadWrite creates or migrates the tables.
absl::StatusOr<std::unique_ptr<StateStore>> OpenSqliteState(
    std::shared_ptr<SqliteConnection> connection, OpenMode mode);

// The two below belong to a batch and are called inside its open transaction.

// FailedPrecondition when the lease has another epoch or no holder.
absl::Status CheckEpoch(SqliteConnection& connection, LeaseEpoch epoch);

// Writes all that a batch leaves in the state: `request.outcomes` (an audit
// record "files" each), the batch with its audit record ("batch", or "part"),
// its pending files, its outputs into the shield, the run's counts. Fills
// batch.id, batch.audit_seq and the ids of batch.belongings.pending.
absl::Status RecordBatch(SqliteConnection& connection,
                         const BatchRequest& request, Batch& batch);

}  // namespace retentiond
