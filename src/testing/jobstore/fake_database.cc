#include "testing/jobstore/fake_database.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/sql_state.h"
#include "jobstore/sqlite_state.h"
#include "jobstore/sqlite_state_sql.h"
#include "testing/jobstore/scripted_state.h"

namespace retentiond {

namespace {

constexpr char kJobTable[] = "Job";
// The states of a render manager that count as finished.
constexpr std::array<const char*, 3> kFinished = {"COMPLETED", "FAILED",
                                                  "CANCELLED"};
// Rows stamped further ahead of the slot's start are undatable.
constexpr std::chrono::hours kAhead{24};

bool IsFinished(const std::string& state) {
  return std::find(kFinished.begin(), kFinished.end(), state) !=
         kFinished.end();
}

JobClass ClassOf(const FakeJob& job, Instant cutoff, Instant slot_start) {
  if (!job.created.has_value() || *job.created > slot_start + kAhead) {
    return JobClass::kUndatable;
  }
  if (*job.created >= cutoff) return JobClass::kRecent;
  return IsFinished(job.state) ? JobClass::kExpired : JobClass::kInWork;
}

Job JobOf(const FakeJob& row, JobClass job_class) {
  Job job;
  job.id.text = row.id;
  job.created = row.created;
  job.state = row.state;
  job.job_class = job_class;
  job.fields = row.fields;
  return job;
}

std::int64_t RowsOf(const FakeJob& job) {
  std::int64_t rows = 1;
  for (const auto& [table, count] : job.dependents) rows += count;
  return rows;
}

DeletionPlan PlanOfTheFarm() {
  Reference log{"JobLog", {"jobId"}, kJobTable, {"id"}};
  log.on_delete = OnDelete::kCascade;
  log.indexed = true;
  Reference invoice{"Invoice", {"jobId"}, kJobTable, {"id"}};
  invoice.on_delete = OnDelete::kRestrict;
  invoice.indexed = true;
  DeletionPlan plan;
  plan.job_table = kJobTable;
  plan.tables.push_back({"JobLog", {log}, /*leaf=*/true});
  plan.holding.push_back(invoice);
  return plan;
}

}  // namespace

class FakeJobStore : public JobStore {
 public:
  explicit FakeJobStore(FakeDatabase& database)
      : database_(database),
        connection_(*database.connection_),
        plan_(PlanOfTheFarm()) {}

  const DeletionPlan& plan() const override { return plan_; }

  absl::StatusOr<SurveyTotals> Survey(const SurveyRequest& request,
                                      const JobVisitor& visit) override {
    return database_.script_.Call("Survey",
                                  [&] { return SurveyNow(request, visit); });
  }

  absl::Status VisitNewcomers(const JobVisitor& visit) override {
    return database_.script_.Call("VisitNewcomers", [&]() -> absl::Status {
      if (seen_ == database_.insertions_) return absl::OkStatus();
      // The others once more: the contract allows it, and a caller that counts
      // a job twice is to be found out.
      for (const auto& [id, row] : database_.jobs_) {
        RETURN_IF_ERROR(visit(JobOf(
            row.job, ClassOf(row.job, survey_.cutoff, survey_.slot_start))));
      }
      seen_ = database_.insertions_;
      return absl::OkStatus();
    });
  }

  absl::StatusOr<Batch> DeleteBatch(const BatchRequest& request,
                                    const BatchRecorder& record) override {
    return database_.script_.Call("DeleteBatch",
                                  [&] { return DeleteNow(request, record); });
  }

  void Rewind() override { next_ = 0; }

  absl::StatusOr<std::optional<Job>> Find(const JobId& id,
                                          const SurveyRequest& at) override {
    return database_.script_.Call(
        "Find", [&]() -> absl::StatusOr<std::optional<Job>> {
          const FakeJob* job = database_.Find(id.text);
          if (job == nullptr) return std::optional<Job>();
          return std::optional<Job>(
              JobOf(*job, ClassOf(*job, at.cutoff, at.slot_start)));
        });
  }

  absl::StatusOr<std::vector<Finding>> Check() override {
    return database_.script_.Call(
        "Check", [&]() -> absl::StatusOr<std::vector<Finding>> {
          return database_.findings;
        });
  }

  absl::StatusOr<std::vector<std::string>> CreateMissingIndexes() override {
    return database_.script_.Call(
        "CreateMissingIndexes",
        []() -> absl::StatusOr<std::vector<std::string>> {
          return std::vector<std::string>();
        });
  }

  absl::StatusOr<std::vector<TableSize>> TableSizes() override {
    return database_.script_.Call(
        "TableSizes", [&]() -> absl::StatusOr<std::vector<TableSize>> {
          return database_.table_sizes;
        });
  }

  absl::StatusOr<VacuumOutcome> TidyUp(const std::vector<std::string>& tables,
                                       Micros longest) override {
    (void)longest;
    return database_.script_.Call(
        "TidyUp", [&]() -> absl::StatusOr<VacuumOutcome> {
          VacuumOutcome outcome;
          for (const std::string& table : tables) {
            const auto found = database_.vacuumed.find(table);
            if (found != database_.vacuumed.end()) outcome.insert(*found);
          }
          return outcome;
        });
  }

