// The state tables of a PostgreSQL database: their making and their version.
#pragma once

#include "absl/status/statusor.h"
#include "jobstore/postgres_state.h"

namespace retentiond {

// Makes the tables ready for this program's queries. kReadWrite creates them or
// brings them up to date in one transaction; kReadOnly changes nothing.
// FailedPrecondition when their version does not fit this program.
absl::StatusOr<PostgresStateSql::Tables> PreparePostgresStateTables(
    PostgresConnection& connection, OpenMode mode);

}  // namespace retentiond
