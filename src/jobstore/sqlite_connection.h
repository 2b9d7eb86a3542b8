// One SQLite connection and its prepared statements, with errors as statuses.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "jobstore/database.h"

struct sqlite3;
struct sqlite3_context;
struct sqlite3_stmt;
struct sqlite3_value;

namespace retentiond {

// "name" with double quotes doubled: any table or column name as an SQL
// identifier.
std::string QuoteName(std::string_view name);

// A prepared statement, reset when it goes out of scope (so that no read lock
// is left behind). Columns and parameters count from 0 and from 1, as in
// SQLite.
class SqliteStatement {
 public:
  SqliteStatement(sqlite3* db, sqlite3_stmt* statement);
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;
  ~SqliteStatement();

  SqliteStatement& BindInt(int index, std::int64_t value);
  SqliteStatement& BindReal(int index, double value);
  SqliteStatement& BindText(int index, std::string_view value);
  SqliteStatement& BindBlob(int index, std::string_view value);
  SqliteStatement& BindNull(int index);
  // Any value that a column gave: its storage class is kept.
  SqliteStatement& BindValue(int index, const sqlite3_value* value);

  // True: a row is there. False: done. Errors by StatusOfSqlite.
  absl::StatusOr<bool> Step();
  // Steps to the end, ignoring rows.
  absl::Status Run();
  void Reset();  // and clears the parameters

  bool IsNull(int column) const;
  int Type(int column) const;  // SQLITE_INTEGER, ...
  std::int64_t Int(int column) const;
  double Real(int column) const;
  // The bytes of a text, a blob, or a number's text; valid until the next Step.
  std::string_view Text(int column) const;
  sqlite3_value* Value(int column) const;  // unprotected, until the next Step
  sqlite3_stmt* get() const { return statement_; }

 private:
  sqlite3* db_;
  sqlite3_stmt* statement_;
};

// Threads: one at a time.
class SqliteConnection {
 public:
  // NotFound, InvalidArgument (directory, not a database), PermissionDenied;
  // every message names the path. Sets foreign_keys on, trusted_schema as the
  // database has it, and waits `busy_wait` for others' locks in small steps.
  static absl::StatusOr<std::shared_ptr<SqliteConnection>> Open(
      const std::filesystem::path& path, OpenMode mode);
  // A private temporary database.
  static absl::StatusOr<std::shared_ptr<SqliteConnection>> OpenScratch();

  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection();

  // Prepared once per text and kept; the same text may not be in use twice at
  // one time.
  absl::StatusOr<SqliteStatement> Prepare(const std::string& sql);
  // One or more statements without parameters or results.
  absl::Status Execute(const std::string& sql);
  // The first column of the first row; none when there is no row or it is NULL.
  absl::StatusOr<std::optional<std::int64_t>> QueryInt(const std::string& sql);
  absl::StatusOr<std::optional<std::string>> QueryText(const std::string& sql);

  // BEGIN IMMEDIATE ... COMMIT. A transaction that is not committed is rolled
  // back by the destructor. `lock_wait` is how long the write lock was waited
  // for.
  class Transaction {
   public:
    Transaction(Transaction&& other) noexcept;
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    absl::Status Commit();
    std::chrono::microseconds lock_wait{0};
    std::chrono::steady_clock::time_point locked_at;

   private:
    friend class SqliteConnection;
    explicit Transaction(SqliteConnection* connection)
        : connection_(connection) {}
    SqliteConnection* connection_;
  };
  absl::StatusOr<Transaction> BeginImmediate();

  // Moves the write-ahead log into the database, as far as that waits for
  // nobody, once our commits have found it 1000 pages long. Our commits never
  // do it themselves: it would be done under the write lock.
  absl::Status CheckpointWhenLong();
  // How much of the log a reader keeps from being moved, after trying where it
  // is long; counted since the last such try.
  absl::StatusOr<std::int64_t> KeptLogBytes();

  std::int64_t changes() const;
  sqlite3* get() const { return db_; }
  const std::filesystem::path& path() const { return path_; }

 private:
  SqliteConnection(sqlite3* db, std::filesystem::path path);
  absl::Status ReadFirst();
  absl::Status Checkpoint();

  sqlite3* db_;
  std::filesystem::path path_;
  int wal_pages_ = 0;      // in the log at our last commit
  int checkpoint_at_ = 0;  // pages
  int moved_pages_ = 0;    // of the log, by the last checkpoint
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

// What the caller does about an SQLite result code: Aborted (busy, locked,
// schema changed), ResourceExhausted (full), PermissionDenied (read-only, no
// access), DataLoss (corrupt, not a database, I/O error), NotFound (cannot
// open), FailedPrecondition (constraint), Internal.
absl::Status StatusOfSqlite(sqlite3* db, int result, std::string_view context);

}  // namespace retentiond