  absl::StatusOr<FarmLoad> Load() override {
    return database_.script_.Call("Load", [this]() -> absl::StatusOr<FarmLoad> {
      if (database_.loads.empty()) return FarmLoad();
      const FarmLoad load = database_.loads.front();
      database_.loads.pop_front();
      return load;
    });
  }

  absl::StatusOr<DatabaseSize> Size() override {
    return database_.script_.Call("Size", []() -> absl::StatusOr<DatabaseSize> {
      return DatabaseSize{"fake", /*size_bytes=*/8192,
                          /*reclaimable_bytes=*/4096};
    });
  }

 private:
  absl::StatusOr<SurveyTotals> SurveyNow(const SurveyRequest& request,
                                         const JobVisitor& visit);
  absl::StatusOr<Batch> DeleteNow(const BatchRequest& request,
                                  const BatchRecorder& record);
  absl::StatusOr<Batch> StepOfPartition(const BatchRequest& request,
                                        const BatchRecorder& record);
  // Chooses what the batch deletes, from `next_` on, which it advances.
  Batch Take(const BatchRequest& request, std::vector<Job>& jobs);
  // Takes `limit` rows off the job's dependents, in `batch` only.
  static void TakePart(const FakeJob& job, std::int64_t limit, Batch& batch);
  void Apply(const Batch& batch, const std::string& part_of);

  FakeDatabase& database_;
  SqliteConnection& connection_;
  DeletionPlan plan_;
  SurveyRequest survey_{};
  std::int64_t seen_ = 0;
  std::vector<std::pair<Instant, std::string>> candidates_;  // oldest first
  std::size_t next_ = 0;
  std::string part_of_;
  std::vector<Batch> leaving_;  // of the partition, one job each
};

absl::StatusOr<SurveyTotals> FakeJobStore::SurveyNow(
    const SurveyRequest& request, const JobVisitor& visit) {
  survey_ = request;
  seen_ = database_.insertions_;
  candidates_.clear();
  next_ = 0;
  SurveyTotals totals;
  for (const auto& [id, row] : database_.jobs_) {
    const FakeJob& job = row.job;
    const JobClass job_class = ClassOf(job, request.cutoff, request.slot_start);
    ++totals.total;
    if (job_class == JobClass::kExpired) {
      ++totals.expired;
      candidates_.emplace_back(*job.created, id);
    } else if (job_class != JobClass::kUndatable) {
      totals.oldest_kept =
          std::min(totals.oldest_kept.value_or(*job.created), *job.created);
    }
    if (job_class == JobClass::kInWork) {
      ++totals.in_work;
      totals.in_work_jobs.push_back(JobOf(job, job_class));
    }
    if (job_class == JobClass::kUndatable) {
      ++totals.undatable;
      if (job.created.has_value()) ++totals.ahead;
    } else if (*job.created < request.daemon_start) {
      ++totals.datable_before_start;
    }
    if (visit) RETURN_IF_ERROR(visit(JobOf(job, job_class)));
  }
  std::sort(candidates_.begin(), candidates_.end());
  std::sort(totals.in_work_jobs.begin(), totals.in_work_jobs.end(),
            [](const Job& a, const Job& b) { return a.created < b.created; });
  if (totals.in_work_jobs.size() > 20) totals.in_work_jobs.resize(20);
  return totals;
}

absl::StatusOr<Batch> FakeJobStore::DeleteNow(const BatchRequest& request,
                                              const BatchRecorder& record) {
  if (!database_.partition_steps.empty() && request.dry_run == DryRun::kNo) {
    return StepOfPartition(request, record);
  }
  if (next_ >= candidates_.size()) {
    Batch batch;
    batch.finished = true;
    return batch;
  }
  const std::size_t start = next_;
  std::vector<Job> jobs;
  if (request.dry_run == DryRun::kYes) {
    Batch batch = Take(request, jobs);
    if (!jobs.empty() && record) {
      ASSIGN_OR_RETURN(batch.belongings, record(jobs));
    }
    return batch;
  }
  // An error leaves the candidates as they were: the next call tries again.
  const auto attempt = [&]() -> absl::StatusOr<Batch> {
    ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                     connection_.BeginImmediate());
    SqliteStateSql state(connection_);
    RETURN_IF_ERROR(CheckEpoch(state, request.epoch));
    Batch batch = Take(request, jobs);
    if (!jobs.empty() && record) {
      ASSIGN_OR_RETURN(batch.belongings, record(jobs));
    }
    RETURN_IF_ERROR(RecordBatch(state, request, batch));
    RETURN_IF_ERROR(transaction.Commit());
    return batch;
  };
  absl::StatusOr<Batch> batch = attempt();
  if (!batch.ok()) {
    next_ = start;
    return batch;
  }
  Apply(*batch, part_of_);
  return batch;
}

