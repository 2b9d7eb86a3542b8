// What could be better in a PostgreSQL database, and what is done about it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/finding.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/postgres_catalog.h"
#include "jobstore/postgres_job_table.h"

namespace retentiond {

absl::StatusOr<std::vector<Finding>> CheckPostgres(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const PostgresJobTable& jobs);

// Creates the missing indexes on referring columns without locking out writers,
// and returns the statements. Partitioned tables are left: their indexes cannot
// be made so.
absl::StatusOr<std::vector<std::string>> CreateMissingPostgresIndexes(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan);

}  // namespace retentiond
