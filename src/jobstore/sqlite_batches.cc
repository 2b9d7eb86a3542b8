#include "jobstore/sqlite_batches.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/sql_state.h"
#include "jobstore/sqlite_state_sql.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

JobAges AgesOf(const BatchRequest& request) {
  return {request.cutoff, request.slot_start};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteBatches>> SqliteBatches::Make(
    std::shared_ptr<SqliteConnection> connection, const Catalog& catalog,
    const DeletionPlan& plan, const SqliteJobTable& jobs,
    std::unique_ptr<CandidateList> candidates, std::int64_t schema_version) {
  std::unique_ptr<SqliteBatches> batches(new SqliteBatches());
  batches->connection_ = std::move(connection);
  batches->jobs_ = &jobs;
  batches->job_table_ = plan.job_table;
  batches->candidates_ = std::move(candidates);
  batches->schema_version_ = schema_version;
  ASSIGN_OR_RETURN(batches->closure_, SqliteClosure::Make(batches->connection_,
                                                          catalog, plan, jobs));
  ASSIGN_OR_RETURN(batches->deletion_,
                   SqliteDeletion::Make(*batches->connection_, catalog, plan,
                                        batches->closure_->statements()));
  return batches;
}

void SqliteBatches::Rewind() {
  candidates_->Rewind();
  sizer_.Rewind();
  rewound_ = true;
}

absl::StatusOr<Batch> SqliteBatches::Next(const BatchRequest& request,
                                          const BatchRecorder& record) {
  const auto attempt_with = [&](const std::vector<RowKey>& keys) {
    return request.dry_run == DryRun::kYes ? Count(request, record, keys)
                                           : Delete(request, record, keys);
  };
  if (rewound_) RETURN_IF_ERROR(closure_->Clear());
  rewound_ = false;
  ASSIGN_OR_RETURN(std::vector<RowKey> keys,
                   candidates_->Peek(sizer_.JobsToTake(request.row_limit)));
  if (keys.empty()) {
    Batch none;
    none.finished = true;
    return none;
  }
  ASSIGN_OR_RETURN(Attempt attempt, attempt_with(keys));
  if (attempt.refusal.has_value() && attempt.taken > 1) {
    sizer_.Refused(attempt.taken);
    keys.resize(1);
    ASSIGN_OR_RETURN(attempt, attempt_with(keys));
  }
  if (attempt.refusal.has_value()) {
    attempt.batch.held.push_back(
        {attempt.added.front().job.id, job_table_,
         "the database refused its deletion: " + *attempt.refusal});
  }
  if (!attempt.batch.part) {
    RETURN_IF_ERROR(candidates_->Pass(attempt.taken));
    sizer_.Passed(attempt.taken);
  }
  return std::move(attempt.batch);
}

absl::Status SqliteBatches::CheckMayDelete(const BatchRequest& request) {
  SqliteStateSql state(*connection_);
  RETURN_IF_ERROR(CheckEpoch(state, request.epoch));
  ASSIGN_OR_RETURN(const auto version,
                   connection_->QueryInt("PRAGMA main.schema_version"));
  if (version != schema_version_) {
    return absl::FailedPreconditionError(
        "the database's schema changed since the survey; the next run makes a "
        "new deletion plan");
  }
  // Constraints are checked at the commit, so that the order of deletion does
  // not matter within a cycle. Ends with the transaction.
  return connection_->Execute("PRAGMA defer_foreign_keys = ON");
}

absl::StatusOr<bool> SqliteBatches::ForeignCommits() {
  ASSIGN_OR_RETURN(const auto version,
                   connection_->QueryInt("PRAGMA main.data_version"));
  const bool foreign = data_version_.has_value() && version != data_version_;
  data_version_ = version;
  return foreign;
}

absl::StatusOr<SqliteBatches::Attempt> SqliteBatches::Delete(
    const BatchRequest& request, const BatchRecorder& record,
    const std::vector<RowKey>& keys) {
  RETURN_IF_ERROR(connection_->CheckpointWhenLong());
  Attempt attempt;
  Batch& batch = attempt.batch;
  ASSIGN_OR_RETURN(
      const ForeignKeysSuspended suspended,
      ForeignKeysSuspended::Make(*connection_, deletion_->enforcement()));
  ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                   connection_->BeginImmediate());
  batch.lock_wait = transaction.lock_wait;
  RETURN_IF_ERROR(CheckMayDelete(request));
  ASSIGN_OR_RETURN(batch.foreign_commits, ForeignCommits());
  RETURN_IF_ERROR(Take(request, keys, attempt));
  if (!attempt.collected.empty()) {
    ASSIGN_OR_RETURN(const std::vector<Job> jobs, JobsOf(request, attempt));
    absl::Status done = DeleteRows(request, attempt);
    if (done.ok()) {
      if (!batch.part) {
        for (const Job& job : jobs) batch.jobs.push_back(job.id);
        ASSIGN_OR_RETURN(batch.belongings, record(jobs));
      }
      SqliteStateSql state(*connection_);
      RETURN_IF_ERROR(RecordBatch(state, request, batch));
      done = transaction.Commit();
    }
    if (done.code() == absl::StatusCode::kFailedPrecondition) {
      attempt.refusal = MessageOf(done);
      Batch refused;
      refused.lock_wait = batch.lock_wait;
      refused.foreign_commits = batch.foreign_commits;
      batch = std::move(refused);
    } else {
      RETURN_IF_ERROR(done);
    }
  }
  batch.lock_held = std::chrono::duration_cast<Micros>(steady_clock::now() -
                                                       transaction.locked_at);
  return attempt;
}

