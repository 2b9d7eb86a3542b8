#include "jobstore/postgres_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/postgres_job_store.h"
#include "jobstore/postgres_state.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

// Names the database, where the message does not begin with it already.
absl::Status At(const PostgresConnection& connection,
                const absl::Status& status) {
  const std::string place = "database " + connection.place();
  if (MessageOf(status).starts_with(place)) return status;
  return Annotate(status, place);
}

// A standby takes no deletions; when it is promoted, it does.
absl::Status CheckIsPrimary(PostgresConnection& connection) {
  ASSIGN_OR_RETURN(const auto standby,
                   connection.QueryText("SELECT pg_is_in_recovery()::text"));
  if (standby.value_or("false") == "false") return absl::OkStatus();
  return absl::UnavailableError(
      "the server is in recovery, a standby that takes no changes; standing by "
      "until it is the primary (target_session_attrs=read-write with several "
      "hosts in the URL finds the primary by itself)");
}

}  // namespace

absl::StatusOr<Database> OpenPostgres(const PostgresTarget& target,
                                      const JobLayout& layout, OpenMode mode) {
  ASSIGN_OR_RETURN(const std::shared_ptr<PostgresConnection> connection,
                   PostgresConnection::Open(target.parameters));
  if (mode == OpenMode::kReadWrite) {
    const absl::Status primary = CheckIsPrimary(*connection);
    if (!primary.ok()) return At(*connection, primary);
  }
  // The jobs first: a database that is not the farm's gets no tables from us.
  absl::StatusOr<std::unique_ptr<PostgresJobStore>> jobs =
      PostgresJobStore::Open(connection, layout, target.schema, target.locks);
  if (!jobs.ok()) return At(*connection, jobs.status());
  Database database;
  database.jobs = *std::move(jobs);
  absl::StatusOr<std::unique_ptr<StateStore>> state =
      OpenPostgresState(connection, mode);
  if (!state.ok()) return At(*connection, state.status());
  database.state = *std::move(state);
  return database;
}

absl::StatusOr<Catalog> InspectPostgresCatalog(const PostgresTarget& target) {
  ASSIGN_OR_RETURN(const std::shared_ptr<PostgresConnection> connection,
                   PostgresConnection::Open(target.parameters));
  ASSIGN_OR_RETURN(PostgresCatalog catalog,
                   ReadPostgresCatalog(*connection, target.schema));
  return std::move(catalog.catalog);
}

absl::StatusOr<std::vector<std::string>> InspectPostgresValues(
    const PostgresTarget& target, const std::string& table,
    const std::string& column) {
  ASSIGN_OR_RETURN(const std::shared_ptr<PostgresConnection> connection,
                   PostgresConnection::Open(target.parameters));
  ASSIGN_OR_RETURN(const PostgresCatalog catalog,
                   ReadPostgresCatalog(*connection, target.schema));
  const auto found = catalog.tables.find(table);
  if (found == catalog.tables.end()) {
    return absl::NotFoundError(fmt::format("no table \"{}\"", table));
  }
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection->Query(fmt::format(
          "SELECT DISTINCT {0}::text COLLATE \"C\" FROM {1} WHERE {0} IS NOT "
          "NULL ORDER BY 1 LIMIT 50",
          QuoteName(column), found->second.only)));
  std::vector<std::string> values;
  for (int i = 0; i < rows.size(); ++i) values.emplace_back(rows.Text(i, 0));
  return values;
}

}  // namespace retentiond
