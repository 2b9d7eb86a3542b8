// FNV-1a rather than a keyed hash: two names with one hash are kept longer than
// needed and nothing else, so that there is nothing to gain by making them
// collide, and it is stable, short and fast on names of a few dozen bytes.
// By chance, two of a million names collide once in 37 million runs. Two jobs
// with one hash that bear the same name would count as one and let it go too
// early: that takes a retry of just that job, one in 2^64.
//
// The database lives in one transaction that is never committed: it is private
// and goes with the connection.
#include "jobstore/name_census.h"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
constexpr std::uint64_t kOffsetBasis = 0xcbf29ce484222325;
constexpr std::uint64_t kPrime = 0x100000001b3;

std::int64_t HashOf(std::string_view name) {
  std::uint64_t hash = kOffsetBasis;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= kPrime;
  }
  return static_cast<std::int64_t>(hash);
}

class SqliteNameCensus : public NameCensus {
 public:
  explicit SqliteNameCensus(std::shared_ptr<SqliteConnection> connection)
      : connection_(std::move(connection)) {}

  absl::Status Add(const JobId& job,
                   const std::vector<std::string>& names) override {
    return ForEach("INSERT OR IGNORE INTO census VALUES (?1, ?2)", job, names);
  }

  absl::Status Remove(const JobId& job,
                      const std::vector<std::string>& names) override {
    return ForEach("DELETE FROM census WHERE name_hash = ?1 AND job_hash = ?2",
                   job, names);
  }

  absl::StatusOr<std::int64_t> Bearers(const std::string& name) override {
    ASSIGN_OR_RETURN(SqliteStatement statement,
                     connection_->Prepare(
                         "SELECT count(*) FROM census WHERE name_hash = ?1"));
    statement.BindInt(1, HashOf(name));
    RETURN_IF_ERROR(statement.Step().status());
    return statement.Int(0);
  }

  absl::Status Clear() override {
    return connection_->Execute("DELETE FROM census");
  }

 private:
  absl::Status ForEach(const std::string& sql, const JobId& job,
                       const std::vector<std::string>& names) {
    ASSIGN_OR_RETURN(SqliteStatement statement, connection_->Prepare(sql));
    for (const std::string& name : names) {
      statement.BindInt(1, HashOf(name)).BindInt(2, HashOf(job.text));
      RETURN_IF_ERROR(statement.Run());
      statement.Reset();
    }
    return absl::OkStatus();
  }

  std::shared_ptr<SqliteConnection> connection_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<NameCensus>> NameCensus::Open() {
  ASSIGN_OR_RETURN(std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::OpenScratch());
  RETURN_IF_ERROR(connection->Execute(
      "CREATE TABLE census(name_hash INTEGER, job_hash INTEGER, "
      "PRIMARY KEY (name_hash, job_hash)) WITHOUT ROWID; BEGIN"));
  return std::make_unique<SqliteNameCensus>(std::move(connection));
}

}  // namespace retentiond
