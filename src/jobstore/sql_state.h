// The state store of a database that speaks SQL (docs/state-format.md).
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "jobstore/database.h"
#include "jobstore/state_sql.h"

namespace retentiond {

// `sql`: a database whose tables are there and of the present version, or that
// answers as if they were empty (kReadOnly).
std::unique_ptr<StateStore> MakeSqlState(std::unique_ptr<StateSql> sql,
                                         OpenMode mode);

// The two below belong to a batch and are called inside its open transaction.

// FailedPrecondition when the lease has another epoch or no holder.
absl::Status CheckEpoch(StateSql& connection, LeaseEpoch epoch);

// Writes all that a batch leaves in the state: `request.outcomes` (an audit
// record "files" each), the batch with its audit record ("batch", or "part"),
// its pending files, its outputs into the shield, the run's counts. Fills
// batch.id, batch.audit_seq and the ids of batch.belongings.pending.
absl::Status RecordBatch(StateSql& connection, const BatchRequest& request,
                         Batch& batch);

}  // namespace retentiond
