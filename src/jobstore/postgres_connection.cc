#include "jobstore/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "absl/strings/cord.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

constexpr char kSqlStatePayload[] = "retentiond/sqlstate";
constexpr char kLockNotAvailable[] = "55P03";

// pg_type.oid of bytea, which no release changes.
constexpr Oid kByteaOid = 17;

// The oldest release that has what is used here (gen_random_uuid).
constexpr int kOldestServer = 130000;

constexpr char kBegin[] =
    "BEGIN ISOLATION LEVEL READ COMMITTED {};"
    "SET LOCAL lock_timeout = '1s';"
    "SET LOCAL statement_timeout = {};"
    "SET LOCAL idle_in_transaction_session_timeout = '10s';"
    // Rows of few jobs in tables of many: at the default of 4 the server
    // prefers to read a table of some thousand pages from end to end, in every
    // batch.
    "SET LOCAL random_page_cost = 1.1;"
    "SET LOCAL row_security = off";

constexpr std::chrono::milliseconds kLongestStatement{60'000};
// Even when the night is over, what is to be recorded of it needs some.
constexpr std::chrono::milliseconds kShortestLimit{1000};

// What a caller does about an SQLSTATE (PostgreSQL's appendix A).
absl::StatusCode CodeOfSqlState(std::string_view state) {
  struct Rule {
    std::string_view prefix;
    absl::StatusCode code;
  };
  static constexpr Rule kRules[] = {
      {"08", absl::StatusCode::kUnavailable},     // connection
      {"57P0", absl::StatusCode::kUnavailable},   // shutdown, starting
      {"25P03", absl::StatusCode::kUnavailable},  // idle too long: ended
      {"53300", absl::StatusCode::kUnavailable},  // too many connections
      {"25006", absl::StatusCode::kUnavailable},  // a standby: read-only
      {"57014", absl::StatusCode::kAborted},      // statement_timeout
      {"55", absl::StatusCode::kAborted},         // locks
      {"40", absl::StatusCode::kAborted},         // deadlock, serialisation
      {"53", absl::StatusCode::kResourceExhausted},
      {"42501", absl::StatusCode::kPermissionDenied},
      {"28", absl::StatusCode::kPermissionDenied},
      {"3D", absl::StatusCode::kNotFound},
      {"23", absl::StatusCode::kFailedPrecondition},  // constraints
      {"27", absl::StatusCode::kFailedPrecondition},  // triggers
      {"P0", absl::StatusCode::kFailedPrecondition},  // RAISE EXCEPTION
      {"42", absl::StatusCode::kFailedPrecondition},  // no such table, column
      {"3F", absl::StatusCode::kFailedPrecondition},  // no such schema
      {"XX00", absl::StatusCode::kDataLoss},          // corrupted
      {"58030", absl::StatusCode::kDataLoss},         // I/O
  };
  for (const Rule& rule : kRules) {
    if (state.starts_with(rule.prefix)) return rule.code;
  }
  return absl::StatusCode::kInternal;
}

std::string Trimmed(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

std::string FieldOf(const pg_result* result, int field) {
  return Trimmed(PQresultErrorField(result, field));
}

// libpq gives no SQLSTATE for a connection that was refused.
absl::Status StatusOfFailedOpen(const std::string& place,
                                const std::string& message) {
  struct Rule {
    std::string_view part;
    absl::StatusCode code;
    std::string_view advice;
  };
  static constexpr Rule kRules[] = {
      // Time mends these, whatever role and database they name.
      {"too many connections", absl::StatusCode::kUnavailable, ""},
      {"connection slots", absl::StatusCode::kUnavailable, ""},
      {"not currently accepting", absl::StatusCode::kUnavailable, ""},
      {"certificate", absl::StatusCode::kPermissionDenied,
       "sslmode=verify-full needs the server by the name in its certificate, "
       "and the authority that signed it in sslrootcert"},
      {"does not support SSL", absl::StatusCode::kPermissionDenied,
       "sslmode in the URL asks for an encrypted connection"},
      {"no password supplied", absl::StatusCode::kPermissionDenied,
       "give it by database.password_file, ~/.pgpass or the URL"},
      {"password authentication failed", absl::StatusCode::kPermissionDenied,
       "expected the password of that role, from database.password_file, "
       "~/.pgpass or the URL"},
      {"no pg_hba.conf entry", absl::StatusCode::kPermissionDenied,
       "the server's pg_hba.conf must let this role in from this host"},
      {"authentication failed", absl::StatusCode::kPermissionDenied,
       "the server's pg_hba.conf says how the role must prove itself"},
      {"role \"", absl::StatusCode::kPermissionDenied,
       "expected a role that may log in: CREATE ROLE retentiond LOGIN"},
      {"database \"", absl::StatusCode::kNotFound,
       "expected the farm's database; `psql -l` lists those that there are"},
      {"no such database", absl::StatusCode::kNotFound,
       "the pooler's configuration names the databases it serves"},
      {"invalid ", absl::StatusCode::kInvalidArgument, ""},
  };
  for (const Rule& rule : kRules) {
    if (message.find(rule.part) == std::string::npos) continue;
    return {rule.code,
            fmt::format("database {}: {}{}{}", place, message,
                        rule.advice.empty() ? "" : "; ", rule.advice)};
  }
  return absl::UnavailableError(fmt::format("database {}: {}", place, message));
}

std::string PlaceOf(const PostgresParameters& parameters) {
  const auto get = [&](const char* key, const char* otherwise) {
    const auto found = parameters.find(key);
    return found == parameters.end() ? std::string(otherwise) : found->second;
  };
  if (parameters.contains("service") && !parameters.contains("dbname")) {
    return "service " + get("service", "");
  }
  const std::string port = get("port", "");
  return fmt::format("{}{}{}/{}", get("host", "localhost"),
                     port.empty() ? "" : ":", port, get("dbname", ""));
}

std::string ArrayText(const std::vector<std::optional<std::string>>& elements) {
  std::string text = "{";
  for (const auto& element : elements) {
    if (text.size() > 1) text += ',';
    if (!element.has_value()) {
      text += "NULL";
      continue;
    }
    text += '"';
    for (const char c : *element) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + '}';
}

}  // namespace

std::string QuotePostgresText(std::string_view text) {
  std::string quoted = text.find('\\') == std::string_view::npos ? "'" : " E'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

PostgresValue PostgresArray(const std::vector<std::string>& elements) {
  return PostgresArray(std::vector<std::optional<std::string>>(elements.begin(),
                                                               elements.end()));
}

PostgresValue PostgresArray(
    const std::vector<std::optional<std::string>>& elements) {
  return PostgresValue::Text(ArrayText(elements));
}

void FreePostgresResult::operator()(pg_result* result) const {
  PQclear(result);
}

int PostgresRows::size() const { return PQntuples(result_.get()); }
int PostgresRows::columns() const { return PQnfields(result_.get()); }

bool PostgresRows::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view PostgresRows::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::optional<std::string> PostgresRows::Value(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return std::string(Text(row, column));
}

std::int64_t PostgresRows::Int(int row, int column) const {
  const std::string_view text = Text(row, column);
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool PostgresRows::Bool(int row, int column) const {
  return Text(row, column) == "t";
}

std::string PostgresRows::Bytes(int row, int column) const {
  if (IsNull(row, column)) return {};
  std::size_t size = 0;
  unsigned char* bytes =
      PQunescapeBytea(reinterpret_cast<const unsigned char*>(
                          PQgetvalue(result_.get(), row, column)),
                      &size);
  std::string copy(reinterpret_cast<const char*>(bytes), size);
  PQfreemem(bytes);
  return copy;
}

bool PostgresRows::IsBytes(int column) const {
  return PQftype(result_.get(), column) == kByteaOid;
}

std::int64_t PostgresRows::changes() const {
  const std::string_view text = PQcmdTuples(result_.get());
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

PostgresConnection::PostgresConnection(pg_conn* connection)
    : connection_(connection), longest_statement_(kLongestStatement) {}

void PostgresConnection::LimitStatements(
    std::optional<std::chrono::microseconds> longest) {
  longest_statement_ = kLongestStatement;
  if (!longest.has_value() || *longest >= kLongestStatement) return;
  longest_statement_ =
      std::max(std::chrono::duration_cast<std::chrono::milliseconds>(*longest),
               kShortestLimit);
}

PostgresConnection::~PostgresConnection() { PQfinish(connection_); }

absl::StatusOr<std::shared_ptr<PostgresConnection>> PostgresConnection::Open(
    const PostgresParameters& parameters) {
  PostgresParameters all = {
      {"application_name", "retentiond"}, {"client_encoding", "UTF8"},
      {"connect_timeout", "10"},          {"keepalives_idle", "30"},
      {"keepalives_interval", "10"},      {"keepalives_count", "3"},
      {"tcp_user_timeout", "60000"}};
  for (const auto& [key, value] : parameters) all[key] = value;
  std::vector<const char*> keys;
  std::vector<const char*> values;
  for (const auto& [key, value] : all) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  std::shared_ptr<PostgresConnection> connection(new PostgresConnection(
      PQconnectdbParams(keys.data(), values.data(), /*expand_dbname=*/0)));
  connection->place_ = PlaceOf(parameters);
  if (PQstatus(connection->connection_) != CONNECTION_OK) {
    return StatusOfFailedOpen(connection->place_,
                              Trimmed(PQerrorMessage(connection->connection_)));
  }
  // The server's notices go nowhere else: only `run` logs.
  PQsetNoticeReceiver(
      connection->connection_,
      [](void* warned, const pg_result* notice) {
        if (FieldOf(notice, PG_DIAG_SQLSTATE) == kLockNotAvailable) {
          *static_cast<bool*>(warned) = true;
        }
      },
      &connection->warned_of_a_lock_);
  RETURN_IF_ERROR(
      CheckServerVersion(connection->place_, connection->server_version()));
  return connection;
}

int PostgresConnection::server_version() const {
  return PQserverVersion(connection_);
}

absl::Status PostgresConnection::StatusOf(pg_result* result,
                                          std::string_view context) {
  const ExecStatusType kind = PQresultStatus(result);
  if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK) {
    return absl::OkStatus();
  }
  const std::string state = FieldOf(result, PG_DIAG_SQLSTATE);
  if (state.empty() || PQstatus(connection_) != CONNECTION_OK) {
    absl::Status lost = absl::UnavailableError(fmt::format(
        "database {}: {}", place_, Trimmed(PQerrorMessage(connection_))));
    if (!state.empty()) lost.SetPayload(kSqlStatePayload, absl::Cord(state));
    return lost;
  }
  const absl::StatusCode code = CodeOfSqlState(state);
  std::string message = FieldOf(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string detail = FieldOf(result, PG_DIAG_MESSAGE_DETAIL);
  if (!detail.empty()) message += " (" + detail + ")";
  // The statement is told only where it may be at fault.
  const std::string where = code == absl::StatusCode::kInternal
                                ? std::string(context)
                                : "database " + place_;
  absl::Status status(code, fmt::format("{}: {}", where, message));
  status.SetPayload(kSqlStatePayload, absl::Cord(state));
  return status;
}

absl::StatusOr<PostgresRows> PostgresConnection::Query(
    const std::string& sql, const PostgresValues& values) {
  std::vector<const char*> texts;
  std::vector<int> lengths;
  std::vector<int> formats;
  std::vector<Oid> types;
  for (const PostgresValue& value : values) {
    texts.push_back(value.text.has_value() ? value.text->c_str() : nullptr);
    lengths.push_back(
        value.text.has_value() ? static_cast<int>(value.text->size()) : 0);
    formats.push_back(value.bytes ? 1 : 0);
    types.push_back(value.bytes ? kByteaOid : 0);
  }
  PostgresRows rows(PQexecParams(
      connection_, sql.c_str(), static_cast<int>(values.size()), types.data(),
      texts.data(), lengths.data(), formats.data(), /*resultFormat=*/0));
  RETURN_IF_ERROR(StatusOf(rows.get(), sql));
  return rows;
}

absl::StatusOr<std::optional<std::string>> PostgresConnection::QueryText(
    const std::string& sql, const PostgresValues& values) {
  ASSIGN_OR_RETURN(const PostgresRows rows, Query(sql, values));
  if (rows.size() == 0) return std::optional<std::string>();
  return rows.Value(0, 0);
}

absl::StatusOr<std::optional<std::int64_t>> PostgresConnection::QueryInt(
    const std::string& sql, const PostgresValues& values) {
  ASSIGN_OR_RETURN(const PostgresRows rows, Query(sql, values));
  if (rows.size() == 0 || rows.IsNull(0, 0)) {
    return std::optional<std::int64_t>();
  }
  return std::optional<std::int64_t>(rows.Int(0, 0));
}

absl::Status PostgresConnection::Execute(const std::string& sql) {
  const PostgresRows rows(PQexec(connection_, sql.c_str()));
  return StatusOf(rows.get(), sql);
}

absl::Status PostgresConnection::ExecuteWithin(const std::string& sql,
                                               std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  bool cancelled = false;
  warned_of_a_lock_ = false;
  int ready = PQsendQuery(connection_, sql.c_str());
  while (ready == 1 && PQisBusy(connection_) == 1) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0 && !cancelled) {
      cancelled = true;
      Cancel();
    }
    pollfd socket{PQsocket(connection_), POLLIN, 0};
    // Cancelled, the answer comes soon.
    (void)poll(&socket, 1,
               cancelled
                   ? 1000
                   : static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
    ready = PQconsumeInput(connection_);
  }
  absl::Status status = absl::OkStatus();
  bool any = false;
  while (pg_result* result = PQgetResult(connection_)) {
    const PostgresRows rows(result);
    any = true;
    const absl::Status one = StatusOf(result, sql);
    if (status.ok()) status = one;
  }
  if (!any) return StatusOf(nullptr, sql);
  if (status.ok() && warned_of_a_lock_) {
    status = absl::AbortedError(
        fmt::format("database {}: others have it locked", place_));
    status.SetPayload(kSqlStatePayload, absl::Cord(kLockNotAvailable));
  }
  return status;
}

void PostgresConnection::Cancel() {
  // A failure to cancel leaves the statement to its end.
  char error[256];
  PGcancel* cancel = PQgetCancel(connection_);
  if (cancel == nullptr) return;
  (void)PQcancel(cancel, error, sizeof error);
  PQfreeCancel(cancel);
}

absl::StatusOr<PostgresConnection::Transaction> PostgresConnection::Begin(
    OpenMode mode) {
  Transaction transaction(this);
  RETURN_IF_ERROR(Execute(fmt::format(
      kBegin, mode == OpenMode::kReadOnly ? "READ ONLY" : "READ WRITE",
      longest_statement_.count())));
  return transaction;
}

PostgresConnection::Transaction::Transaction(Transaction&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

PostgresConnection::Transaction::~Transaction() {
  if (connection_ == nullptr) return;
  // On a lost connection it was rolled back already.
  (void)connection_->Execute("ROLLBACK");
}

absl::Status PostgresConnection::Transaction::Commit() {
  return std::exchange(connection_, nullptr)->Execute("COMMIT");
}

absl::Status CheckServerVersion(const std::string& place, int version) {
  if (version >= kOldestServer) return absl::OkStatus();
  // Before 10 the first two numbers named a release.
  const std::string found =
      version >= 100000 ? fmt::format("{}.{}", version / 10000, version % 10000)
                        : fmt::format("{}.{}.{}", version / 10000,
                                      version / 100 % 100, version % 100);
  return absl::InvalidArgumentError(fmt::format(
      "database {}: the server is PostgreSQL {}; expected {} or newer: upgrade "
      "the server (pg_upgrade), or name a newer one in database.url",
      place, found, kOldestServer / 10000));
}

std::string SqlStateOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kSqlStatePayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

bool IsRefusal(const absl::Status& status) {
  const std::string state = SqlStateOf(status);
  return status.code() == absl::StatusCode::kFailedPrecondition &&
         !state.starts_with("42") && !state.starts_with("3F");
}

bool IsLockTimeout(const absl::Status& status) {
  return SqlStateOf(status) == kLockNotAvailable;
}

}  // namespace retentiond
