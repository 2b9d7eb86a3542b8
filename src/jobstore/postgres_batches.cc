#include "jobstore/postgres_batches.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/postgres_state.h"
#include "jobstore/sql_state.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

// How often a batch is read anew when its jobs are changed between their
// reading and their deletion (RowLocks::kNone).
constexpr int kMostChanges = 5;

JobAges AgesOf(const BatchRequest& request) {
  return {request.cutoff, request.slot_start};
}

}  // namespace

PostgresBatches::PostgresBatches(PostgresConnection& connection,
                                 const PostgresCatalog& catalog,
                                 const DeletionPlan& plan,
                                 const PostgresJobTable& jobs, RowLocks locks,
                                 std::unique_ptr<TextCandidateList> candidates,
                                 std::string schema_mark)
    : connection_(connection),
      jobs_(jobs),
      job_table_(plan.job_table),
      locks_(locks),
      candidates_(std::move(candidates)),
      closure_(connection, catalog, plan, jobs, locks),
      deletion_(connection, catalog, plan, jobs, closure_, locks),
      schema_mark_(std::move(schema_mark)) {}

void PostgresBatches::Rewind() {
  candidates_->Rewind();
  sizer_.Rewind();
  rewound_ = true;
}

absl::StatusOr<Batch> PostgresBatches::Next(const BatchRequest& request,
                                            const BatchRecorder& record) {
  if (rewound_) closure_.Clear();
  rewound_ = false;
  ASSIGN_OR_RETURN(std::vector<TextKey> keys, NextKeys(request.row_limit));
  if (keys.empty()) {
    Batch none;
    none.finished = true;
    return none;
  }
  ASSIGN_OR_RETURN(Attempt attempt, Try(request, record, keys));
  if ((attempt.refusal.has_value() || attempt.waited) && keys.size() > 1) {
    sizer_.Refused(keys.size());
    keys.resize(1);
    ASSIGN_OR_RETURN(attempt, Try(request, record, keys));
  }
  if (attempt.waited) attempt.locked = {keys.front()};
  if (attempt.refusal.has_value()) {
    attempt.batch.held.push_back(
        {attempt.added.front(), job_table_,
         "the database refused its deletion: " + *attempt.refusal});
  }
  if (attempt.batch.part) return std::move(attempt.batch);
  RETURN_IF_ERROR(PutOff(attempt.locked, attempt.batch));
  RETURN_IF_ERROR(candidates_->Pass(attempt.taken));
  sizer_.Passed(attempt.taken);
  return std::move(attempt.batch);
}

absl::StatusOr<std::vector<TextKey>> PostgresBatches::NextKeys(
    std::int64_t row_limit) {
  const std::size_t count = sizer_.JobsToTake(row_limit);
  ASSIGN_OR_RETURN(std::vector<TextKey> keys, candidates_->Peek(count));
  if (!keys.empty() || put_off_ == nullptr || last_round_) return keys;
  candidates_ = std::move(put_off_);
  last_round_ = true;
  return candidates_->Peek(count);
}

// Jobs that others have locked come once more when all the rest is done.
absl::Status PostgresBatches::PutOff(const std::vector<TextKey>& keys,
                                     Batch& batch) {
  if (keys.empty()) return absl::OkStatus();
  if (last_round_) {
    for (const TextKey& key : keys) {
      batch.held.push_back({{fmt::format("{}", fmt::join(key, ", "))},
                            job_table_,
                            "another transaction keeps its rows locked"});
    }
    return absl::OkStatus();
  }
  if (put_off_ == nullptr) {
    ASSIGN_OR_RETURN(put_off_, TextCandidateList::Open(jobs_.key().size()));
  }
  std::vector<TextCandidateList::Candidate> candidates;
  for (const TextKey& key : keys) candidates.push_back({Instant(), key});
  return put_off_->Add(candidates);
}

absl::StatusOr<PostgresBatches::Attempt> PostgresBatches::Try(
    const BatchRequest& request, const BatchRecorder& record,
    const std::vector<TextKey>& keys) {
  if (request.dry_run == DryRun::kYes) return Count(request, record, keys);
  for (int i = 0; i < kMostChanges; ++i) {
    ASSIGN_OR_RETURN(Attempt attempt, Delete(request, record, keys));
    if (!attempt.changed) return attempt;
  }
  return absl::AbortedError("the jobs of a batch are being changed, waiting");
}