absl::StatusOr<SqliteBatches::Attempt> SqliteBatches::Count(
    const BatchRequest& request, const BatchRecorder& record,
    const std::vector<RowKey>& keys) {
  // No transaction: each statement reads for itself and lets go again, so that
  // counting holds the database no longer than one statement takes.
  Attempt attempt;
  RETURN_IF_ERROR(Take(request, keys, attempt));
  if (attempt.collected.empty()) return attempt;
  ASSIGN_OR_RETURN(const std::vector<Job> jobs, JobsOf(request, attempt));
  for (const Job& job : jobs) attempt.batch.jobs.push_back(job.id);
  ASSIGN_OR_RETURN(attempt.batch.belongings, record(jobs));
  attempt.batch.rows = std::move(attempt.collected);
  attempt.batch.rows.merge(std::move(attempt.leaves));
  return attempt;
}

absl::Status SqliteBatches::Take(const BatchRequest& request,
                                 const std::vector<RowKey>& keys,
                                 Attempt& attempt) {
  std::size_t count = keys.size();
  while (true) {
    RETURN_IF_ERROR(TakeFirst(request, keys, count, attempt));
    const std::int64_t rows = SumOf(attempt.collected) + SumOf(attempt.leaves);
    const std::optional<std::size_t> fewer =
        sizer_.Fit(count, attempt.added.size(), rows, request.row_limit);
    if (!fewer.has_value()) return absl::OkStatus();
    RETURN_IF_ERROR(closure_->Abandon());
    count = *fewer;
  }
}

// Closes a batch of the first `count` keys.
absl::Status SqliteBatches::TakeFirst(const BatchRequest& request,
                                      const std::vector<RowKey>& keys,
                                      std::size_t count, Attempt& attempt) {
  const JobAges ages = AgesOf(request);
  RETURN_IF_ERROR(closure_->Begin(request.dry_run));
  attempt.taken = count;
  attempt.added.clear();
  for (std::size_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(std::optional<JobRow> row,
                     jobs_->ReadByKey(*connection_, keys[i], ages));
    if (!row.has_value() || row->job.job_class != JobClass::kExpired) continue;
    ASSIGN_OR_RETURN(const bool added, closure_->Add(*row));
    if (added) attempt.added.push_back(*std::move(row));
  }
  ASSIGN_OR_RETURN(attempt.batch.held, closure_->Close(ages));
  ASSIGN_OR_RETURN(
      attempt.collected,
      deletion_->CountCollected(*connection_, closure_->first_round()));
  // A dry run counts to the end; a batch only needs to know that it is too
  // large, and by how much about.
  const std::int64_t limit = request.dry_run == DryRun::kYes
                                 ? std::numeric_limits<std::int64_t>::max()
                                 : 2 * request.row_limit + 1;
  ASSIGN_OR_RETURN(
      attempt.leaves,
      deletion_->CountLeaves(*connection_, closure_->first_round(), limit));
  return absl::OkStatus();
}

absl::Status SqliteBatches::DeleteRows(const BatchRequest& request,
                                       Attempt& attempt) {
  const std::int64_t round = closure_->first_round();
  Batch& batch = attempt.batch;
  const std::int64_t leaves = SumOf(attempt.leaves);
  if (attempt.taken == 1 && leaves > 0 &&
      leaves + SumOf(attempt.collected) > request.row_limit) {
    batch.part = true;
    batch.part_of = attempt.added.front().job.id;
    ASSIGN_OR_RETURN(batch.rows, deletion_->DeleteLeaves(*connection_, round,
                                                         request.row_limit));
    if (batch.rows.empty()) {
      return absl::FailedPreconditionError("a trigger keeps its dependents");
    }
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(batch.rows,
                   deletion_->Delete(*connection_, round, attempt.collected));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Job>> SqliteBatches::JobsOf(
    const BatchRequest& request, const Attempt& attempt) {
  const auto going = attempt.collected.find(job_table_);
  const bool as_added =
      attempt.batch.held.empty() && going != attempt.collected.end() &&
      going->second == static_cast<std::int64_t>(attempt.added.size());
  if (!as_added) return closure_->GoingJobs(AgesOf(request));
  std::vector<Job> jobs;
  for (const JobRow& row : attempt.added) jobs.push_back(row.job);
  return jobs;
}

}  // namespace retentiond
