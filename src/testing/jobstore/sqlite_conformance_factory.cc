#include <fmt/format.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "jobstore/sqlite_store.h"
#include "testing/jobstore/farm.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

constexpr char kSchema[] = R"sql(
CREATE TABLE "User"(
  id TEXT NOT NULL PRIMARY KEY,
  email TEXT NOT NULL UNIQUE
);
CREATE TABLE "Job"(
  id TEXT NOT NULL PRIMARY KEY,
  "userId" TEXT NOT NULL REFERENCES "User"(id)
    ON DELETE RESTRICT ON UPDATE CASCADE,
  "outputPath" TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'PENDING',
  "nexrenderConfig" JSONB NOT NULL,
  "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "JobLog"(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  "jobId" TEXT NOT NULL REFERENCES "Job"(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  line TEXT NOT NULL
);
CREATE TABLE "Invoice"(
  id INTEGER PRIMARY KEY,
  "jobId" TEXT NOT NULL REFERENCES "Job"(id) ON DELETE RESTRICT
);
CREATE INDEX "JobLog_jobId" ON "JobLog"("jobId");
CREATE INDEX "Invoice_jobId" ON "Invoice"("jobId");
INSERT INTO "User" VALUES ('u1', 'u1@example.com');
)sql";

std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';
    quoted += c;
  }
  return quoted + '\'';
}

// Both forms that ORMs store stand in one column here: integer milliseconds,
// and text for what they cannot tell.
std::string StoredTime(const std::optional<Instant>& instant) {
  if (!instant.has_value()) return "'some day'";
  const std::int64_t micros = MicrosOf(*instant);
  if (micros % 1000 == 0) return std::to_string(micros / 1000);
  return Quoted(FormatInstant(*instant));
}

class SqliteConformanceFarm : public Farm {
 public:
  explicit SqliteConformanceFarm(const std::string& journal_mode) {
    farm_.Execute("PRAGMA journal_mode = " + journal_mode);
    farm_.Execute(kSchema);
    farm_.layout.fields = {"outputPath", "nexrenderConfig.uid"};
  }

  absl::StatusOr<Database> Open(OpenMode mode) override {
    return OpenSqlite(farm_.path(), farm_.layout, mode);
  }
  void InsertJob(const FarmJob& job) override {
    farm_.Execute(fmt::format(
        R"(INSERT INTO "Job" VALUES ({}, 'u1', {}, {}, '{{"uid":"{}"}}', {}))",
        Quoted(job.id), Quoted(job.output), Quoted(job.state), job.uid,
        StoredTime(job.created)));
  }
  void SetState(const std::string& id, const std::string& state) override {
    farm_.Execute(fmt::format(R"(UPDATE "Job" SET status = {} WHERE id = {})",
                              Quoted(state), Quoted(id)));
  }
  void EraseJob(const std::string& id) override {
    farm_.Execute(R"(DELETE FROM "Job" WHERE id = )" + Quoted(id));
  }
  void InsertLogs(const std::string& id, int rows) override {
    for (int i = 0; i < rows; ++i) {
      farm_.Execute(fmt::format(
          R"(INSERT INTO "JobLog"("jobId", line) VALUES ({}, 'PROGRESS: {}'))",
          Quoted(id), i));
    }
  }
  void InsertInvoice(const std::string& id) override {
    farm_.Execute(R"(INSERT INTO "Invoice"("jobId") VALUES ()" + Quoted(id) +
                  ")");
  }
  std::vector<std::string> JobIds() override {
    std::vector<std::string> ids;
    std::istringstream rows(farm_.Text(R"(SELECT id FROM "Job" ORDER BY id)"));
    for (std::string id; std::getline(rows, id, ',');) ids.push_back(id);
    return ids;
  }
  std::int64_t CountRows(const std::string& table) override {
    return farm_.Int("SELECT count(*) FROM " + QuoteName(table));
  }

 private:
  SqliteFarm farm_;
};

}  // namespace

std::unique_ptr<Farm> MakeSqliteFarm(const std::string& journal_mode) {
  return std::make_unique<SqliteConformanceFarm>(journal_mode);
}

}  // namespace retentiond
