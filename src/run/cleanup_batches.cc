// The rows' side of a run: batch after batch, each followed by its files.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "run/cleanup.h"

namespace retentiond {
namespace {

// A database that is full is tried again so often, with pauses that double,
// before the run is given up for the night.
constexpr int kMostFailures = 6;
constexpr Micros kFirstRetryPause = std::chrono::seconds(1);
constexpr Micros kAskLoadEvery = std::chrono::milliseconds(200);

// A lost connection is not: the daemon opens a new one and resumes the run.
bool WorthRetrying(absl::StatusCode code) {
  using enum absl::StatusCode;
  return code == kAborted || code == kResourceExhausted;
}

}  // namespace

absl::StatusOr<Cleanup::Step> Cleanup::DeleteBatches() {
  int failures = 0;
  while (true) {
    bool finished = false;
    if (const Step step = StepNow(); step != Step::kDone) return step;
    const absl::StatusOr<Step> step = OneBatch(finished);
    if (step.ok()) {
      failures = 0;
      if (*step != Step::kDone) return *step;
    } else if (!WorthRetrying(step.status().code())) {
      return step.status();
    } else if (step.status().code() == absl::StatusCode::kAborted) {
      governor_.ObserveBusy(parts_.clock.Now());
    } else {
      if (++failures == kMostFailures) return step.status();
      parts_.observer.OnTrouble(step.status(), "trying again");
      parts_.clock.Sleep(kFirstRetryPause * (1 << failures), parts_.wakeup);
    }
    if (finished) break;
    parts_.observer.OnPause(governor_);
    parts_.clock.Sleep(governor_.pause(), parts_.wakeup);
  }
  for (const FilesOutcome& outcome : std::exchange(unrecorded_, {})) {
    RETURN_IF_ERROR(RecordFiles(outcome));
  }
  return Step::kDone;
}

// How the others fare decides whether there is a next batch yet.
absl::Status Cleanup::AskLoadIfDue() {
  const Micros now = parts_.clock.BootTime();
  if (!governor_.stopped() && load_asked_.has_value() &&
      now - *load_asked_ < kAskLoadEvery) {
    return absl::OkStatus();
  }
  load_asked_ = now;
  ASSIGN_OR_RETURN(const FarmLoad load, parts_.database.jobs->Load());
  governor_.ObserveLoad(load, parts_.clock.Now());
  return absl::OkStatus();
}

// One batch and its files, or nothing where the others had better be left
// alone.
absl::StatusOr<Cleanup::Step> Cleanup::OneBatch(bool& finished) {
  // The clock may have been stepped while the run was going on.
  ASSIGN_OR_RETURN(const GuardVerdict verdict, Guard({}));
  if (verdict.blocked()) {
    RETURN_IF_ERROR(watch_.Settle(verdict, ClockWatch::FirstAnchor::kLeave));
    return Step::kBlocked;
  }
  RETURN_IF_ERROR(RenewLeaseIfDue());
  RETURN_IF_ERROR(AskLoadIfDue());
  if (governor_.stopped()) return Step::kDone;
  // Partitions touch no file, and a survey for each that stays would read all
  // jobs as often as there are partitions.
  if (survey_owed_ && !partitions_left_) {
    // Also after a failure in its middle: half a survey knows half the shield.
    RETURN_IF_ERROR(Survey());
    survey_owed_ = false;
  }
  std::vector<Job> jobs;
  ASSIGN_OR_RETURN(const Batch batch, parts_.database.jobs->DeleteBatch(
                                          {.run = run_.id,
                                           .epoch = lease_.epoch,
                                           .cutoff = run_.cutoff,
                                           .slot_start = run_.slot_start,
                                           .row_limit = governor_.row_limit(),
                                           .now = parts_.clock.Now(),
                                           .outcomes = unrecorded_,
                                           .time_left = TimeLeft()},
                                          [&](const std::vector<Job>& deleted) {
                                            jobs = deleted;
                                            return cleaner_->Record(deleted);
                                          }));
  finished = batch.finished;
  if (batch.partition.has_value()) {
    RETURN_IF_ERROR(AfterPartitionStep(batch, jobs));
    return Step::kDone;
  }
  if (batch.id.has_value()) {
    for (const Job& job : jobs) {
      backlog_.oldest = std::max(backlog_.oldest, job.created);
    }
    unrecorded_.clear();
    if (!batch.part) RETURN_IF_ERROR(cleaner_->Forget(jobs));
    for (const KeptEntry& kept : batch.belongings.refused) {
      ++run_.kept[kept.reason];
    }
  }
  RETURN_IF_ERROR(AfterBatch(batch));
  return Step::kDone;
}

// They go oldest first, so that what is left is no older than what went.
void Cleanup::CountBacklog(const Batch& batch) {
  const auto done =
      DeletedJobs(batch) + static_cast<std::int64_t>(batch.held.size());
  backlog_.jobs = std::max<std::int64_t>(backlog_.jobs - done, 0);
  if (batch.finished) backlog_.jobs = 0;
  if (backlog_.jobs == 0) backlog_.oldest.reset();
  parts_.observer.OnBacklog(backlog_);
}

// `jobs`: those that the recorder was shown.
absl::Status Cleanup::AfterPartitionStep(const Batch& batch,
                                         const std::vector<Job>& jobs) {
  parts_.observer.OnBatch(run_, batch, governor_);
  partitions_left_ = batch.partition->more;
  switch (batch.partition->kind) {
    case PartitionStep::Kind::kLeaving:
      return cleaner_->Forget(jobs);
    case PartitionStep::Kind::kWaiting:
      governor_.ObserveBusy(parts_.clock.Now());
      return absl::OkStatus();
    case PartitionStep::Kind::kDropped:
      CountRows(batch);
      // They are too many for one round, and wait in the state.
      files_left_ = true;
      return absl::OkStatus();
    case PartitionStep::Kind::kStays:
      survey_owed_ |= batch.partition->jobs > 0;
      return absl::OkStatus();
  }
  return absl::InternalError("unknown step");  // GCOV_EXCL_LINE: all returned
}

std::int64_t Cleanup::CountRows(const Batch& batch) {
  run_.jobs_deleted += DeletedJobs(batch);
  run_.held += static_cast<std::int64_t>(batch.held.size());
  CountBacklog(batch);
  std::int64_t rows = 0;
  for (const auto& [table, count] : batch.rows) {
    run_.rows_deleted[table] += count;
    rows += count;
  }
  return rows;
}

absl::Status Cleanup::AfterBatch(const Batch& batch) {
  const std::int64_t rows = CountRows(batch);
  if (batch.id.has_value()) {
    governor_.Observe({.at = parts_.clock.Now(),
                       .rows = rows,
                       .lock_wait = batch.lock_wait,
                       .lock_held = batch.lock_held,
                       .foreign_commits = batch.foreign_commits});
  }
  parts_.observer.OnBatch(run_, batch, governor_);
  if (batch.belongings.pending.empty()) return absl::OkStatus();
  const bool left_before = std::exchange(files_left_, true);
  RETURN_IF_ERROR(AskNewcomers());
  ASSIGN_OR_RETURN(FilesOutcome outcome,
                   cleaner_->Remove(batch.belongings.pending));
  files_left_ = left_before;
  outcome.batch = batch.id;
  Count(outcome);
  unrecorded_.push_back(std::move(outcome));
  return absl::OkStatus();
}

}  // namespace retentiond
