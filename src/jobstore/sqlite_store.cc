#include "jobstore/sqlite_store.h"

#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/sqlite_job_store.h"
#include "jobstore/sqlite_state.h"

namespace retentiond {
namespace {

// Names the database, where the message does not begin with it already.
absl::Status At(const std::filesystem::path& path, const absl::Status& status) {
  const std::string place = "database " + path.string();
  if (MessageOf(status).starts_with(place)) return status;
  return Annotate(status, place);
}

}  // namespace

absl::StatusOr<Database> OpenSqlite(const std::filesystem::path& path,
                                    const JobLayout& layout, OpenMode mode) {
  ASSIGN_OR_RETURN(std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, mode));
  // The jobs first: a database that is not the farm's gets no tables from us.
  absl::StatusOr<std::unique_ptr<SqliteJobStore>> jobs =
      SqliteJobStore::Open(connection, layout);
  if (!jobs.ok()) return At(path, jobs.status());
  Database database;
  database.jobs = *std::move(jobs);
  absl::StatusOr<std::unique_ptr<StateStore>> state =
      OpenSqliteState(connection, mode);
  if (!state.ok()) return At(path, state.status());
  database.state = *std::move(state);
  return database;
}

}  // namespace retentiond
