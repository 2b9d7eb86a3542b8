#include "jobstore/postgres_job_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/layout_resolution.h"
#include "jobstore/postgres_cascade.h"
#include "jobstore/postgres_check.h"
#include "jobstore/postgres_tidying.h"
#include "jobstore/survey_tally.h"

namespace retentiond {
namespace {

// Jobs in one read. Each is a transaction of its own, so that a long survey
// holds back no VACUUM; they are in memory at once.
constexpr int kSliceRows = 2000;

// The lease is not renewed while the tables are vacuumed.
constexpr std::chrono::seconds kTidyTime{20};

// The extension is there, and has its tables.
constexpr char kIsCitus[] =
    "SELECT 1 FROM pg_extension WHERE extname = 'citus' AND "
    "to_regclass('pg_dist_partition') IS NOT NULL";

// TimeZone settings that sessions of this database may run with.
constexpr char kZones[] = R"sql(
SELECT current_setting('TimeZone')
UNION
SELECT split_part(setting, '=', 2)
FROM pg_db_role_setting s, unnest(s.setconfig) AS setting
WHERE lower(setting) LIKE 'timezone=%' AND s.setdatabase IN
  (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
)sql";

absl::Status NotSurveyed() {
  return absl::FailedPreconditionError("the jobs were not surveyed");
}

bool IsUtc(const std::string& zone) {
  return zone == "UTC" || zone == "Etc/UTC" || zone == "GMT" ||
         zone == "Etc/GMT" || zone == "UCT" || zone == "Zulu";
}

absl::StatusOr<std::vector<std::string>> ReadZones(
    PostgresConnection& connection) {
  ASSIGN_OR_RETURN(const PostgresRows rows, connection.Query(kZones));
  std::vector<std::string> zones;
  for (int i = 0; i < rows.size(); ++i) {
    std::string zone(rows.Text(i, 0));
    if (!IsUtc(zone)) zones.push_back(std::move(zone));
  }
  return zones;
}

}  // namespace

PostgresJobStore::PostgresJobStore(
    std::shared_ptr<PostgresConnection> connection, const JobLayout& layout,
    std::string schema, std::optional<RowLocks> locks)
    : connection_(std::move(connection)),
      given_layout_(layout),
      schema_(std::move(schema)),
      given_locks_(locks) {}

absl::StatusOr<std::unique_ptr<PostgresJobStore>> PostgresJobStore::Open(
    std::shared_ptr<PostgresConnection> connection, const JobLayout& layout,
    const std::string& schema, std::optional<RowLocks> locks) {
  std::unique_ptr<PostgresJobStore> store(
      new PostgresJobStore(std::move(connection), layout, schema, locks));
  RETURN_IF_ERROR(store->ReadPlan());
  return store;
}

absl::Status PostgresJobStore::ReadPlan() {
  departures_.reset();
  batches_.reset();
  ASSIGN_OR_RETURN(catalog_, ReadPostgresCatalog(*connection_, schema_));
  ASSIGN_OR_RETURN(const auto citus, connection_->QueryInt(kIsCitus));
  citus_ = citus.has_value();
  ASSIGN_OR_RETURN(const JobLayout layout,
                   ResolvePostgresLayout(catalog_, given_layout_));
  ASSIGN_OR_RETURN(
      plan_, MakeDeletionPlan(catalog_.catalog, layout.table,
                              DeclaredReferences(catalog_.catalog, layout)));
  ASSIGN_OR_RETURN(const std::vector<std::string> zones,
                   ReadZones(*connection_));
  ASSIGN_OR_RETURN(PostgresJobTable jobs,
                   PostgresJobTable::Make(catalog_, layout, zones));
  jobs_ = std::make_unique<PostgresJobTable>(std::move(jobs));
  return absl::OkStatus();
}

RowLocks PostgresJobStore::ChooseLocks() const {
  if (given_locks_.has_value()) return *given_locks_;
  bool may_lock = jobs_->table().may_lock;
  for (const PlanTable& table : plan_.tables) {
    // Rows of leaf tables are not locked.
    if (!table.leaf) may_lock &= catalog_.Of(table.name).may_lock;
  }
  return may_lock && !citus_ ? RowLocks::kTaken : RowLocks::kNone;
}

absl::Status PostgresJobStore::NoteLook() {
  ASSIGN_OR_RETURN(const auto xid,
                   connection_->QueryText(kPostgresOldestRunning));
  looked_at_xid_ = xid.value_or("");
  return absl::OkStatus();
}

// Reads the jobs that fit `condition` in the order of their keys.
absl::Status PostgresJobStore::Walk(
    const std::string& condition, const PostgresValues& condition_values,
    const std::function<absl::Status(std::vector<PostgresJobRow>&)>& visit) {
  std::vector<std::string> columns;
  std::vector<std::string> parameters;
  const PostgresTable& table = jobs_->table();
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    columns.push_back("j." + table.key[i]);
    parameters.push_back(fmt::format("${}::{}", condition_values.size() + i + 1,
                                     table.key_types[i]));
  }
  // A distributed table has no places of this kind.
  const bool by_partition = !seen_.empty();
  const std::string first =
      fmt::format("SELECT {}{} FROM {} AS j WHERE {}", jobs_->SelectList("j"),
                  by_partition ? ", j.tableoid" : "", table.only, condition);
  const std::string order = fmt::format(" ORDER BY {} LIMIT {}",
                                        fmt::join(columns, ", "), kSliceRows);
  const std::string after =
      fmt::format(" AND ({}) > ({})", fmt::join(columns, ", "),
                  fmt::join(parameters, ", "));
  TextKey last;
  while (true) {
    PostgresValues values = condition_values;
    for (const std::string& text : last) {
      values.push_back(PostgresValue::Text(text));
    }
    ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                     connection_->Begin(OpenMode::kReadOnly));
    ASSIGN_OR_RETURN(const PostgresRows rows,
                     connection_->Query(
                         first + (last.empty() ? "" : after) + order, values));
    RETURN_IF_ERROR(transaction.Commit());
    std::vector<PostgresJobRow> slice;
    for (int i = 0; i < rows.size(); ++i) {
      slice.push_back(jobs_->Read(rows, i, 0, ages_));
      if (by_partition) {
        slice.back().partition = rows.Int(i, jobs_->SelectColumns());
      }
    }
    if (!slice.empty()) last = slice.back().key;
    RETURN_IF_ERROR(visit(slice));
    if (rows.size() < kSliceRows) return absl::OkStatus();
  }
}

