#include <fmt/format.h>

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "jobstore/postgres_store.h"
#include "jobstore/sqlite_connection.h"
#include "testing/jobstore/farm.h"
#include "testing/jobstore/postgres_cluster.h"

namespace retentiond {
namespace {

constexpr char kSchema[] = R"sql(
CREATE TYPE "JobStatus" AS ENUM ('PENDING', 'VALIDATING', 'QUEUED', 'RENDERING',
  'COMPLETED', 'FAILED', 'CANCELLED');
CREATE TABLE "User"(id text PRIMARY KEY, email text NOT NULL UNIQUE);
CREATE TABLE "Job"(
  id text PRIMARY KEY,
  "userId" text NOT NULL REFERENCES "User"(id)
    ON DELETE RESTRICT ON UPDATE CASCADE,
  "outputPath" text NOT NULL,
  status "JobStatus" NOT NULL DEFAULT 'PENDING',
  "nexrenderConfig" jsonb NOT NULL,
  "createdAt" timestamp(6) DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "JobLog"(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "jobId" text NOT NULL REFERENCES "Job"(id)
    ON DELETE CASCADE ON UPDATE CASCADE,
  line text NOT NULL
);
CREATE TABLE "Invoice"(
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "jobId" text NOT NULL REFERENCES "Job"(id) ON DELETE RESTRICT
);
CREATE INDEX "JobLog_jobId" ON "JobLog"("jobId");
CREATE INDEX "Invoice_jobId" ON "Invoice"("jobId");
INSERT INTO "User" VALUES ('u1', 'u1@example.com');
)sql";

class PostgresConformanceFarm : public Farm {
 public:
  explicit PostgresConformanceFarm(PostgresWay way) : way_(way) {
    database_.Execute(kSchema);
    layout_.table = "Job";
    layout_.id = {"id"};
    layout_.created = "createdAt";
    layout_.status = "status";
    layout_.finished = {"COMPLETED", "FAILED", "CANCELLED"};
    layout_.created_zone = "UTC";
    layout_.fields = {"outputPath", "nexrenderConfig.uid"};
  }

  absl::StatusOr<Database> Open(OpenMode mode) override {
    PostgresTarget target;
    target.parameters = way_ == PostgresWay::kPooled
                            ? database_.pooler_parameters()
                            : database_.parameters();
    if (way_ == PostgresWay::kWithoutRowLocks) target.locks = RowLocks::kNone;
    return OpenPostgres(target, layout_, mode);
  }
  void InsertJob(const FarmJob& job) override {
    const std::string created =
        job.created.has_value()
            ? fmt::format("timestamp '1970-01-01' + {} * interval '1 us'",
                          MicrosOf(*job.created))
            : std::string("NULL");
    database_.Execute(fmt::format(
        R"(INSERT INTO "Job" VALUES ({}, 'u1', {}, {}, '{{"uid":"{}"}}', {}))",
        QuotePostgresText(job.id), QuotePostgresText(job.output),
        QuotePostgresText(job.state), job.uid, created));
  }
  void SetState(const std::string& id, const std::string& state) override {
    database_.Execute(
        fmt::format(R"(UPDATE "Job" SET status = {} WHERE id = {})",
                    QuotePostgresText(state), QuotePostgresText(id)));
  }
  void EraseJob(const std::string& id) override {
    database_.Execute(R"(DELETE FROM "Job" WHERE id = )" +
                      QuotePostgresText(id));
  }
  void InsertLogs(const std::string& id, int rows) override {
    database_.Execute(fmt::format(
        R"(INSERT INTO "JobLog"("jobId", line) SELECT {}, 'PROGRESS: ' || i )"
        "FROM generate_series(1, {}) AS i",
        QuotePostgresText(id), rows));
  }
  void InsertInvoice(const std::string& id) override {
    database_.Execute(R"(INSERT INTO "Invoice"("jobId") VALUES ()" +
                      QuotePostgresText(id) + ")");
  }
  std::vector<std::string> JobIds() override {
    std::vector<std::string> ids;
    std::istringstream rows(
        database_.Text(R"(SELECT id FROM "Job" ORDER BY id COLLATE "C")"));
    for (std::string id; std::getline(rows, id, ',');) ids.push_back(id);
    return ids;
  }
  std::int64_t CountRows(const std::string& table) override {
    return database_.Int("SELECT count(*) FROM " + QuoteName(table));
  }

 private:
  PostgresWay way_;
  ScratchPostgres database_;
  JobLayout layout_;
};

}  // namespace

std::unique_ptr<Farm> MakePostgresFarm(PostgresWay way) {
  return std::make_unique<PostgresConformanceFarm>(way);
}

}  // namespace retentiond
