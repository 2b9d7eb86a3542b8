#include "jobstore/sqlite_connection.h"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// How long a statement waits for the farm's own lock. SQLite's handler sleeps
// between tries, so that a waiting daemon costs the farm nothing.
constexpr int kBusyWaitMillis = 5000;

// The page cache of the connection, in KiB (negative: KiB rather than pages):
// part of the 64 MB that the daemon may use.
constexpr char kCacheSize[] = "PRAGMA cache_size = -16384";

// SQLite's own default: about 4 MB of log.
constexpr int kLongLogPages = 1000;

// Called by SQLite after each of our commits to the log.
int NoteLogLength(void* wal_pages, sqlite3* /*db*/, const char* /*schema*/,
                  int pages) {
  *static_cast<int*>(wal_pages) = pages;
  return SQLITE_OK;
}

absl::StatusCode CodeOfSqlite(int result) {
  // The index of the write-ahead log could not grow: SQLite calls a full disk
  // an I/O error there.
  if (result == SQLITE_IOERR_SHMSIZE) {
    return absl::StatusCode::kResourceExhausted;
  }
  switch (result & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_SCHEMA:
    case SQLITE_INTERRUPT:
      return absl::StatusCode::kAborted;
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_TOOBIG:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::StatusCode::kPermissionDenied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return absl::StatusCode::kDataLoss;
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kFailedPrecondition;
    default:
      return absl::StatusCode::kInternal;
  }
}

// What a failed statement is told by: its text where that may be at fault, else
// the database, since a locked or full one fails whatever is asked of it.
std::string ContextOf(sqlite3* db, int result, const char* sql) {
  switch (CodeOfSqlite(result)) {
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kFailedPrecondition:
      return sql;
    default:
      return fmt::format("database {}", sqlite3_db_filename(db, "main"));
  }
}

// What SQLite itself would say only as "unable to open database file".
absl::Status CheckFile(const std::filesystem::path& path, OpenMode mode) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    return ErrnoStatus(errno, "database " + path.string());
  }
  if (S_ISDIR(status.st_mode)) {
    return absl::InvalidArgumentError(fmt::format(
        "database {}: is a directory; expected an SQLite file", path.string()));
  }
  if (!S_ISREG(status.st_mode)) {
    return absl::InvalidArgumentError(
        fmt::format("database {}: is no regular file; expected an SQLite file",
                    path.string()));
  }
  if (access(path.c_str(), R_OK) != 0) {
    return absl::PermissionDeniedError(
        fmt::format("database {}: may not be read by user id {}; grant it read "
                    "access",
                    path.string(), geteuid()));
  }
  if (mode == OpenMode::kReadWrite && access(path.c_str(), W_OK) != 0) {
    return absl::PermissionDeniedError(fmt::format(
        "database {}: may not be written by user id {}; grant it write access "
        "to the file and its directory",
        path.string(), geteuid()));
  }
  return absl::OkStatus();
}

}  // namespace

std::string QuoteName(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

absl::Status StatusOfSqlite(sqlite3* db, int result, std::string_view context) {
  if (result == SQLITE_OK || result == SQLITE_ROW || result == SQLITE_DONE) {
    return absl::OkStatus();
  }
  if (result == SQLITE_IOERR_SHMSIZE) {
    return {CodeOfSqlite(result), fmt::format("{}: the disk is full", context)};
  }
  const std::string message = sqlite3_errmsg(db);
  const std::string kind = sqlite3_errstr(result);
  return {CodeOfSqlite(result),
          fmt::format("{}: {}{}", context, message,
                      message == kind ? "" : " (" + kind + ")")};
}

SqliteStatement::SqliteStatement(sqlite3* db, sqlite3_stmt* statement)
    : db_(db), statement_(statement) {}

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}

SqliteStatement::~SqliteStatement() {
  if (statement_ != nullptr) Reset();
}

SqliteStatement& SqliteStatement::BindInt(int index, std::int64_t value) {
  sqlite3_bind_int64(statement_, index, value);
  return *this;
}

SqliteStatement& SqliteStatement::BindReal(int index, double value) {
  sqlite3_bind_double(statement_, index, value);
  return *this;
}

