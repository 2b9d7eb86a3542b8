// Jobs and state in one SQLite database, over one connection.
#pragma once

#include <filesystem>

#include "absl/status/statusor.h"
#include "jobstore/database.h"

namespace retentiond {

// Opens the database; kReadWrite creates or migrates the state tables.
// Errors, each naming the path and what to do: NotFound (no such file),
// InvalidArgument (a directory, not a database, encrypted, no job table, no
// such column: the message lists what there is), PermissionDenied (names the
// missing right), Aborted (locked by another), FailedPrecondition (state of a
// newer version).
absl::StatusOr<Database> OpenSqlite(const std::filesystem::path& path,
                                    const JobLayout& layout, OpenMode mode);

}  // namespace retentiond
