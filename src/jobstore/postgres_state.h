// The state of a PostgreSQL database: the schema "retentiond".
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/postgres_connection.h"
#include "jobstore/state_sql.h"
#include "jobstore/state_store.h"

namespace retentiond {

inline constexpr char kPostgresStateSchema[] = "retentiond";

// kReadWrite creates or migrates the tables. PermissionDenied names the
// statement by which an administrator makes the schema for the role.
absl::StatusOr<std::unique_ptr<StateStore>> OpenPostgresState(
    std::shared_ptr<PostgresConnection> connection, OpenMode mode);

// The state's queries over a PostgreSQL connection, which must outlive this.
class PostgresStateSql : public StateSql {
 public:
  enum class Tables { kPresent, kAbsent };  // absent: they read as empty

  PostgresStateSql(PostgresConnection& connection, Tables tables)
      : connection_(connection), tables_(tables) {}

  absl::StatusOr<std::unique_ptr<StateStatement>> Prepare(
      const std::string& sql) override;
  std::int64_t changes() const override { return changes_; }
  // Takes the lock that every writer of the state takes, that of the lease's
  // row: writers run one at a time, as the audit chain needs it, and nobody
  // takes the lease over between our check of it and our commit.
  absl::Status Begin() override;
  absl::Status Commit() override;
  void Rollback() override { transaction_.reset(); }
  std::string Contains(const std::string& column,
                       const std::string& parameter) const override;
  absl::StatusOr<std::optional<ServerClock>> ReadServerClock() override;

  // The lock that Begin takes, for a transaction that is open already.
  static absl::Status LockLease(PostgresConnection& connection);

  PostgresConnection& connection() { return connection_; }
  Tables tables() const { return tables_; }
  void set_changes(std::int64_t changes) { changes_ = changes; }

 private:
  PostgresConnection& connection_;
  Tables tables_;
  std::int64_t changes_ = 0;
  std::optional<PostgresConnection::Transaction> transaction_;
};

}  // namespace retentiond
