#include "demo/farm_database.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// As the render manager's ORM makes them, and two tables of the kind that grow
// around a job. Write-ahead logging is what lets a farm write while it is read.
constexpr char kSchema[] = R"sql(
PRAGMA journal_mode = WAL;
CREATE TABLE "User" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "email" TEXT NOT NULL,
  "name" TEXT,
  "role" TEXT NOT NULL DEFAULT 'USER',
  "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" DATETIME NOT NULL
);
CREATE TABLE "Job" (
  "id" TEXT NOT NULL PRIMARY KEY,
  "userId" TEXT NOT NULL,
  "projectPath" TEXT NOT NULL,
  "outputPath" TEXT NOT NULL,
  "status" TEXT NOT NULL DEFAULT 'PENDING',
  "priority" INTEGER NOT NULL DEFAULT 0,
  "nexrenderConfig" JSONB NOT NULL,
  "logs" TEXT,
  "progress" INTEGER NOT NULL DEFAULT 0,
  "error" TEXT,
  "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "updatedAt" DATETIME NOT NULL,
  "completedAt" DATETIME,
  CONSTRAINT "Job_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id")
    ON DELETE RESTRICT ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
CREATE INDEX "Job_status_priority_idx" ON "Job"("status", "priority");
CREATE INDEX "Job_projectPath_idx" ON "Job"("projectPath");
CREATE TABLE "JobLog" (
  "id" INTEGER PRIMARY KEY,
  "jobId" TEXT NOT NULL REFERENCES "Job" ("id") ON DELETE CASCADE,
  "message" TEXT NOT NULL
);
CREATE INDEX "JobLog_jobId_idx" ON "JobLog"("jobId");
CREATE TABLE "Asset" (
  "id" INTEGER PRIMARY KEY,
  "jobId" TEXT NOT NULL REFERENCES "Job" ("id") ON DELETE CASCADE,
  "src" TEXT NOT NULL
);
CREATE INDEX "Asset_jobId_idx" ON "Asset"("jobId");
INSERT INTO "User" ("id", "email", "name", "updatedAt") VALUES
  ('cldemo-user', 'artist@farm.example', 'Artist', CURRENT_TIMESTAMP);
)sql";

std::string NamesOf(
    const std::vector<std::pair<std::string, std::string>>& columns) {
  std::string names;
  for (const auto& [name, value] : columns) {
    names += (names.empty() ? "" : ", ") + QuoteName(name);
  }
  return names;
}

absl::StatusOr<std::int64_t> CountRows(SqliteConnection& connection,
                                       const std::string& table) {
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> rows,
                   connection.QueryInt("SELECT count(*) FROM " + table));
  return rows.value_or(0);
}

}  // namespace

absl::Status CreateFarmDatabase(const std::filesystem::path& path) {
  // An empty file is an empty database.
  if (!std::ofstream(path)) return ErrnoStatus(errno, "make " + path.string());
  ASSIGN_OR_RETURN(const std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, OpenMode::kReadWrite));
  return connection->Execute(kSchema);
}

absl::StatusOr<FarmDatabase> FarmDatabase::Open(
    const std::filesystem::path& path) {
  ASSIGN_OR_RETURN(std::shared_ptr<SqliteConnection> connection,
                   SqliteConnection::Open(path, OpenMode::kReadWrite));
  // The usual companion of write-ahead logging: a farm's commit does not wait
  // for the disk.
  RETURN_IF_ERROR(connection->Execute("PRAGMA synchronous = NORMAL"));
  return FarmDatabase(std::move(connection));
}

absl::Status FarmDatabase::Insert(const std::vector<FarmJob>& jobs) {
  ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                   connection_->BeginImmediate());
  for (const FarmJob& job : jobs) {
    RETURN_IF_ERROR(InsertRow(job));
    RETURN_IF_ERROR(InsertDependents(job));
  }
  return transaction.Commit();
}

// Every value is bound as text: the columns' affinities turn numbers into
// numbers, so that a creation time in milliseconds is stored as an integer.
absl::Status FarmDatabase::InsertRow(const FarmJob& job) {
  const auto columns = ColumnsOf(job);
  std::string marks = "?";
  for (std::size_t i = 1; i < columns.size(); ++i) marks += ", ?";
  ASSIGN_OR_RETURN(
      SqliteStatement insert,
      connection_->Prepare(fmt::format("INSERT INTO \"Job\" ({}) VALUES ({})",
                                       NamesOf(columns), marks)));
  int index = 0;
  for (const auto& [name, value] : columns) insert.BindText(++index, value);
  return insert.Run();
}

absl::Status FarmDatabase::InsertDependents(const FarmJob& job) {
  const auto insert = [&](const std::string& sql, int rows,
                          const std::string& text) -> absl::Status {
    for (int i = 0; i < rows; ++i) {
      ASSIGN_OR_RETURN(SqliteStatement statement, connection_->Prepare(sql));
      statement.BindText(1, job.id).BindText(2, fmt::format("{} {}", text, i));
      RETURN_IF_ERROR(statement.Run());
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(
      insert("INSERT INTO \"JobLog\" (\"jobId\", \"message\") VALUES (?, ?)",
             job.logs, "PROGRESS: frame"));
  return insert("INSERT INTO \"Asset\" (\"jobId\", \"src\") VALUES (?, ?)",
                job.assets, "footage");
}

absl::Status FarmDatabase::SetState(const std::string& id,
                                    const std::string& state) {
  ASSIGN_OR_RETURN(SqliteStatement update,
                   connection_->Prepare("UPDATE \"Job\" SET \"status\" = ? "
                                        "WHERE \"id\" = ?"));
  return update.BindText(1, state).BindText(2, id).Run();
}

absl::Status FarmDatabase::VisitJobs(
    const std::function<void(const Stored&)>& visit) {
  const auto columns = ColumnsOf({});
  ASSIGN_OR_RETURN(
      SqliteStatement jobs,
      connection_->Prepare(fmt::format(
          "SELECT {}, (SELECT count(*) FROM \"JobLog\" WHERE \"jobId\" = "
          "\"Job\".\"id\"), (SELECT count(*) FROM \"Asset\" WHERE \"jobId\" = "
          "\"Job\".\"id\") FROM \"Job\"",
          NamesOf(columns))));
  const int width = static_cast<int>(columns.size());
  while (true) {
    ASSIGN_OR_RETURN(const bool row, jobs.Step());
    if (!row) return absl::OkStatus();
    Stored stored{.id = std::string(jobs.Text(0)),
                  .logs = jobs.Int(width),
                  .assets = jobs.Int(width + 1)};
    for (int i = 0; i < width; ++i) stored.values.emplace_back(jobs.Text(i));
    visit(stored);
  }
}

absl::StatusOr<FarmDatabase::Totals> FarmDatabase::Count() {
  Totals totals;
  ASSIGN_OR_RETURN(totals.logs, CountRows(*connection_, "\"JobLog\""));
  ASSIGN_OR_RETURN(totals.assets, CountRows(*connection_, "\"Asset\""));
  ASSIGN_OR_RETURN(totals.users, CountRows(*connection_, "\"User\""));
  ASSIGN_OR_RETURN(totals.broken_references,
                   CountRows(*connection_, "pragma_foreign_key_check"));
  return totals;
}

}  // namespace retentiond