absl::StatusOr<SurveyTotals> PostgresJobStore::Survey(
    const SurveyRequest& request, const JobVisitor& visit) {
  // Noted before the walk, so that a change during it counts as one after it.
  RETURN_IF_ERROR(NoteLook());
  ASSIGN_OR_RETURN(std::string mark, PostgresSchemaMark(*connection_));
  RETURN_IF_ERROR(ReadPlan());
  ages_ = {request.cutoff, request.slot_start};
  RETURN_IF_ERROR(TablesWereAttached().status());
  ASSIGN_OR_RETURN(std::unique_ptr<TextCandidateList> candidates,
                   TextCandidateList::Open(jobs_->key().size()));
  ASSIGN_OR_RETURN(std::vector<PostgresPartition> partitions,
                   PartitionsToWatch(request));
  SurveyTally tally(request);
  const auto note = [&](std::vector<PostgresJobRow>& slice) -> absl::Status {
    std::vector<TextCandidateList::Candidate> expired;
    for (PostgresJobRow& row : slice) {
      See(row);
      tally.Count(row.job, row.ahead ? SurveyTally::Ahead::kYes
                                     : SurveyTally::Ahead::kNo);
      if (visit != nullptr) RETURN_IF_ERROR(visit(row.job));
      if (row.job.job_class == JobClass::kExpired) {
        expired.push_back({*row.job.created, std::move(row.key)});
      }
    }
    return candidates->Add(expired);
  };
  RETURN_IF_ERROR(Walk("true", {}, note));
  std::erase_if(partitions, [&](const PostgresPartition& partition) {
    const Seen& seen = seen_.at(partition.oid);
    return seen.jobs == 0 || seen.expired < seen.jobs;
  });
  departures_ = std::make_unique<PostgresDepartures>(
      *connection_, catalog_, plan_, *jobs_, mark, std::move(partitions));
  batches_ = std::make_unique<PostgresBatches>(
      *connection_, catalog_, plan_, *jobs_, ChooseLocks(),
      std::move(candidates), std::move(mark));
  return tally.Finish();
}

// Those that may be dropped if they hold nothing but expired jobs.
absl::StatusOr<std::vector<PostgresPartition>>
PostgresJobStore::PartitionsToWatch(const SurveyRequest& request) {
  seen_.clear();
  if (request.slot_start != staying_slot_) staying_.clear();
  staying_slot_ = request.slot_start;
  std::vector<PostgresPartition> partitions;
  if (citus_) return partitions;
  ASSIGN_OR_RETURN(partitions, FindPartitions(*connection_, catalog_, plan_,
                                              *jobs_, request.cutoff));
  std::erase_if(partitions, [&](const PostgresPartition& partition) {
    return staying_.contains(partition.oid);
  });
  for (const PostgresPartition& partition : partitions) {
    seen_[partition.oid] = {};
  }
  return partitions;
}

