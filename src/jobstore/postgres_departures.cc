// A lock that keeps writers out of a partition stops live work on the whole job
// table: an UPDATE by id locks every partition. So everything that takes time
// comes before it. The jobs are read and what belongs to them is noted in
// transactions of their own; the last makes audit records and pending files of
// the notes, and only then locks, counts, drops and commits. Under the lock a
// row that was added or changed since shows by its transaction id, one that was
// deleted by the count: then, as after any refusal, the partition stays and its
// jobs go row by row.
// Test: postgres_departures_test.cc.
#include "jobstore/postgres_departures.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/audit_facts.h"
#include "jobstore/postgres_leaving.h"
#include "jobstore/postgres_state.h"
#include "jobstore/sql_state.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_lease.h"
#include "jobstore/state_runs.h"

namespace retentiond {
namespace {

// Jobs that are noted in one transaction.
constexpr int kNotedAtOnce = 1000;
// Others queue behind us while we wait for a lock on the job table.
constexpr char kLockedTimeouts[] =
    "SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '1s'";
// With these the server asks, job by job, only the partition that could refer
// to it; a hash of all dependents would take seconds under the lock.
constexpr char kProbe[] =
    "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";
// A partition that is busy for longer goes row by row.
constexpr int kMostTries = 3;

PostgresStateSql StateOf(PostgresConnection& connection) {
  return {connection, PostgresStateSql::Tables::kPresent};
}

// Whether the failure is the partition's own, so that its jobs may still go row
// by row.
bool IsOfThePartition(const absl::Status& status) {
  using enum absl::StatusCode;
  const absl::StatusCode code = status.code();
  if (code == kUnavailable || code == kResourceExhausted || code == kDataLoss) {
    return false;
  }
  return code == kOutOfRange || !SqlStateOf(status).empty();
}

// OutOfRange: what a partition must not hold, or not be.
absl::Status Stays(const std::string& why) {
  return absl::OutOfRangeError(why);
}

}  // namespace

absl::StatusOr<std::optional<Batch>> PostgresDepartures::Next(
    const BatchRequest& request, const BatchRecorder& record) {
  if (!forgotten_) RETURN_IF_ERROR(ForgetEarlier(request));
  if (partitions_.empty()) return std::optional<Batch>();
  absl::StatusOr<Batch> step = noted_ ? Drop(request) : Note(request, record);
  if (step.ok()) return std::optional<Batch>(*std::move(step));
  if (!IsOfThePartition(step.status())) return step.status();
  if (step.status().code() == absl::StatusCode::kAborted &&
      ++tries_ < kMostTries) {
    return std::optional<Batch>(BatchOf(PartitionStep::Kind::kWaiting));
  }
  Batch stays = BatchOf(PartitionStep::Kind::kStays);
  stays.partition->reason = MessageOf(step.status());
  Leave();
  forgotten_ = false;
  return std::optional<Batch>(std::move(stays));
}

Batch PostgresDepartures::BatchOf(PartitionStep::Kind kind) const {
  Batch batch;
  batch.partition = {.kind = kind,
                     .name = partitions_.front().name,
                     .jobs = jobs_noted_,
                     .reason = ""};
  return batch;
}

// Turns to the next partition.
void PostgresDepartures::Leave() {
  partitions_.erase(partitions_.begin());
  noted_ = false;
  last_key_.clear();
  jobs_noted_ = 0;
  number_ = 0;
  tries_ = 0;
}

// What every transaction of ours begins with.
absl::Status PostgresDepartures::Enter(const BatchRequest& request) {
  RETURN_IF_ERROR(PostgresStateSql::LockLease(connection_));
  PostgresStateSql state = StateOf(connection_);
  RETURN_IF_ERROR(CheckEpoch(state, request.epoch));
  ASSIGN_OR_RETURN(const std::string mark, PostgresSchemaMark(connection_));
  if (mark == schema_mark_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "the database's foreign keys changed since the survey; the next run "
      "makes a new deletion plan");
}

absl::Status PostgresDepartures::ForgetEarlier(const BatchRequest& request) {
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_.Begin(OpenMode::kReadWrite));
  RETURN_IF_ERROR(Enter(request));
  PostgresStateSql state = StateOf(connection_);
  RETURN_IF_ERROR(ForgetLeaving(state));
  RETURN_IF_ERROR(transaction.Commit());
  forgotten_ = true;
  return absl::OkStatus();
}