SqliteStatement& SqliteStatement::BindText(int index, std::string_view value) {
  sqlite3_bind_text64(statement_, index, value.data(), value.size(),
                      SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

SqliteStatement& SqliteStatement::BindBlob(int index, std::string_view value) {
  sqlite3_bind_blob64(statement_, index, value.data(), value.size(),
                      SQLITE_TRANSIENT);
  return *this;
}

SqliteStatement& SqliteStatement::BindNull(int index) {
  sqlite3_bind_null(statement_, index);
  return *this;
}

SqliteStatement& SqliteStatement::BindValue(int index,
                                            const sqlite3_value* value) {
  sqlite3_bind_value(statement_, index, value);
  return *this;
}

absl::StatusOr<bool> SqliteStatement::Step() {
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  return StatusOfSqlite(db_, result,
                        ContextOf(db_, result, sqlite3_sql(statement_)));
}

absl::Status SqliteStatement::Run() {
  while (true) {
    ASSIGN_OR_RETURN(const bool row, Step());
    if (!row) return absl::OkStatus();
  }
}

void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

bool SqliteStatement::IsNull(int column) const {
  return Type(column) == SQLITE_NULL;
}

int SqliteStatement::Type(int column) const {
  return sqlite3_column_type(statement_, column);
}

std::int64_t SqliteStatement::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

double SqliteStatement::Real(int column) const {
  return sqlite3_column_double(statement_, column);
}

std::string_view SqliteStatement::Text(int column) const {
  // A text is asked for as UTF-8: as a blob it would come in the database's own
  // encoding, which may be UTF-16.
  const void* bytes = Type(column) == SQLITE_BLOB
                          ? sqlite3_column_blob(statement_, column)
                          : sqlite3_column_text(statement_, column);
  const auto size =
      static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), size};
}

sqlite3_value* SqliteStatement::Value(int column) const {
  return sqlite3_column_value(statement_, column);
}

SqliteConnection::SqliteConnection(sqlite3* db, std::filesystem::path path)
    : db_(db), path_(std::move(path)) {}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

absl::StatusOr<std::shared_ptr<SqliteConnection>> SqliteConnection::Open(
    const std::filesystem::path& path, OpenMode mode) {
  RETURN_IF_ERROR(CheckFile(path, mode));
  sqlite3* db = nullptr;
  const int flags = mode == OpenMode::kReadOnly ? SQLITE_OPEN_READONLY
                                                : SQLITE_OPEN_READWRITE;
  const int result =
      sqlite3_open_v2(path.c_str(), &db, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  std::shared_ptr<SqliteConnection> connection(new SqliteConnection(db, path));
  RETURN_IF_ERROR(StatusOfSqlite(db, result, "database " + path.string()));
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, kBusyWaitMillis);
  sqlite3_wal_hook(db, NoteLogLength, &connection->wal_pages_);
  RETURN_IF_ERROR(connection->Execute("PRAGMA foreign_keys = ON"));
  RETURN_IF_ERROR(connection->Execute("PRAGMA temp_store = FILE"));
  RETURN_IF_ERROR(connection->ReadFirst());
  RETURN_IF_ERROR(connection->Execute(kCacheSize));
  return connection;
}

// The first read of the file says whether it is a database at all, and whether
// it can be shared with the farm.
absl::Status SqliteConnection::ReadFirst() {
  const std::string context = "database " + path_.string();
  absl::Status read = QueryInt("SELECT count(*) FROM sqlite_master").status();
  if (read.ok()) return read;
  const std::string directory = path_.parent_path().string();
  switch (sqlite3_extended_errcode(db_)) {
    case SQLITE_NOTADB:
      return absl::InvalidArgumentError(
          context +
          ": is not an SQLite database, or is encrypted; expected the farm's "
          "unencrypted database file");
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY_CANTINIT:
    case SQLITE_READONLY_DIRECTORY:
    case SQLITE_READONLY_RECOVERY:
      return absl::PermissionDeniedError(fmt::format(
          "{}: keeps a write-ahead log, and user id {} may not write to the "
          "directory {}, where SQLite must create or open {}-wal and {}-shm "
          "even to read it; grant the right to write there",
          context, geteuid(), directory, path_.filename().string(),
          path_.filename().string()));
    case SQLITE_READONLY_ROLLBACK:
      return absl::PermissionDeniedError(fmt::format(
          "{}: a writer was interrupted, and its journal must be rolled back "
          "before anybody can read; grant the right to write to the file and "
          "to {}, or let the farm open it once",
          context, directory));
    default:
      return read;
  }
}

