#include "testing/jobstore/sqlite_farm.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/sqlite_state.h"

namespace retentiond {
namespace {

// A run of the tests' databases has far fewer batches.
constexpr int kMostBatches = 100'000;

template <typename T>
T Checked(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  fmt::print(stderr, "{}\n", MessageOf(value.status()));
  std::abort();
}

std::filesystem::path MakeDirectory() {
  std::string name =
      (std::filesystem::temp_directory_path() / "retentiond-farm-XXXXXX")
          .string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

}  // namespace

Instant TestSlotStart() {
  return Checked(ParseInstant("2026-03-16T03:00:00Z"));
}

Instant TestCutoff() { return Checked(ParseInstant("2026-03-09T03:00:00Z")); }

SqliteFarm::SqliteFarm() : directory_(MakeDirectory()) {
  std::ofstream(path()).close();
  farm_ = Checked(SqliteConnection::Open(path(), OpenMode::kReadWrite));
  Execute("PRAGMA synchronous = OFF");
  layout.table = "Job";
  layout.id = {"id"};
  layout.created = "createdAt";
  layout.status = "status";
  layout.finished = {"COMPLETED", "FAILED", "CANCELLED"};
  layout.created_zone = "UTC";
}

SqliteFarm::~SqliteFarm() {
  farm_.reset();
  std::filesystem::remove_all(directory_);
}

void SqliteFarm::Execute(const std::string& sql) {
  const absl::Status status = farm_->Execute(sql);
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", MessageOf(status));
  std::abort();
}

std::int64_t SqliteFarm::Int(const std::string& sql) {
  return Checked(farm_->QueryInt(sql)).value_or(0);
}

std::string SqliteFarm::Text(const std::string& sql) {
  SqliteStatement rows = Checked(farm_->Prepare(sql));
  std::string text;
  while (Checked(rows.Step())) {
    if (!text.empty()) text += ',';
    text += rows.IsNull(0) ? "NULL" : std::string(rows.Text(0));
  }
  return text;
}

std::string SqliteFarm::Dump() {
  SqliteStatement tables = Checked(farm_->Prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE "
      "'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE 'retentiond\\_%' ESCAPE '\\' "
      "ORDER BY name"));
  std::string dump;
  while (Checked(tables.Step())) {
    const std::string name(tables.Text(0));
    SqliteStatement rows =
        Checked(farm_->Prepare("SELECT * FROM " + QuoteName(name)));
    std::vector<std::string> lines;
    while (Checked(rows.Step())) {
      std::string line = name;
      for (int i = 0; i < sqlite3_column_count(rows.get()); ++i) {
        line += rows.IsNull(i) ? "|NULL" : "|" + std::string(rows.Text(i));
      }
      lines.push_back(line);
    }
    std::sort(lines.begin(), lines.end());
    for (const std::string& line : lines) dump += line + "\n";
  }
  return dump;
}

absl::StatusOr<std::unique_ptr<SqliteJobStore>> SqliteFarm::Open(
    OpenMode mode) {
  ASSIGN_OR_RETURN(auto connection, SqliteConnection::Open(path(), mode));
  RETURN_IF_ERROR(connection->Execute("PRAGMA synchronous = OFF"));
  if (mode == OpenMode::kReadWrite) {
    RETURN_IF_ERROR(BeginTestRun(connection));
  }
  return SqliteJobStore::Open(std::move(connection), layout);
}

absl::Status BeginTestRun(std::shared_ptr<SqliteConnection> connection) {
  ASSIGN_OR_RETURN(
      auto state, OpenSqliteState(std::move(connection), OpenMode::kReadWrite));
  ASSIGN_OR_RETURN(const LeaseView lease, state->ViewLease());
  if (!lease.holder.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Lease taken, state->TakeLease("test", std::nullopt));
  return state->BeginRun(RunRecord(), taken).status();
}

SurveyRequest TestSurvey() {
  return {TestCutoff(), TestSlotStart(), TestSlotStart()};
}

BatchRequest TestBatch(std::int64_t row_limit, DryRun dry_run) {
  BatchRequest request;
  request.run = RunId{1};
  request.epoch = LeaseEpoch{1};
  request.cutoff = TestCutoff();
  request.slot_start = TestSlotStart();
  request.now = TestSlotStart();
  request.row_limit = row_limit;
  request.dry_run = dry_run;
  return request;
}

absl::StatusOr<CleanupResult> CleanUp(JobStore& store, std::int64_t row_limit,
                                      DryRun dry_run) {
  RETURN_IF_ERROR(store.Survey(TestSurvey(), nullptr).status());
  CleanupResult result;
  for (int i = 0; i < kMostBatches; ++i) {
    ASSIGN_OR_RETURN(const Batch batch,
                     store.DeleteBatch(
                         TestBatch(row_limit, dry_run),
                         [](const std::vector<Job>&) { return Belongings(); }));
    if (batch.finished) {
      std::sort(result.jobs.begin(), result.jobs.end());
      return result;
    }
    std::int64_t rows = 0;
    for (const auto& [table, count] : batch.rows) {
      result.rows[table] += count;
      rows += count;
    }
    result.largest_batch = std::max(result.largest_batch, rows);
    for (const JobId& id : batch.jobs) result.jobs.push_back(id.text);
    for (const HeldJob& held : batch.held) {
      result.held[held.id.text] = held.reason;
    }
    if (!batch.jobs.empty()) result.batch_sizes.push_back(batch.jobs.size());
    if (batch.part) ++result.parts;
  }
  return absl::InternalError("the cleanup does not end");
}

}  // namespace retentiond
