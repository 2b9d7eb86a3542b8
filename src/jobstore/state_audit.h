// The audit chain in the state.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"
#include "jobstore/state_store.h"

namespace retentiond {

absl::StatusOr<std::optional<AuditHead>> ReadAuditHead(StateSql& connection);

// Called inside an open transaction, which serialises the chain.
absl::StatusOr<AuditHead> AppendAuditRecord(StateSql& connection,
                                            std::optional<RunId> run,
                                            const std::string& event,
                                            const std::string& facts,
                                            Instant now);

// As StateStore's methods. They read in pages, and none is open while `visit`
// runs.
absl::Status VisitAuditRecords(StateSql& connection, AuditSeq from,
                               const AuditVisitor& visit);
absl::StatusOr<std::optional<AuditRecord>> FindDeletionRecord(
    StateSql& connection, const JobId& id);

// Drops the records that are older than 400 days, in its own transactions, once
// the oldest of them has lain 30 days longer.
absl::Status PruneAudit(StateSql& connection, Instant now);

}  // namespace retentiond