absl::StatusOr<Batch> PostgresDepartures::Note(const BatchRequest& request,
                                               const BatchRecorder& record) {
  const PostgresPartition& partition = partitions_.front();
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_.Begin(OpenMode::kReadWrite));
  RETURN_IF_ERROR(Enter(request));
  if (number_ == 0) {
    RETURN_IF_ERROR(CheckNobodyRefers(partition.referring));
    ASSIGN_OR_RETURN(const auto since,
                     connection_.QueryText(kPostgresOldestRunning));
    since_ = since.value_or("");
  }
  ASSIGN_OR_RETURN(std::vector<PostgresJobRow> rows,
                   ReadJobs({request.cutoff, request.slot_start}));
  Batch noted = BatchOf(PartitionStep::Kind::kLeaving);
  std::vector<Job> jobs;
  for (PostgresJobRow& row : rows) {
    if (row.job.job_class != JobClass::kExpired) {
      return Stays(fmt::format("job {} in it is to stay", row.job.id.text));
    }
    noted.jobs.push_back(row.job.id);
    jobs.push_back(std::move(row.job));
  }
  ASSIGN_OR_RETURN(noted.belongings, record(jobs));
  const auto count = static_cast<std::int64_t>(rows.size());
  NoteRows(noted.rows, plan_.job_table, count);
  PostgresStateSql state = StateOf(connection_);
  RETURN_IF_ERROR(
      NoteLeaving(state, partition.oid, number_ + 1, request, noted));
  RETURN_IF_ERROR(transaction.Commit());
  ++number_;
  jobs_noted_ += count;
  noted_ = count < kNotedAtOnce;
  if (count > 0) last_key_ = rows.back().key;
  return BatchOf(PartitionStep::Kind::kLeaving);
}

// The jobs behind the last key, in the order of their keys.
absl::StatusOr<std::vector<PostgresJobRow>> PostgresDepartures::ReadJobs(
    const JobAges& ages) {
  const PostgresTable& table = jobs_.table();
  std::vector<std::string> columns;
  std::vector<std::string> last;
  PostgresValues values;
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    columns.push_back("j." + table.key[i]);
    last.push_back(fmt::format("${}::{}", i + 1, table.key_types[i]));
  }
  for (const std::string& text : last_key_) {
    values.push_back(PostgresValue::Text(text));
  }
  const std::string keys = fmt::format("{}", fmt::join(columns, ", "));
  const std::string after =
      last_key_.empty()
          ? ""
          : fmt::format("WHERE ({}) > ({}) ", keys, fmt::join(last, ", "));
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_.Query(
          fmt::format("SELECT {} FROM ONLY {} AS j {}ORDER BY {} LIMIT {}",
                      jobs_.SelectList("j"), partitions_.front().jobs().sql,
                      after, keys, kNotedAtOnce),
          values));
  std::vector<PostgresJobRow> jobs;
  for (int i = 0; i < rows.size(); ++i) {
    jobs.push_back(jobs_.Read(rows, i, 0, ages));
  }
  return jobs;
}

absl::Status PostgresDepartures::CheckNobodyRefers(
    const std::vector<std::string>& queries) {
  for (const std::string& query : queries) {
    ASSIGN_OR_RETURN(const auto found, connection_.QueryInt(query));
    if (found.has_value()) return Stays("rows elsewhere refer to its rows");
  }
  return absl::OkStatus();
}

