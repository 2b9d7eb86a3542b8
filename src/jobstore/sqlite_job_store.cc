#include "jobstore/sqlite_job_store.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/sqlite_check.h"
#include "jobstore/sqlite_survey.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

// Without AUTOINCREMENT the rowids of deleted newest rows are used again: so
// many of them at most, it is taken, between two looks.
constexpr std::int64_t kReusedRowids = 1000;

// Free pages are given back in slices of about this time, for so long in all.
constexpr std::chrono::milliseconds kVacuumSlice{4};
constexpr std::chrono::seconds kVacuumTime{20};

// PRAGMA optimize looks at no more rows of an index than this.
constexpr char kAnalysisLimit[] = "PRAGMA analysis_limit = 400";

// PRAGMA auto_vacuum.
constexpr std::int64_t kIncremental = 2;

absl::Status NotSurveyed() {
  return absl::FailedPreconditionError("the jobs were not surveyed");
}

}  // namespace

SqliteJobStore::SqliteJobStore(std::shared_ptr<SqliteConnection> connection,
                               const JobLayout& layout)
    : connection_(std::move(connection)), given_layout_(layout) {}

absl::StatusOr<std::unique_ptr<SqliteJobStore>> SqliteJobStore::Open(
    std::shared_ptr<SqliteConnection> connection, const JobLayout& layout) {
  std::unique_ptr<SqliteJobStore> store(
      new SqliteJobStore(std::move(connection), layout));
  RETURN_IF_ERROR(store->ReadPlan());
  return store;
}

absl::Status SqliteJobStore::ReadPlan() {
  ASSIGN_OR_RETURN(Catalog catalog, ReadSqliteCatalog(*connection_));
  ASSIGN_OR_RETURN(const JobLayout layout,
                   ResolveLayout(catalog, given_layout_));
  ASSIGN_OR_RETURN(DeletionPlan plan,
                   MakeDeletionPlan(catalog, layout.table,
                                    DeclaredReferences(catalog, layout)));
  ASSIGN_OR_RETURN(SqliteJobTable jobs, SqliteJobTable::Make(catalog, layout));
  batches_.reset();
  jobs_ = std::make_unique<SqliteJobTable>(std::move(jobs));
  catalog_ = std::move(catalog);
  plan_ = std::move(plan);
  return absl::OkStatus();
}

absl::StatusOr<SurveyTotals> SqliteJobStore::Survey(
    const SurveyRequest& request, const JobVisitor& visit) {
  // Noted before the walk, so that a change during it counts as one after it.
  ASSIGN_OR_RETURN(const auto schema_version,
                   connection_->QueryInt("PRAGMA main.schema_version"));
  ASSIGN_OR_RETURN(looked_at_version_, DataVersion());
  RETURN_IF_ERROR(ReadPlan());
  ages_ = {request.cutoff, request.slot_start};
  highest_rowid_ = 0;
  ASSIGN_OR_RETURN(std::unique_ptr<CandidateList> candidates,
                   CandidateList::Open(jobs_->key().size()));
  SurveyTally tally(request);
  const auto note = [&](std::vector<JobRow>& slice) -> absl::Status {
    std::vector<CandidateList::Candidate> expired;
    for (JobRow& row : slice) {
      tally.Count(row.job, row.ahead ? SurveyTally::Ahead::kYes
                                     : SurveyTally::Ahead::kNo);
      NoteRowid(row);
      if (visit != nullptr) RETURN_IF_ERROR(visit(row.job));
      if (row.job.job_class == JobClass::kExpired) {
        expired.push_back({*row.job.created, std::move(row.key)});
      }
    }
    return candidates->Add(expired);
  };
  RETURN_IF_ERROR(WalkJobs(*connection_, *jobs_, ages_, std::nullopt, note));
  ASSIGN_OR_RETURN(batches_, SqliteBatches::Make(connection_, catalog_, plan_,
                                                 *jobs_, std::move(candidates),
                                                 schema_version.value_or(0)));
  return tally.Finish();
}

