#include "jobstore/sqlite_state_sql.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"

namespace retentiond {
namespace {

class Statement : public StateStatement {
 public:
  explicit Statement(SqliteStatement statement)
      : statement_(std::move(statement)) {}

  StateStatement& BindInt(int index, std::int64_t value) override {
    statement_.BindInt(index, value);
    return *this;
  }
  StateStatement& BindText(int index, std::string_view value) override {
    statement_.BindText(index, value);
    return *this;
  }
  StateStatement& BindBlob(int index, std::string_view value) override {
    statement_.BindBlob(index, value);
    return *this;
  }
  absl::StatusOr<bool> Step() override { return statement_.Step(); }
  void Reset() override { statement_.Reset(); }
  bool IsNull(int column) const override { return statement_.IsNull(column); }
  bool IsInt(int column) const override {
    return statement_.Type(column) == SQLITE_INTEGER;
  }
  std::int64_t Int(int column) const override { return statement_.Int(column); }
  std::string_view Text(int column) const override {
    return statement_.Text(column);
  }

 private:
  SqliteStatement statement_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<StateStatement>> SqliteStateSql::Prepare(
    const std::string& sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, connection_.Prepare(sql));
  return std::make_unique<Statement>(std::move(statement));
}

absl::Status SqliteStateSql::Begin() {
  ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                   connection_.BeginImmediate());
  transaction_.emplace(std::move(transaction));
  return absl::OkStatus();
}

absl::Status SqliteStateSql::Commit() {
  absl::Status committed = transaction_->Commit();
  transaction_.reset();
  return committed;
}

std::string SqliteStateSql::Contains(const std::string& column,
                                     const std::string& parameter) const {
  return fmt::format("instr({}, {}) > 0", column, parameter);
}

}  // namespace retentiond