absl::StatusOr<std::shared_ptr<SqliteConnection>>
SqliteConnection::OpenScratch() {
  sqlite3* db = nullptr;
  const int result = sqlite3_open_v2(
      "", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
      nullptr);
  std::shared_ptr<SqliteConnection> connection(new SqliteConnection(db, ""));
  RETURN_IF_ERROR(StatusOfSqlite(db, result, "temporary database"));
  RETURN_IF_ERROR(connection->Execute(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; "
      "PRAGMA cache_size = -8192"));
  return connection;
}

absl::StatusOr<SqliteStatement> SqliteConnection::Prepare(
    const std::string& sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int result =
        sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                           SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    RETURN_IF_ERROR(
        StatusOfSqlite(db_, result, ContextOf(db_, result, sql.c_str())));
  }
  return SqliteStatement(db_, statement);
}

absl::Status SqliteConnection::Execute(const std::string& sql) {
  const int result = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  return StatusOfSqlite(db_, result, ContextOf(db_, result, sql.c_str()));
}

absl::StatusOr<std::optional<std::int64_t>> SqliteConnection::QueryInt(
    const std::string& sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row || statement.IsNull(0)) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(statement.Int(0));
}

absl::StatusOr<std::optional<std::string>> SqliteConnection::QueryText(
    const std::string& sql) {
  ASSIGN_OR_RETURN(SqliteStatement statement, Prepare(sql));
  ASSIGN_OR_RETURN(const bool row, statement.Step());
  if (!row || statement.IsNull(0)) return std::optional<std::string>();
  return std::optional<std::string>(std::string(statement.Text(0)));
}

SqliteConnection::Transaction::Transaction(Transaction&& other) noexcept
    : lock_wait(other.lock_wait),
      locked_at(other.locked_at),
      connection_(std::exchange(other.connection_, nullptr)) {}

SqliteConnection::Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // Nothing can be done about a failed rollback: SQLite rolls back by itself
  // when the connection closes.
  connection_->Execute("ROLLBACK").IgnoreError();
}

absl::Status SqliteConnection::Transaction::Commit() {
  RETURN_IF_ERROR(connection_->Execute("COMMIT"));
  connection_ = nullptr;
  return absl::OkStatus();
}

absl::StatusOr<SqliteConnection::Transaction>
SqliteConnection::BeginImmediate() {
  const auto asked = std::chrono::steady_clock::now();
  RETURN_IF_ERROR(Execute("BEGIN IMMEDIATE"));
  Transaction transaction(this);
  transaction.locked_at = std::chrono::steady_clock::now();
  transaction.lock_wait = std::chrono::duration_cast<std::chrono::microseconds>(
      transaction.locked_at - asked);
  return transaction;
}

absl::Status SqliteConnection::CheckpointWhenLong() {
  if (wal_pages_ < checkpoint_at_) checkpoint_at_ = 0;  // the log began anew
  if (wal_pages_ < checkpoint_at_ + kLongLogPages) return absl::OkStatus();
  // A reader may keep the log from beginning anew: then it is looked at again
  // when it has grown by as much.
  return Checkpoint();
}

absl::Status SqliteConnection::Checkpoint() {
  checkpoint_at_ = wal_pages_;
  int pages = -1;
  int moved = -1;
  const int result = sqlite3_wal_checkpoint_v2(
      db_, "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
  // Busy: another does it.
  if (result == SQLITE_BUSY) return absl::OkStatus();
  if (result != SQLITE_OK) return StatusOfSqlite(db_, result, "checkpoint");
  moved_pages_ = std::max(moved, 0);
  return absl::OkStatus();
}

absl::StatusOr<std::int64_t> SqliteConnection::KeptLogBytes() {
  const auto kept = [this] {
    // A log that is shorter than what was moved of it began anew.
    return wal_pages_ < moved_pages_ ? wal_pages_ : wal_pages_ - moved_pages_;
  };
  if (kept() >= kLongLogPages) RETURN_IF_ERROR(Checkpoint());
  ASSIGN_OR_RETURN(const auto page_bytes, QueryInt("PRAGMA main.page_size"));
  return kept() * page_bytes.value_or(0);
}

std::int64_t SqliteConnection::changes() const {
  return sqlite3_changes64(db_);
}

}  // namespace retentiond
