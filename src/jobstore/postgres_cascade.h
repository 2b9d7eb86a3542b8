// Turns a plain reference into a cascade.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/postgres_catalog.h"

namespace retentiond {

// The statements that do it, in their order: each is a transaction of its own.
// All else that the constraint says stays.
absl::StatusOr<std::vector<std::string>> CascadeStatements(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const Reference& reference);

// The statements that finish what was interrupted between the two: they
// validate the cascades of `table` that lead to a job or dependent.
absl::StatusOr<std::vector<std::string>> ValidationStatements(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const std::string& table);

// As JobStore::AddCascade; also finishes what was interrupted. Others wait for
// us for at most two seconds at a time; Aborted: the table was locked for too
// long, or is partitioned and takes longer to validate, and nothing more was
// changed.
absl::StatusOr<std::vector<std::string>> AddPostgresCascade(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const std::string& table);

}  // namespace retentiond
