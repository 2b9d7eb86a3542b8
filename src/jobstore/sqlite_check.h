// What could be better in an SQLite database of jobs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/finding.h"
#include "jobstore/catalog.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/sqlite_job_table.h"

namespace retentiond {

// How many rows of one table are looked at for orphaned rows, so that a check
// ends within seconds on any farm.
inline constexpr std::int64_t kCheckedRows = 2'000'000;

absl::StatusOr<std::vector<Finding>> CheckSqlite(
    SqliteConnection& connection, const Catalog& catalog,
    const DeletionPlan& plan, const SqliteJobTable& jobs,
    std::int64_t checked_rows = kCheckedRows);

// CREATE INDEX statements for the referring columns that have none.
std::vector<std::string> MissingIndexStatements(const DeletionPlan& plan);

}  // namespace retentiond
