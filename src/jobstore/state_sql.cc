#include "jobstore/state_sql.h"

#include <utility>

#include "base/status_macros.h"

namespace retentiond {

absl::Status StateStatement::Run() {
  while (true) {
    ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

absl::StatusOr<StateTransaction> StateTransaction::Begin(StateSql& sql) {
  RETURN_IF_ERROR(sql.Begin());
  return StateTransaction(&sql);
}

StateTransaction::StateTransaction(StateTransaction&& other) noexcept
    : sql_(std::exchange(other.sql_, nullptr)) {}

StateTransaction::~StateTransaction() {
  if (sql_ != nullptr) sql_->Rollback();
}

absl::Status StateTransaction::Commit() {
  return std::exchange(sql_, nullptr)->Commit();
}

}  // namespace retentiond