absl::Status PostgresBatches::CheckMayDelete(const BatchRequest& request,
                                             Batch& batch) {
  PostgresStateSql state(connection_, PostgresStateSql::Tables::kPresent);
  RETURN_IF_ERROR(CheckEpoch(state, request.epoch));
  ASSIGN_OR_RETURN(const std::string mark, PostgresSchemaMark(connection_));
  if (mark != schema_mark_) {
    return absl::FailedPreconditionError(
        "the database's foreign keys changed since the survey; the next run "
        "makes a new deletion plan");
  }
  // Transaction ids count up: where ours follow each other nobody else wrote.
  ASSIGN_OR_RETURN(const auto xid,
                   connection_.QueryInt("SELECT pg_current_xact_id()::text"));
  batch.foreign_commits = expected_xid_.has_value() && xid != expected_xid_;
  expected_xid_ = xid.value_or(0) + 1;
  return absl::OkStatus();
}

absl::StatusOr<PostgresBatches::Attempt> PostgresBatches::Delete(
    const BatchRequest& request, const BatchRecorder& record,
    const std::vector<TextKey>& keys) {
  Attempt attempt;
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_.Begin(OpenMode::kReadWrite));
  const auto began = steady_clock::now();
  // The lease's lock is held to the commit: nobody takes the lease over between
  // the check of it and what is done by it.
  RETURN_IF_ERROR(PostgresStateSql::LockLease(connection_));
  const auto locked_at = steady_clock::now();
  // Within a cycle of tables the order of deletion then does not matter.
  RETURN_IF_ERROR(connection_.Execute("SET CONSTRAINTS ALL DEFERRED"));
  RETURN_IF_ERROR(CountAtCommit());
  RETURN_IF_ERROR(CheckMayDelete(request, attempt.batch));
  const auto note_times = [&] {
    attempt.batch.lock_wait =
        std::chrono::duration_cast<Micros>(locked_at - began);
    attempt.batch.lock_held =
        std::chrono::duration_cast<Micros>(steady_clock::now() - locked_at);
  };
  absl::Status done = Take(request, keys, attempt);
  if (done.ok() && !attempt.collected.empty()) {
    done = DeleteRows(request, attempt);
    if (done.ok() && attempt.changed) return attempt;
    if (done.ok()) {
      RETURN_IF_ERROR(Record(request, record, attempt));
      done = transaction.Commit();
    }
  }
  if (!done.ok()) {
    const bool foreign = attempt.batch.foreign_commits;
    if (IsLockTimeout(done)) {
      attempt.waited = true;
      attempt.taken = keys.size();
    } else if (IsRefusal(done)) {
      attempt.refusal = MessageOf(done);
    } else {
      return done;
    }
    attempt.batch = Batch();
    attempt.batch.foreign_commits = foreign;
  }
  note_times();
  return attempt;
}

// The server counts dead rows up to ten seconds late otherwise, when a VACUUM
// has long removed them. Only the process that deletes them can be told so:
// behind a pooler the next transaction has another.
absl::Status PostgresBatches::CountAtCommit() {
  if (connection_.server_version() < 150000) return absl::OkStatus();
  return connection_.Execute("SELECT pg_stat_force_next_flush()");
}

// Within the transaction: what the batch leaves in the state.
absl::Status PostgresBatches::Record(const BatchRequest& request,
                                     const BatchRecorder& record,
                                     Attempt& attempt) {
  Batch& batch = attempt.batch;
  if (!batch.part) {
    std::vector<Job> jobs;
    for (PostgresJobRow& row : closure_.GoingJobs()) {
      jobs.push_back(std::move(row.job));
      batch.jobs.push_back(jobs.back().id);
    }
    ASSIGN_OR_RETURN(batch.belongings, record(jobs));
  }
  PostgresStateSql state(connection_, PostgresStateSql::Tables::kPresent);
  return RecordBatch(state, request, batch);
}

absl::StatusOr<PostgresBatches::Attempt> PostgresBatches::Count(
    const BatchRequest& request, const BatchRecorder& record,
    const std::vector<TextKey>& keys) {
  Attempt attempt;
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_.Begin(OpenMode::kReadOnly));
  RETURN_IF_ERROR(Take(request, keys, attempt));
  RETURN_IF_ERROR(transaction.Commit());
  if (attempt.collected.empty()) return attempt;
  std::vector<Job> jobs;
  for (PostgresJobRow& row : closure_.GoingJobs()) {
    jobs.push_back(std::move(row.job));
    attempt.batch.jobs.push_back(jobs.back().id);
  }
  ASSIGN_OR_RETURN(attempt.batch.belongings, record(jobs));
  attempt.batch.rows = std::move(attempt.collected);
  attempt.batch.rows.merge(std::move(attempt.leaves));
  return attempt;
}

