#include "jobstore/companion_index.h"

#include <utility>

#include "base/status_macros.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

CompanionIndex::CompanionIndex(std::shared_ptr<SqliteConnection> connection)
    : connection_(std::move(connection)) {}

absl::StatusOr<std::unique_ptr<CompanionIndex>> CompanionIndex::Open() {
  ASSIGN_OR_RETURN(std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::OpenScratch());
  RETURN_IF_ERROR(connection->Execute(
      "CREATE TABLE companion(root BLOB, file BLOB, name BLOB, "
      "PRIMARY KEY (root, file, name)) WITHOUT ROWID; BEGIN"));
  return std::unique_ptr<CompanionIndex>(
      new CompanionIndex(std::move(connection)));
}

absl::Status CompanionIndex::Add(const std::string& root,
                                 const std::string& file,
                                 const std::string& companion) {
  ASSIGN_OR_RETURN(SqliteStatement statement,
                   connection_->Prepare(
                       "INSERT OR IGNORE INTO companion VALUES (?1, ?2, ?3)"));
  statement.BindBlob(1, root).BindBlob(2, file);
  return statement.BindBlob(3, companion).Run();
}

absl::StatusOr<std::vector<std::string>> CompanionIndex::Find(
    const std::string& root, const std::string& file) {
  ASSIGN_OR_RETURN(
      SqliteStatement statement,
      connection_->Prepare("SELECT name FROM companion WHERE root = ?1 AND "
                           "file = ?2 ORDER BY name"));
  statement.BindBlob(1, root).BindBlob(2, file);
  std::vector<std::string> names;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return names;
    names.emplace_back(statement.Text(0));
  }
}

}  // namespace retentiond