void PostgresJobStore::See(const PostgresJobRow& row) {
  const auto found = seen_.find(row.partition);
  if (found == seen_.end()) return;
  Seen& seen = found->second;
  ++seen.jobs;
  if (row.job.job_class != JobClass::kExpired) return;
  ++seen.expired;
  seen.first = std::min(seen.first, *row.job.created);
  seen.last = std::max(seen.last, *row.job.created);
}

absl::StatusOr<std::optional<Batch>> PostgresJobStore::NextDeparture(
    const BatchRequest& request, const BatchRecorder& record) {
  const PostgresPartition* current = departures_->current();
  const std::int64_t oid = current == nullptr ? 0 : current->oid;
  ASSIGN_OR_RETURN(std::optional<Batch> step,
                   departures_->Next(request, record));
  if (!step.has_value()) return step;
  step->partition->more = !departures_->done();
  if (step->partition->kind == PartitionStep::Kind::kDropped) {
    const Seen& seen = seen_.at(oid);
    // A candidate that is gone is passed over: this saves only looking.
    batches_->Remove(seen.first, seen.last).IgnoreError();
  } else if (step->partition->kind == PartitionStep::Kind::kStays) {
    staying_.insert(oid);
  }
  return step;
}

// Whether a table with rows of its own became a partition since the last look:
// these rows are older than their place in the job table.
absl::StatusOr<bool> PostgresJobStore::TablesWereAttached() {
  if (!jobs_->table().partitioned) return false;
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_->Query("SELECT relid FROM pg_partition_tree($1::oid)",
                         {PostgresValue::Text(jobs_->table().oid)}));
  bool attached = false;
  for (int i = 0; i < rows.size(); ++i) {
    attached |= parts_.emplace(rows.Text(i, 0)).second;
  }
  return attached;
}

// No index serves: one scan in the order of the rows' places, through a cursor
// that ends with its transaction.
absl::Status PostgresJobStore::VisitNewcomers(const JobVisitor& visit) {
  if (batches_ == nullptr) return NotSurveyed();
  const std::string since = looked_at_xid_;
  RETURN_IF_ERROR(NoteLook());
  ASSIGN_OR_RETURN(const bool attached, TablesWereAttached());
  const auto show =
      [&](const std::vector<PostgresJobRow>& slice) -> absl::Status {
    for (const PostgresJobRow& row : slice) {
      RETURN_IF_ERROR(visit(row.job));
    }
    return absl::OkStatus();
  };
  // The shards of a distributed table count transactions each for itself.
  if (citus_ || attached) return Walk("true", {}, show);
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection_->Begin(OpenMode::kReadOnly));
  RETURN_IF_ERROR(connection_->Execute(fmt::format(
      "DECLARE newcomers NO SCROLL CURSOR FOR {} WHERE age(j.xmin) <= "
      "age({}::text::xid)",
      jobs_->Select(), QuotePostgresText(since))));
  while (true) {
    ASSIGN_OR_RETURN(
        const PostgresRows rows,
        connection_->Query(fmt::format("FETCH {} FROM newcomers", kSliceRows)));
    std::vector<PostgresJobRow> slice;
    for (int i = 0; i < rows.size(); ++i) {
      slice.push_back(jobs_->Read(rows, i, 0, ages_));
    }
    RETURN_IF_ERROR(show(slice));
    if (rows.size() < kSliceRows) return transaction.Commit();
  }
}

absl::StatusOr<Batch> PostgresJobStore::DeleteBatch(
    const BatchRequest& request, const BatchRecorder& record) {
  if (batches_ == nullptr) return NotSurveyed();
  connection_->LimitStatements(request.time_left);
  absl::StatusOr<Batch> batch = NextBatch(request, record);
  connection_->LimitStatements(std::nullopt);
  return batch;
}

absl::StatusOr<Batch> PostgresJobStore::NextBatch(const BatchRequest& request,
                                                  const BatchRecorder& record) {
  if (request.dry_run == DryRun::kNo) {
    ASSIGN_OR_RETURN(std::optional<Batch> step, NextDeparture(request, record));
    if (step.has_value()) return *std::move(step);
  }
  return batches_->Next(request, record);
}

// Readers and writers of other rows are not kept out, so that size does not
// depend on whether there are any; what they feel is the load of the machine.
BatchTimes PostgresJobStore::batch_times() const {
  constexpr Micros kTransaction = std::chrono::milliseconds(50);
  return {.live = kTransaction, .idle = kTransaction, .live_rests = 1};
}

