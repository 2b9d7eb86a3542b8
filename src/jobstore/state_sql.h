// What the state's queries need of a database. They are written once, in the
// part of SQL that the databases have in common, with parameters ?1, ?2, ...
// and tables called retentiond_...; an adapter spells both as its database
// does.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "policy/clock_guard.h"

namespace retentiond {

// Columns count from 0 and parameters from 1; a parameter that is not bound is
// NULL.
class StateStatement {
 public:
  virtual ~StateStatement() = default;

  virtual StateStatement& BindInt(int index, std::int64_t value) = 0;
  virtual StateStatement& BindText(int index, std::string_view value) = 0;
  // Bytes, for a column that holds such.
  virtual StateStatement& BindBlob(int index, std::string_view value) = 0;

  // True: a row is there. False: done.
  virtual absl::StatusOr<bool> Step() = 0;
  // Steps to the end, ignoring rows.
  absl::Status Run();
  virtual void Reset() = 0;  // and clears the parameters

  virtual bool IsNull(int column) const = 0;
  // False where something else stands in a column of integers.
  virtual bool IsInt(int column) const = 0;
  virtual std::int64_t Int(int column) const = 0;
  // The bytes of a text or a blob; valid until the next Step.
  virtual std::string_view Text(int column) const = 0;
};

// Threads: one at a time.
class StateSql {
 public:
  virtual ~StateSql() = default;

  virtual absl::StatusOr<std::unique_ptr<StateStatement>> Prepare(
      const std::string& sql) = 0;
  // Rows that the last statement changed.
  virtual std::int64_t changes() const = 0;

  // A transaction that no other writer of the state runs beside.
  virtual absl::Status Begin() = 0;
  virtual absl::Status Commit() = 0;
  virtual void Rollback() = 0;

  // The condition that the bytes of `column` contain those of `parameter`.
  virtual std::string Contains(const std::string& column,
                               const std::string& parameter) const = 0;

  // As StateStore's.
  virtual absl::StatusOr<std::optional<ServerClock>> ReadServerClock() {
    return std::optional<ServerClock>();
  }
};

// Rolled back by the destructor unless committed.
class StateTransaction {
 public:
  static absl::StatusOr<StateTransaction> Begin(StateSql& sql);
  StateTransaction(StateTransaction&& other) noexcept;
  StateTransaction(const StateTransaction&) = delete;
  StateTransaction& operator=(const StateTransaction&) = delete;
  ~StateTransaction();
  absl::Status Commit();

 private:
  explicit StateTransaction(StateSql* sql) : sql_(sql) {}
  StateSql* sql_;  // null: ended
};

}  // namespace retentiond
