// The state tables of an SQLite database: their making and their version.
#pragma once

#include "absl/status/status.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

// Makes the tables ready for this program's queries. kReadWrite creates them or
// brings them up to date in one transaction; kReadOnly changes nothing, and
// where there are none lets the queries meet empty temporary ones.
// FailedPrecondition when their version does not fit this program.
absl::Status PrepareStateTables(SqliteConnection& connection, OpenMode mode);

}  // namespace retentiond
