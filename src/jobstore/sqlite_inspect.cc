#include "jobstore/sqlite_inspect.h"

#include <fmt/format.h>

#include "base/status_macros.h"
#include "jobstore/sqlite_catalog.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

absl::StatusOr<Catalog> InspectSqliteCatalog(
    const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(const std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, OpenMode::kReadOnly));
  return ReadSqliteCatalog(*connection);
}

absl::StatusOr<std::vector<std::string>> InspectSqliteValues(
    const std::filesystem::path& path, const std::string& table,
    const std::string& column) {
  ASSIGN_OR_RETURN(const std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, OpenMode::kReadOnly));
  ASSIGN_OR_RETURN(
      SqliteStatement statement,
      connection->Prepare(fmt::format(
          "SELECT DISTINCT {0} FROM {1} WHERE {0} IS NOT NULL ORDER BY 1 "
          "LIMIT 50",
          QuoteName(column), QuoteName(table))));
  std::vector<std::string> values;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return values;
    values.emplace_back(statement.Text(0));
  }
}

}  // namespace retentiond