absl::StatusOr<Batch> FakeJobStore::StepOfPartition(
    const BatchRequest& request, const BatchRecorder& record) {
  PartitionStep step;
  step.kind = database_.partition_steps.front();
  step.name = "job_old";
  step.reason = "a row of Invoice refers to its rows";
  database_.partition_steps.pop_front();
  step.more = !database_.partition_steps.empty();
  if (step.kind == PartitionStep::Kind::kLeaving) {
    const std::string id = candidates_.at(leaving_.size()).second;
    Batch noted;
    noted.jobs.push_back(JobId{id});
    ++noted.rows[kJobTable];
    ASSIGN_OR_RETURN(noted.belongings,
                     record({JobOf(*database_.Find(id), JobClass::kExpired)}));
    leaving_.push_back(std::move(noted));
  }
  step.jobs = static_cast<std::int64_t>(leaving_.size());
  Batch batch;
  if (step.kind == PartitionStep::Kind::kDropped) {
    ASSIGN_OR_RETURN(SqliteConnection::Transaction transaction,
                     connection_.BeginImmediate());
    SqliteStateSql state(connection_);
    BatchRequest without_outcomes = request;
    without_outcomes.outcomes.clear();
    for (Batch& noted : leaving_) {
      RETURN_IF_ERROR(RecordBatch(state, without_outcomes, noted));
      Apply(noted, "");
      ++batch.rows[kJobTable];
    }
    RETURN_IF_ERROR(transaction.Commit());
  }
  batch.partition = std::move(step);
  return batch;
}

Batch FakeJobStore::Take(const BatchRequest& request, std::vector<Job>& jobs) {
  Batch batch;
  batch.foreign_commits = database_.foreign_commits;
  batch.lock_wait = database_.lock_wait;
  batch.lock_held = database_.lock_held;
  std::int64_t room = request.row_limit;
  for (; next_ < candidates_.size(); ++next_) {
    const FakeJob* job = database_.Find(candidates_[next_].second);
    if (job == nullptr || ClassOf(*job, request.cutoff, request.slot_start) !=
                              JobClass::kExpired) {
      continue;
    }
    if (job->held_by.has_value()) {
      batch.held.push_back({JobId{job->id}, *job->held_by,
                            "a row of " + *job->held_by + " refers to it"});
      continue;
    }
    if (RowsOf(*job) > room) {
      if (jobs.empty() && request.dry_run == DryRun::kNo) {
        TakePart(*job, room, batch);
        part_of_ = job->id;
        batch.part_of = JobId{job->id};
        return batch;
      }
      // A dry run cannot remember a part, and counts the job as a whole.
      if (!jobs.empty()) return batch;
    }
    room -= RowsOf(*job);
    jobs.push_back(JobOf(*job, JobClass::kExpired));
    batch.jobs.push_back(JobId{job->id});
    ++batch.rows[kJobTable];
    for (const auto& [table, count] : job->dependents) {
      if (count > 0) batch.rows[table] += count;
    }
  }
  return batch;
}

void FakeJobStore::TakePart(const FakeJob& job, std::int64_t limit,
                            Batch& batch) {
  batch.part = true;
  for (const auto& [table, count] : job.dependents) {
    const std::int64_t taken = std::min(count, limit);
    if (taken > 0) batch.rows[table] = taken;
    limit -= taken;
  }
}

void FakeJobStore::Apply(const Batch& batch, const std::string& part_of) {
  for (const JobId& id : batch.jobs) database_.Erase(id.text);
  if (!batch.part) return;
  FakeJob* job = database_.Find(part_of);
  for (const auto& [table, count] : batch.rows) job->dependents[table] -= count;
}

FakeDatabase::FakeDatabase()
    : connection_(SqliteConnection::OpenScratch().value()) {
  // The scratch database keeps no journal, so that nothing could be rolled
  // back.
  connection_->QueryText("PRAGMA journal_mode = MEMORY").value();
}

Database FakeDatabase::Open(OpenMode mode) {
  Database database;
  database.state = std::make_unique<ScriptedState>(
      OpenSqliteState(connection_, mode).value(), script_, &server);
  database.jobs = std::make_unique<FakeJobStore>(*this);
  return database;
}

void FakeDatabase::Insert(const FakeJob& job) {
  jobs_[job.id] = Row{job, ++insertions_};
}

FakeJob* FakeDatabase::Find(const std::string& id) {
  const auto found = jobs_.find(id);
  return found == jobs_.end() ? nullptr : &found->second.job;
}

std::vector<std::string> FakeDatabase::Ids() const {
  std::vector<std::string> ids;
  for (const auto& [id, row] : jobs_) ids.push_back(id);
  return ids;
}

std::int64_t FakeDatabase::CountRows(const std::string& table) const {
  if (table == kJobTable) return static_cast<std::int64_t>(jobs_.size());
  std::int64_t count = 0;
  for (const auto& [id, row] : jobs_) {
    const auto found = row.job.dependents.find(table);
    if (found != row.job.dependents.end()) count += found->second;
    if (row.job.held_by == table) ++count;
  }
  return count;
}

}  // namespace retentiond