absl::StatusOr<Batch> PostgresDepartures::Drop(const BatchRequest& request) {
  const PostgresPartition& partition = partitions_.front();
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_.Begin(OpenMode::kReadWrite));
  RETURN_IF_ERROR(Enter(request));
  PostgresStateSql state = StateOf(connection_);
  ASSIGN_OR_RETURN(const std::int64_t recorded,
                   RecordDeparture(state, partition.oid, request));
  // A server that took over behind a pooler may lack the last commits.
  if (recorded != number_) return Stays("what was noted of its jobs is lost");
  RETURN_IF_ERROR(connection_.Execute(kLockedTimeouts));
  Batch dropped = BatchOf(PartitionStep::Kind::kDropped);
  Batch closing = dropped;
  ASSIGN_OR_RETURN(closing.rows, CountLocked());
  if (closing.rows[plan_.job_table] != jobs_noted_) {
    return Stays("jobs in it were deleted meanwhile");
  }
  RETURN_IF_ERROR(CheckIsUnchanged(request.cutoff));
  // The jobs stand in the records before this one.
  dropped.rows = closing.rows;
  closing.rows.erase(plan_.job_table);
  RETURN_IF_ERROR(AddDeletedRows(state, request.run, dropped));
  RETURN_IF_ERROR(AppendAuditRecord(state, request.run, "batch",
                                    BatchFacts(request, closing), request.now)
                      .status());
  // The notes may have taken longer than a lease lasts.
  RETURN_IF_ERROR(RenewLeaseRow(state));
  RETURN_IF_ERROR(DropMembers());
  RETURN_IF_ERROR(transaction.Commit());
  Leave();
  return dropped;
}

// Keeps writers out of the partitions, the jobs' last, and counts their rows.
absl::StatusOr<RowCounts> PostgresDepartures::CountLocked() {
  RowCounts counts;
  for (const PostgresPartition::Member& member : partitions_.front().members) {
    RETURN_IF_ERROR(
        connection_.Execute("LOCK TABLE " + member.sql + " IN SHARE MODE"));
    // A reference that is NULL in part is none: such a row belongs to no job.
    std::string lost = "false";
    for (const std::string& column : member.columns) {
      lost += fmt::format(" OR c.{} IS NULL", column);
    }
    const bool jobs = &member == &partitions_.front().jobs();
    if (jobs) lost = "age(c.xmin) <= age($1::xid)";
    ASSIGN_OR_RETURN(
        const PostgresRows rows,
        connection_.Query(
            fmt::format("SELECT count(*), count(*) FILTER (WHERE {}) FROM ONLY "
                        "{} AS c",
                        lost, member.sql),
            jobs ? PostgresValues{PostgresValue::Text(since_)}
                 : PostgresValues{}));
    if (rows.Int(0, 1) > 0) {
      return Stays(jobs ? "its jobs were changed meanwhile"
                        : fmt::format("rows of {} in it belong to no job",
                                      member.table));
    }
    NoteRows(counts, member.table, rows.Int(0, 0));
  }
  return counts;
}

absl::Status PostgresDepartures::CheckIsUnchanged(Instant cutoff) {
  const PostgresPartition& partition = partitions_.front();
  ASSIGN_OR_RETURN(const std::vector<PostgresPartition> now,
                   FindPartitions(connection_, catalog_, plan_, jobs_, cutoff));
  if (std::find(now.begin(), now.end(), partition) == now.end()) {
    return Stays("its tables were changed meanwhile");
  }
  return CheckNobodyRefers(partition.unguarded);
}

absl::Status PostgresDepartures::DropMembers() {
  std::vector<std::string> parents;
  for (const PostgresPartition::Member& member : partitions_.front().members) {
    parents.push_back("ONLY " + member.parent);
  }
  RETURN_IF_ERROR(connection_.Execute(fmt::format(
      "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", fmt::join(parents, ", "))));
  RETURN_IF_ERROR(connection_.Execute(kProbe));
  for (const PostgresPartition::Member& member : partitions_.front().members) {
    // A partition that foreign keys lead to cannot be dropped while it is one.
    if (member.referred) {
      RETURN_IF_ERROR(connection_.Execute(fmt::format(
          "ALTER TABLE {} DETACH PARTITION {}", member.parent, member.sql)));
    }
    RETURN_IF_ERROR(connection_.Execute("DROP TABLE " + member.sql));
  }
  return absl::OkStatus();
}

}  // namespace retentiond
