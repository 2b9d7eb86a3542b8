// What is done for the tables after the last batch, and what shows of it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "jobstore/job_store.h"
#include "jobstore/postgres_catalog.h"

namespace retentiond {

// Whether tables may be distributed over other servers (Citus).
enum class Distribution { kNone, kPossible };

// As JobStore::TableSizes. Dead rows are as the server's statistics have them;
// those of a distributed table are not known.
absl::StatusOr<std::vector<TableSize>> PostgresTableSizes(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const std::vector<std::string>& tables, Distribution distribution);

// VACUUM (ANALYZE) of one table after the other, each outside a transaction,
// for `longest` in all. Waits for no lock; what is locked, what the role does
// not own and what there is no time for is left to the server. Unavailable: the
// connection is lost.
absl::StatusOr<VacuumOutcome> VacuumPostgresTables(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const std::vector<std::string>& tables, Micros longest);

}  // namespace retentiond
