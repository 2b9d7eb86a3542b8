// The state's queries over an SQLite connection.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "jobstore/sqlite_connection.h"
#include "jobstore/state_sql.h"

namespace retentiond {

// The connection must outlive this.
class SqliteStateSql : public StateSql {
 public:
  explicit SqliteStateSql(SqliteConnection& connection)
      : connection_(connection) {}

  absl::StatusOr<std::unique_ptr<StateStatement>> Prepare(
      const std::string& sql) override;
  std::int64_t changes() const override { return connection_.changes(); }
  absl::Status Begin() override;
  absl::Status Commit() override;
  void Rollback() override { transaction_.reset(); }
  std::string Contains(const std::string& column,
                       const std::string& parameter) const override;

 private:
  SqliteConnection& connection_;
  std::optional<SqliteConnection::Transaction> transaction_;
};

}  // namespace retentiond
