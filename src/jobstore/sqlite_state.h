// The state of an SQLite database.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/state_store.h"

namespace retentiond {

// kReadWrite creates or migrates the tables.
absl::StatusOr<std::unique_ptr<StateStore>> OpenSqliteState(
    std::shared_ptr<SqliteConnection> connection, OpenMode mode);

}  // namespace retentiond
