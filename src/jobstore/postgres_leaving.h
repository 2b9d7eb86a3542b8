// What the state holds of partitions that are leaving: for each some of their
// jobs' audit facts and entries on disk, which count for nothing until the
// transaction that drops the partition makes batches of them. What a crash or a
// change of mind leaves behind is thrown away.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/job_store.h"
#include "jobstore/state_sql.h"

namespace retentiond {

// All are called inside an open transaction. `partition`: its oid.

// Notes a batch of jobs that are to go with the partition; its outputs are
// shielded from now on.
absl::Status NoteLeaving(StateSql& state, std::int64_t partition,
                         std::int64_t number, const BatchRequest& request,
                         const Batch& batch);

// Makes batches with audit records, and pending entries, of what was noted, in
// the order of its numbers; says how many notes there were.
absl::StatusOr<std::int64_t> RecordDeparture(StateSql& state,
                                             std::int64_t partition,
                                             const BatchRequest& request);

// Throws away all that was noted.
absl::Status ForgetLeaving(StateSql& state);

}  // namespace retentiond
