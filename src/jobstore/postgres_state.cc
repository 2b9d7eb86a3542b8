#include "jobstore/postgres_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/postgres_state_schema.h"
#include "jobstore/sql_state.h"

namespace retentiond {
namespace {

// "?1" as "$1", and retentiond_run as retentiond.run. The state's statements
// are constants that hold neither in any other meaning.
std::string Translate(const std::string& sql) {
  static constexpr std::string_view kPrefix = "retentiond_";
  std::string translated;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    if (sql[at] == '?') {
      translated += '$';
    } else if (sql.compare(at, kPrefix.size(), kPrefix) == 0) {
      translated += fmt::format("{}.", kPostgresStateSchema);
      at += kPrefix.size() - 1;
    } else {
      translated += sql[at];
    }
  }
  return translated;
}

// The highest parameter of a statement.
std::size_t ParametersOf(const std::string& translated) {
  std::size_t highest = 0;
  for (std::size_t at = 0; at + 1 < translated.size(); ++at) {
    if (translated[at] != '$') continue;
    std::size_t number = 0;
    for (std::size_t digit = at + 1;
         digit < translated.size() && std::isdigit(translated[digit]) != 0;
         ++digit) {
      number = number * 10 + static_cast<std::size_t>(translated[digit] - '0');
    }
    highest = std::max(highest, number);
  }
  return highest;
}

class Statement : public StateStatement {
 public:
  Statement(PostgresStateSql& state, std::string sql)
      : state_(state), sql_(std::move(sql)), values_(ParametersOf(sql_)) {}

  StateStatement& BindInt(int index, std::int64_t value) override {
    return Bind(index, PostgresValue::Int(value));
  }
  StateStatement& BindText(int index, std::string_view value) override {
    return Bind(index, PostgresValue::Text(value));
  }
  StateStatement& BindBlob(int index, std::string_view value) override {
    return Bind(index, PostgresValue::Bytes(value));
  }

  absl::StatusOr<bool> Step() override {
    if (state_.tables() == PostgresStateSql::Tables::kAbsent) return false;
    if (rows_ == nullptr) {
      ASSIGN_OR_RETURN(PostgresRows rows,
                       state_.connection().Query(sql_, values_));
      rows_ = std::make_unique<PostgresRows>(std::move(rows));
      row_ = -1;
      state_.set_changes(rows_->changes());
    }
    if (row_ + 1 >= rows_->size()) return false;
    ++row_;
    return true;
  }

  void Reset() override {
    rows_.reset();
    std::fill(values_.begin(), values_.end(), PostgresValue());
  }

  bool IsNull(int column) const override { return rows_->IsNull(row_, column); }
  bool IsInt(int column) const override { return !IsNull(column); }
  std::int64_t Int(int column) const override {
    return rows_->Int(row_, column);
  }
  std::string_view Text(int column) const override {
    if (!rows_->IsBytes(column)) return rows_->Text(row_, column);
    bytes_[static_cast<std::size_t>(column) % bytes_.size()] =
        rows_->Bytes(row_, column);
    return bytes_[static_cast<std::size_t>(column) % bytes_.size()];
  }

 private:
  StateStatement& Bind(int index, PostgresValue value) {
    values_[static_cast<std::size_t>(index) - 1] = std::move(value);
    return *this;
  }

  PostgresStateSql& state_;
  std::string sql_;
  PostgresValues values_;
  std::unique_ptr<PostgresRows> rows_;  // null: not executed yet
  int row_ = -1;
  // Decoded columns of the current row: a statement has no more than these.
  mutable std::vector<std::string> bytes_ = std::vector<std::string>(32);
};

// Keeps the connection for as long as the state is there.
class OwningStateSql : public PostgresStateSql {
 public:
  OwningStateSql(std::shared_ptr<PostgresConnection> connection, Tables tables)
      : PostgresStateSql(*connection, tables), owned_(std::move(connection)) {}

 private:
  std::shared_ptr<PostgresConnection> owned_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StateStatement>> PostgresStateSql::Prepare(
    const std::string& sql) {
  return std::make_unique<Statement>(*this, Translate(sql));
}

// Where the server tells of a commit before it is on disk, a crash would take
// back rows whose files were removed: ours wait for the disk.
absl::Status PostgresStateSql::LockLease(PostgresConnection& connection) {
  return connection
      .Query(
          "SELECT epoch, set_config('synchronous_commit', "
          "CASE current_setting('synchronous_commit') WHEN 'off' THEN 'local' "
          "ELSE current_setting('synchronous_commit') END, true) "
          "FROM retentiond.lease WHERE id = 1 FOR UPDATE")
      .status();
}

absl::Status PostgresStateSql::Begin() {
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_.Begin(OpenMode::kReadWrite));
  RETURN_IF_ERROR(LockLease(connection_));
  transaction_.emplace(std::move(transaction));
  return absl::OkStatus();
}

absl::Status PostgresStateSql::Commit() {
  absl::Status committed = transaction_->Commit();
  transaction_.reset();
  return committed;
}

std::string PostgresStateSql::Contains(const std::string& column,
                                       const std::string& parameter) const {
  return fmt::format("position({} in {}) > 0", parameter, column);
}

// A server is elsewhere where its address is neither its client's nor one of
// every machine. Through a pooler the client is the pooler: one beside the
// server hides that it is elsewhere. A container of this machine looks as if it
// were: who asks has to compare the readings, as ClockWatch does.
absl::StatusOr<std::optional<ServerClock>> PostgresStateSql::ReadServerClock() {
  static constexpr char kRead[] =
      "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, "
      "coalesce(inet_server_addr() <> inet_client_addr() AND NOT "
      "inet_server_addr() <<= ANY('{127.0.0.0/8,::1/128}'::inet[]), false)";
  ASSIGN_OR_RETURN(const PostgresRows rows, connection_.Query(kRead));
  return ServerClock{Instant(Micros(rows.Int(0, 0))), rows.Bool(0, 1)};
}

absl::StatusOr<std::unique_ptr<StateStore>> OpenPostgresState(
    std::shared_ptr<PostgresConnection> connection, OpenMode mode) {
  ASSIGN_OR_RETURN(const PostgresStateSql::Tables tables,
                   PreparePostgresStateTables(*connection, mode));
  return MakeSqlState(
      std::make_unique<OwningStateSql>(std::move(connection), tables), mode);
}

}  // namespace retentiond
