// One PostgreSQL connection, with errors as statuses. Nothing lives longer than
// a transaction (no prepared statement, temporary table or setting), so that a
// transaction pooler may stand in between.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/database.h"

struct pg_conn;
struct pg_result;

namespace retentiond {

// Parameters as libpq names them ("host", "dbname", ...); what is missing comes
// from libpq's own sources: PGHOST and the like, a service file, ~/.pgpass.
using PostgresParameters = std::map<std::string, std::string>;

// A text as an SQL literal, whatever standard_conforming_strings says.
std::string QuotePostgresText(std::string_view text);

// The oldest transaction that may still be under way: rows of it and of those
// after it are not all seen yet.
inline constexpr char kPostgresOldestRunning[] =
    "SELECT (pg_snapshot_xmin(pg_current_snapshot())::text::numeric % "
    "4294967296)::bigint";

// A value in the text form of its type; none is NULL. Bytes are sent as bytea.
struct PostgresValue {
  std::optional<std::string> text;
  bool bytes = false;

  static PostgresValue Null() { return {}; }
  static PostgresValue Text(std::string_view text) {
    return {std::string(text), false};
  }
  static PostgresValue Int(std::int64_t value) {
    return {std::to_string(value), false};
  }
  static PostgresValue Bytes(std::string_view bytes) {
    return {std::string(bytes), true};
  }
};
using PostgresValues = std::vector<PostgresValue>;

// An array's text form, to be cast to its type by the statement.
PostgresValue PostgresArray(const std::vector<std::string>& elements);
PostgresValue PostgresArray(
    const std::vector<std::optional<std::string>>& elements);

struct FreePostgresResult {
  void operator()(pg_result* result) const;
};

// The rows of a query, all of them in memory.
class PostgresRows {
 public:
  explicit PostgresRows(pg_result* result) : result_(result) {}

  int size() const;
  int columns() const;
  bool IsNull(int row, int column) const;
  std::string_view Text(int row, int column) const;  // empty for NULL
  std::optional<std::string> Value(int row, int column) const;
  std::int64_t Int(int row, int column) const;  // 0 for NULL
  bool Bool(int row, int column) const;
  // The bytes of a bytea.
  std::string Bytes(int row, int column) const;
  bool IsBytes(int column) const;  // the column's type is bytea
  // Rows that the statement inserted, updated or deleted.
  std::int64_t changes() const;
  pg_result* get() const { return result_.get(); }

 private:
  std::unique_ptr<pg_result, FreePostgresResult> result_;
};

// Threads: one at a time.
class PostgresConnection {
 public:
  // Unavailable (not reachable, starting, too many connections),
  // PermissionDenied (password, pg_hba.conf), NotFound (no such database),
  // InvalidArgument (parameters, a server too old). No message holds a secret.
  static absl::StatusOr<std::shared_ptr<PostgresConnection>> Open(
      const PostgresParameters& parameters);

  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;
  ~PostgresConnection();

  // One statement with parameters $1, $2, ...
  absl::StatusOr<PostgresRows> Query(const std::string& sql,
                                     const PostgresValues& values = {});
  // The first column of the first row; none when there is no row or it is NULL.
  absl::StatusOr<std::optional<std::string>> QueryText(
      const std::string& sql, const PostgresValues& values = {});
  absl::StatusOr<std::optional<std::int64_t>> QueryInt(
      const std::string& sql, const PostgresValues& values = {});
  // One or more statements without parameters or results.
  absl::Status Execute(const std::string& sql);
  // One statement that runs in no transaction; it is cancelled (Aborted) when
  // it takes longer. What it skipped because others had it locked is an error
  // as well (IsLockTimeout), though the server only warns of it.
  absl::Status ExecuteWithin(const std::string& sql,
                             std::chrono::milliseconds time);

  // Rolled back by the destructor unless committed. Its timeouts are its own:
  // 1 s for a lock, so that nobody queues behind us; 10 s of idleness, so that
  // a stopped process lets its locks go.
  class Transaction {
   public:
    Transaction(Transaction&& other) noexcept;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    // FailedPrecondition: a deferred constraint refused. Unavailable: the
    // connection was lost, and whether it was committed is not known.
    absl::Status Commit();

   private:
    friend class PostgresConnection;
    explicit Transaction(PostgresConnection* connection)
        : connection_(connection) {}
    PostgresConnection* connection_;
  };
  // How long a statement of the transactions from now on may take; none, or
  // more than 60 s: 60 s.
  void LimitStatements(std::optional<std::chrono::microseconds> longest);
  // READ COMMITTED. Row-level security that would hide rows is an error in it.
  absl::StatusOr<Transaction> Begin(OpenMode mode);

  int server_version() const;  // 150004 is 15.4
  // "host:port/database", for messages.
  const std::string& place() const { return place_; }

 private:
  explicit PostgresConnection(pg_conn* connection);

  void Cancel();
  absl::Status StatusOf(pg_result* result, std::string_view context);

  pg_conn* connection_;
  std::string place_;
  std::chrono::milliseconds longest_statement_;
  bool warned_of_a_lock_ = false;  // by the statement at hand
};

// InvalidArgument: a server of this version (150004 is 15.4) is too old; the
// message says what it is, what is needed, and what to do.
absl::Status CheckServerVersion(const std::string& place, int version);

// The SQLSTATE that the server answered with; empty when there is none.
std::string SqlStateOf(const absl::Status& status);

// Whether a constraint or a trigger refused the statement, so that it is the
// rows that are at fault.
bool IsRefusal(const absl::Status& status);
// Whether a lock was not to be had in time.
bool IsLockTimeout(const absl::Status& status);

}  // namespace retentiond