absl::Status PostgresBatches::Take(const BatchRequest& request,
                                   const std::vector<TextKey>& keys,
                                   Attempt& attempt) {
  std::size_t count = keys.size();
  while (true) {
    RETURN_IF_ERROR(TakeFirst(request, keys, count, attempt));
    const std::int64_t rows = SumOf(attempt.collected) + SumOf(attempt.leaves);
    const std::optional<std::size_t> fewer =
        sizer_.Fit(count, attempt.added.size(), rows, request.row_limit);
    if (!fewer.has_value()) return absl::OkStatus();
    closure_.Abandon();
    count = *fewer;
  }
}

// Closes a batch of the first `count` keys.
absl::Status PostgresBatches::TakeFirst(const BatchRequest& request,
                                        const std::vector<TextKey>& keys,
                                        std::size_t count, Attempt& attempt) {
  const JobAges ages = AgesOf(request);
  closure_.Begin(request.dry_run);
  attempt.taken = count;
  attempt.added.clear();
  attempt.locked.clear();
  const std::vector<TextKey> first(keys.begin(),
                                   keys.begin() + static_cast<long>(count));
  const RowAddress address = AddressOf(jobs_.table());
  const bool locking =
      request.dry_run == DryRun::kNo && locks_ == RowLocks::kTaken;
  PostgresValues values;
  AddKeys(values, address, first);
  // What live work has locked is passed by, not waited for.
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(
          fmt::format("SELECT {} FROM {} AS c, {} WHERE {}{}",
                      jobs_.SelectList("c"), jobs_.table().only,
                      KeyRows(address, 1, "d"), KeysEqual(address, "c", "d"),
                      locking ? " FOR UPDATE OF c SKIP LOCKED" : ""),
          values));
  std::map<TextKey, PostgresJobRow> found;
  for (int i = 0; i < rows.size(); ++i) {
    PostgresJobRow row = jobs_.Read(rows, i, 0, ages);
    const TextKey key = row.key;
    found.emplace(key, std::move(row));
  }
  std::vector<TextKey> missing;
  for (const TextKey& key : first) {
    const auto row = found.find(key);
    if (row == found.end()) {
      missing.push_back(key);
      continue;
    }
    if (row->second.job.job_class != JobClass::kExpired) continue;
    const JobId id = row->second.job.id;
    if (closure_.Add(std::move(row->second))) attempt.added.push_back(id);
  }
  if (locking) RETURN_IF_ERROR(NoteLocked(missing, attempt));
  ASSIGN_OR_RETURN(attempt.batch.held, closure_.Close(ages));
  attempt.collected = deletion_.CountCollected();
  attempt.leaves.clear();
  if (attempt.collected.empty()) return absl::OkStatus();
  // A dry run counts to the end; a batch only needs to know that it is too
  // large, and by how much about.
  const std::int64_t limit = request.dry_run == DryRun::kYes
                                 ? std::numeric_limits<std::int64_t>::max()
                                 : 2 * request.row_limit + 1;
  ASSIGN_OR_RETURN(attempt.leaves, deletion_.CountLeaves(limit));
  return absl::OkStatus();
}

// Tells those that are locked from those that are gone.
absl::Status PostgresBatches::NoteLocked(const std::vector<TextKey>& missing,
                                         Attempt& attempt) {
  if (missing.empty()) return absl::OkStatus();
  const RowAddress address = AddressOf(jobs_.table());
  PostgresValues values;
  AddKeys(values, address, missing);
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(
          fmt::format("SELECT {} FROM {} AS c, {} WHERE {}",
                      KeyColumns(address, "c"), jobs_.table().only,
                      KeyRows(address, 1, "d"), KeysEqual(address, "c", "d")),
          values));
  for (int i = 0; i < rows.size(); ++i) {
    attempt.locked.push_back(KeyAt(rows, i, 0, address));
  }
  return absl::OkStatus();
}

absl::Status PostgresBatches::DeleteRows(const BatchRequest& request,
                                         Attempt& attempt) {
  Batch& batch = attempt.batch;
  const std::int64_t leaves = SumOf(attempt.leaves);
  PostgresDeletion::Deleted deleted;
  if (attempt.taken == 1 && leaves > 0 &&
      leaves + SumOf(attempt.collected) > request.row_limit) {
    batch.part = true;
    batch.part_of = attempt.added.front();
    ASSIGN_OR_RETURN(deleted, deletion_.DeleteLeaves(request.row_limit));
    if (deleted.rows.empty()) {
      return absl::FailedPreconditionError("a trigger keeps its dependents");
    }
  } else {
    ASSIGN_OR_RETURN(deleted, deletion_.Delete());
  }
  attempt.changed = deleted.changed;
  batch.rows = std::move(deleted.rows);
  return absl::OkStatus();
}

}  // namespace retentiond
