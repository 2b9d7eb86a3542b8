// Jobs and state in one PostgreSQL database, over one connection.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"
#include "jobstore/database.h"
#include "jobstore/postgres_closure.h"
#include "jobstore/postgres_connection.h"

namespace retentiond {

struct PostgresTarget {
  PostgresParameters parameters;
  std::string schema;  // of bare table names; empty: the role's own
  // None: as the server and the role's rights allow. For tests.
  std::optional<RowLocks> locks = {};
};

// Opens the database; kReadWrite creates or migrates the state tables.
// Errors as PostgresConnection::Open's, and: InvalidArgument (no job table, no
// such column: the message lists what there is), PermissionDenied (names the
// missing right), Unavailable (the server is a standby), FailedPrecondition
// (state of a newer version).
absl::StatusOr<Database> OpenPostgres(const PostgresTarget& target,
                                      const JobLayout& layout, OpenMode mode);

// A look at a database whose layout is not known yet: what `init` needs.
absl::StatusOr<Catalog> InspectPostgresCatalog(const PostgresTarget& target);
// The texts that occur in a column, at most 50, sorted.
absl::StatusOr<std::vector<std::string>> InspectPostgresValues(
    const PostgresTarget& target, const std::string& table,
    const std::string& column);

}  // namespace retentiond