// Of replicas only a role with pg_read_all_stats (pg_monitor) is told. Who
// waits for an advisory lock waits for its turn, as queues do, and for none of
// ours.
absl::StatusOr<FarmLoad> PostgresJobStore::Load() {
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_->Query(
          "SELECT (SELECT count(*) FROM pg_stat_activity WHERE datname = "
          "current_database() AND pid IN (SELECT pid FROM pg_locks WHERE NOT "
          "granted AND locktype <> 'advisory')), "
          "(SELECT (extract(epoch FROM max(replay_lag)) * 1000000)::bigint "
          "FROM pg_stat_replication)"));
  FarmLoad load;
  load.waiting = static_cast<int>(rows.Int(0, 0));
  if (!rows.IsNull(0, 1)) load.replica_lag = Micros(rows.Int(0, 1));
  return load;
}

void PostgresJobStore::Rewind() {
  if (batches_ != nullptr) batches_->Rewind();
}

absl::StatusOr<std::optional<Job>> PostgresJobStore::Find(
    const JobId& id, const SurveyRequest& at) {
  ASSIGN_OR_RETURN(std::optional<PostgresJobRow> row,
                   jobs_->Find(*connection_, id, {at.cutoff, at.slot_start}));
  if (!row.has_value()) return std::optional<Job>();
  return std::optional<Job>(std::move(row->job));
}

absl::StatusOr<std::vector<Finding>> PostgresJobStore::Check() {
  std::int64_t undatable = 0;
  std::string example;
  // Ages that nothing reaches: only what cannot be read is undatable.
  const JobAges ages =
      std::exchange(ages_, {Instant::min(), Instant::max() - kFarthestAhead});
  const absl::Status walked =
      Walk("true", {}, [&](const std::vector<PostgresJobRow>& slice) {
        for (const PostgresJobRow& row : slice) {
          if (row.job.created.has_value()) continue;
          if (undatable++ == 0) example = row.job.id.text;
        }
        return absl::OkStatus();
      });
  ages_ = ages;
  std::vector<Finding> findings;
  ASSIGN_OR_RETURN(findings,
                   CheckPostgres(*connection_, catalog_, plan_, *jobs_));
  // Without the right to read, the finding on privileges says it all.
  if (walked.code() != absl::StatusCode::kPermissionDenied) {
    RETURN_IF_ERROR(walked);
  }
  if (undatable == 0) return findings;
  const JobLayout& layout = jobs_->layout();
  findings.push_back(
      {Finding::Level::kWarning, "undatable-rows", layout.table, layout.created,
       fmt::format("{} jobs have no readable creation time, \"{}\" among them: "
                   "they are kept until it is one that can be read, like "
                   "2026-03-16T03:00:00Z",
                   undatable, example),
       ""});
  return findings;
}

absl::StatusOr<std::vector<std::string>>
PostgresJobStore::CreateMissingIndexes() {
  ASSIGN_OR_RETURN(std::vector<std::string> done,
                   CreateMissingPostgresIndexes(*connection_, catalog_, plan_));
  RETURN_IF_ERROR(ReadPlan());
  return done;
}

absl::StatusOr<std::vector<std::string>> PostgresJobStore::AddCascade(
    const std::string& table) {
  ASSIGN_OR_RETURN(std::vector<std::string> done,
                   AddPostgresCascade(*connection_, catalog_, plan_, table));
  RETURN_IF_ERROR(ReadPlan());
  return done;
}

absl::StatusOr<std::vector<TableSize>> PostgresJobStore::TableSizes() {
  std::vector<std::string> tables = {plan_.job_table};
  for (const PlanTable& table : plan_.tables) tables.push_back(table.name);
  return PostgresTableSizes(
      *connection_, catalog_, tables,
      citus_ ? Distribution::kPossible : Distribution::kNone);
}

absl::StatusOr<VacuumOutcome> PostgresJobStore::TidyUp(
    const std::vector<std::string>& tables, Micros longest) {
  return VacuumPostgresTables(*connection_, catalog_, tables,
                              std::min<Micros>(longest, kTidyTime));
}

absl::StatusOr<DatabaseSize> PostgresJobStore::Size() {
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection_->Query(
          "SELECT pg_database_size(current_database()), "
          "(SELECT coalesce(sum(pg_table_size(relid) * n_dead_tup / "
          "greatest(n_live_tup + n_dead_tup, 1)), 0)::bigint "
          "FROM pg_stat_user_tables)"));
  DatabaseSize size;
  size.kind = "postgresql";
  size.size_bytes = rows.Int(0, 0);
  size.reclaimable_bytes = rows.Int(0, 1);
  return size;
}

}  // namespace retentiond