absl::Status SqliteJobStore::VisitNewcomers(const JobVisitor& visit) {
  if (batches_ == nullptr) return NotSurveyed();
  ASSIGN_OR_RETURN(const std::int64_t version, DataVersion());
  if (version == looked_at_version_) return absl::OkStatus();
  std::optional<RowKey> start;
  if (jobs_->by_rowid()) {
    ASSIGN_OR_RETURN(SqliteStatement value, connection_->Prepare("SELECT ?1"));
    value.BindInt(1, highest_rowid_ - kReusedRowids);
    RETURN_IF_ERROR(value.Step().status());
    start = TakeKey(value, 0, 1);
  }
  const auto show = [&](const std::vector<JobRow>& slice) -> absl::Status {
    for (const JobRow& row : slice) {
      NoteRowid(row);
      RETURN_IF_ERROR(visit(row.job));
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(
      WalkJobs(*connection_, *jobs_, ages_, std::move(start), show));
  looked_at_version_ = version;
  return absl::OkStatus();
}

void SqliteJobStore::NoteRowid(const JobRow& row) {
  if (!jobs_->by_rowid()) return;
  highest_rowid_ = std::max<std::int64_t>(
      highest_rowid_, sqlite3_value_int64(row.key.front().get()));
}

absl::StatusOr<std::int64_t> SqliteJobStore::DataVersion() {
  ASSIGN_OR_RETURN(const auto version,
                   connection_->QueryInt("PRAGMA main.data_version"));
  return version.value_or(0);
}

absl::StatusOr<Batch> SqliteJobStore::DeleteBatch(const BatchRequest& request,
                                                  const BatchRecorder& record) {
  if (batches_ == nullptr) return NotSurveyed();
  return batches_->Next(request, record);
}

absl::StatusOr<FarmLoad> SqliteJobStore::Load() {
  FarmLoad load;
  ASSIGN_OR_RETURN(load.kept_log_bytes, connection_->KeptLogBytes());
  return load;
}

void SqliteJobStore::Rewind() {
  if (batches_ != nullptr) batches_->Rewind();
}

absl::StatusOr<std::optional<Job>> SqliteJobStore::Find(
    const JobId& id, const SurveyRequest& at) {
  ASSIGN_OR_RETURN(std::optional<JobRow> row,
                   jobs_->Find(*connection_, id, {at.cutoff, at.slot_start}));
  if (!row.has_value()) return std::optional<Job>();
  return std::optional<Job>(std::move(row->job));
}

absl::StatusOr<std::vector<Finding>> SqliteJobStore::Check() {
  return CheckSqlite(*connection_, catalog_, plan_, *jobs_);
}

absl::StatusOr<std::vector<std::string>>
SqliteJobStore::CreateMissingIndexes() {
  const std::vector<std::string> statements = MissingIndexStatements(plan_);
  for (const std::string& statement : statements) {
    RETURN_IF_ERROR(connection_->Execute(statement));
  }
  RETURN_IF_ERROR(ReadPlan());
  return statements;
}

absl::StatusOr<VacuumOutcome> SqliteJobStore::TidyUp(
    const std::vector<std::string>& tables, Micros longest) {
  (void)tables;  // the file is one
  RETURN_IF_ERROR(connection_->Execute("PRAGMA main.wal_checkpoint(PASSIVE)"));
  RETURN_IF_ERROR(connection_->Execute(kAnalysisLimit));
  RETURN_IF_ERROR(connection_->Execute("PRAGMA main.optimize"));
  RETURN_IF_ERROR(GiveBackPages(longest));
  RETURN_IF_ERROR(connection_->Execute("PRAGMA main.wal_checkpoint(PASSIVE)"));
  return VacuumOutcome();
}

absl::Status SqliteJobStore::GiveBackPages(Micros longest) {
  ASSIGN_OR_RETURN(const auto mode,
                   connection_->QueryInt("PRAGMA main.auto_vacuum"));
  if (mode != kIncremental) return absl::OkStatus();
  const auto end = steady_clock::now() + std::min<Micros>(longest, kVacuumTime);
  std::int64_t pages = 16;
  while (steady_clock::now() < end) {
    ASSIGN_OR_RETURN(const auto free,
                     connection_->QueryInt("PRAGMA main.freelist_count"));
    if (free == 0) break;
    const auto began = steady_clock::now();
    RETURN_IF_ERROR(connection_->Execute("PRAGMA main.incremental_vacuum(" +
                                         std::to_string(pages) + ")"));
    RETURN_IF_ERROR(connection_->CheckpointWhenLong());
    const bool quick = steady_clock::now() - began < kVacuumSlice;
    pages = quick ? pages * 2 : std::max<std::int64_t>(pages / 2, 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<DatabaseSize> SqliteJobStore::Size() {
  ASSIGN_OR_RETURN(const auto page, connection_->QueryInt("PRAGMA page_size"));
  ASSIGN_OR_RETURN(const auto pages,
                   connection_->QueryInt("PRAGMA main.page_count"));
  ASSIGN_OR_RETURN(const auto free,
                   connection_->QueryInt("PRAGMA main.freelist_count"));
  DatabaseSize size;
  size.kind = "sqlite";
  size.size_bytes = pages.value_or(0) * page.value_or(0);
  size.reclaimable_bytes = free.value_or(0) * page.value_or(0);
  return size;
}

}  // namespace retentiond
