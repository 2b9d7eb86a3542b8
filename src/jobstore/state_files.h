// Pending files and the shield in the state. The writing functions are
// called inside an open transaction.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"
#include "jobstore/state_store.h"

namespace retentiond {

// As StateStore's methods.
absl::StatusOr<std::vector<PendingFile>> ReadPending(StateSql& connection,
                                                     PendingId after,
                                                     int limit);
absl::Status VisitShieldRows(
    StateSql& connection,
    const std::function<absl::Status(const ShieldedOutput&)>& visit);
absl::Status UpdateShieldRows(StateSql& connection,
                              const std::vector<ShieldedOutput>& outputs);

// Records what came of a batch's files, with its audit record; `run` is who
// removed them, none when they are given up.
absl::Status RecordOutcome(StateSql& connection, std::optional<RunId> run,
                           const FilesOutcome& outcome, Instant now);

// Inserts the batch's row, its pending entries (whose ids are filled in) and
// its outputs.
absl::StatusOr<BatchId> InsertBatch(StateSql& connection, RunId run,
                                    AuditSeq audit_seq, Instant now,
                                    Belongings& belongings);

// Inserts these into the shield, or notes that they were seen.
absl::Status ShieldOutputs(StateSql& connection,
                           const std::vector<ShieldedOutput>& outputs);

// As it stands in the state: "temporary", "log", ...
std::string_view NameOfKind(PendingFile::Kind kind);

// Drops what is older than 90 days, in its own transactions.
absl::Status PruneBatches(StateSql& connection, Instant now);

}  // namespace retentiond
