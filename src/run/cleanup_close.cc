// How a run ends, and what a person is told of it.
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "run/cleanup.h"
#include "run/size_facts.h"
#include "run/slow_run.h"
#include "run/table_changes.h"

namespace retentiond {

// The night is given up: says so in the run's record, if that can be written.
absl::StatusOr<RunRecord> Cleanup::CloseFailed(const absl::Status& why) {
  parts_.observer.OnTrouble(why, "ending the run");
  NoteError(MessageOf(why));
  if (!claimed_) {
    ASSIGN_OR_RETURN(run_.id, parts_.database.state->BeginRun(run_, lease_));
    claimed_ = true;
  }
  return Close(RunOutcome::kFailed);
}

absl::StatusOr<RunRecord> Cleanup::Close(RunOutcome outcome) {
  BeginPhase("close");
  for (const FilesOutcome& files : std::exchange(unrecorded_, {})) {
    RETURN_IF_ERROR(RecordFiles(files));
  }
  SettleTables(outcome == RunOutcome::kFailed ? "the run failed"
                                              : "the window ended first",
               run_);
  NoteSize(*parts_.database.jobs, run_);
  run_.outcome = outcome;
  run_.finished = parts_.clock.Now();
  EndPhase();
  if (outcome != RunOutcome::kFailed)
    RETURN_IF_ERROR(MarkIfSlow(*parts_.database.state, run_));
  if (!shield_changes_.empty()) {
    RETURN_IF_ERROR(
        parts_.database.state->UpdateShield(shield_changes_, lease_));
  }
  NoteAlerts();
  RETURN_IF_ERROR(
      parts_.database.state->CloseRun(run_, lease_, *run_.finished));
  if (parts_.directory != nullptr && outcome != RunOutcome::kFailed) {
    RETURN_IF_ERROR(parts_.directory->ForgetLostState());
  }
  if (const absl::Status prune = parts_.database.state->Prune(*run_.finished);
      !prune.ok()) {
    parts_.observer.OnTrouble(prune, "leaving old records for the next night");
  }
  parts_.observer.OnRunEnd(run_);
  return run_;
}

// Leaves the run open, to be resumed.
absl::StatusOr<RunRecord> Cleanup::Interrupt() {
  for (const FilesOutcome& files : std::exchange(unrecorded_, {})) {
    RETURN_IF_ERROR(RecordFiles(files));
  }
  EndPhase();
  run_.phase = run_.blocked.empty() ? "interrupted" : "blocked";
  RETURN_IF_ERROR(parts_.database.state->UpdateRun(run_, lease_));
  run_.outcome =
      run_.blocked.empty() ? RunOutcome::kInterrupted : RunOutcome::kBlocked;
  if (run_.blocked.empty()) {
    parts_.observer.OnRunEnd(run_);
  } else {
    parts_.observer.OnBlocked(run_);
  }
  return run_;
}

void Cleanup::NoteAlerts() {
  if (parts_.alerts == nullptr) return;
  run_.alerts = parts_.alerts->ReportOf(run_, *parts_.database.state);
}

void Cleanup::TendAlerts() {
  if (parts_.alerts == nullptr || !parts_.alerts->HasWork()) return;
  if (const absl::Status tended = parts_.alerts->Tend(*parts_.database.state);
      !tended.ok()) {
    parts_.observer.OnTrouble(tended, "keeping the alerts in memory");
  }
}

}  // namespace retentiond
