#include "jobstore/sqlite_store.h"

#include <memory>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/sqlite_job_store.h"
#include "jobstore/sqlite_state.h"

namespace retentiond {

absl::StatusOr<Database> OpenSqlite(const std::filesystem::path& path,
                                    const JobLayout& layout, OpenMode mode) {
  ASSIGN_OR_RETURN(std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, mode));
  // The jobs first: a database that is not the farm's gets no tables from us.
  absl::StatusOr<std::unique_ptr<SqliteJobStore>> jobs =
      SqliteJobStore::Open(connection, layout);
  if (!jobs.ok()) {
    return Annotate(jobs.status(), "database " + path.string());
  }
  Database database;
  database.jobs = *std::move(jobs);
  absl::StatusOr<std::unique_ptr<StateStore>> state =
      OpenSqliteState(connection, mode);
  if (!state.ok()) {
    return Annotate(state.status(), "database " + path.string());
  }
  database.state = *std::move(state);
  return database;
}

}  // namespace retentiond
