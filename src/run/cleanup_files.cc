// The files' side of a run: which roots are there and whose they are, what may
// not be touched, what is left from before, the orphans.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "run/cleanup.h"
#include "run/sweep_guard.h"

namespace retentiond {
namespace {

constexpr int kPendingPerRound = 500;

}  // namespace

absl::StatusOr<RootLedger> Cleanup::ReadLedger() {
  RootLedger ledger{.known = {},
                    .machine = parts_.host,
                    .slot = run_.slot,
                    .now = parts_.clock.Now()};
  ASSIGN_OR_RETURN(ledger.known, parts_.database.state->ListRoots());
  return ledger;
}

// Before the lease is taken: another machine's daemon may be the one to lead.
absl::Status Cleanup::CheckRootsAreOurs() {
  ASSIGN_OR_RETURN(const RootLedger ledger, ReadLedger());
  const absl::StatusOr<RootSet> set =
      RootSet::Open(parts_.config.files, parts_.calls, DryRun::kYes, ledger);
  // What is wrong with a root otherwise is said when it is to be worked on.
  if (!set.ok() || !set->foreign().has_value()) return absl::OkStatus();
  return absl::PermissionDeniedError(*set->foreign());
}

FileWork Cleanup::FileWorkOf() {
  if (pacer_ == nullptr) {
    pacer_ = std::make_unique<IoPacer>(
        [this] { return parts_.clock.BootTime(); },
        [this](Micros rest) { parts_.clock.Sleep(rest, parts_.wakeup); });
  }
  return {.most_workers = parts_.most_file_workers,
          .manner = parts_.file_manner,
          .rest = [this] { pacer_->Rest(); },
          .may_go_on = [this] { return MayTouchFiles(); }};
}

// Shields the outputs of jobs deleted on earlier nights, and notes which of
// them are gone.
absl::Status Cleanup::NotePastOutputs() {
  shield_changes_.clear();
  return parts_.database.state->VisitShield([this](const ShieldedOutput& past) {
    if (parts_.stop_requested()) return absl::CancelledError("asked to stop");
    const FileCleaner::Presence presence = cleaner_->NotePast(past);
    // A night on which nobody could tell counts neither way.
    if (presence == FileCleaner::Presence::kCannotTell) return absl::OkStatus();
    const bool absent = presence == FileCleaner::Presence::kGone;
    if (absent || past.absent_nights > 0) {
      shield_changes_.push_back(past);
      shield_changes_.back().absent_nights =
          absent ? past.absent_nights + 1 : 0;
    }
    return absl::OkStatus();
  });
}

absl::Status Cleanup::AskNewcomers() {
  bool any = false;
  RETURN_IF_ERROR(parts_.database.jobs->VisitNewcomers([&](const Job& job) {
    any = true;
    return cleaner_->Note(job);
  }));
  return any ? cleaner_->Seal() : absl::OkStatus();
}

// Removes what batches of a crashed run, or entries that failed on earlier
// nights, left on disk.
absl::Status Cleanup::RemovePending() {
  files_left_ = false;
  PendingId after{};
  while (MayTouchFiles()) {
    ASSIGN_OR_RETURN(
        const std::vector<PendingFile> pending,
        parts_.database.state->ListPending(after, kPendingPerRound));
    if (pending.empty()) return absl::OkStatus();
    after = pending.back().id;
    RETURN_IF_ERROR(AskNewcomers());
    // The state keeps the files of each batch by themselves.
    for (auto begin = pending.begin(); begin != pending.end();) {
      const auto end = std::find_if(begin, pending.end(), [&](const auto& e) {
        return e.batch != begin->batch;
      });
      ASSIGN_OR_RETURN(FilesOutcome outcome, cleaner_->Remove({begin, end}));
      outcome.batch = begin->batch;
      Count(outcome);
      RETURN_IF_ERROR(RecordFiles(outcome));
      begin = end;
    }
  }
  return absl::OkStatus();
}

// What a crash left there, before the pending entries that it was emptied for.
absl::Status Cleanup::EmptyTrash() {
  const FilesOutcome outcome = cleaner_->EmptyTrash();
  Count(outcome);
  return RecordFiles(outcome);
}

absl::Status Cleanup::RecordFiles(const FilesOutcome& outcome) {
  return parts_.database.state->RecordFiles(run_.id, outcome, lease_,
                                            parts_.clock.Now());
}

// Files cannot be fenced by a transaction: the lease is looked at before each
// directory instead.
bool Cleanup::MayTouchFiles() {
  return StepNow() == Step::kDone && RenewLeaseIfDue().ok();
}

void Cleanup::Count(const FilesOutcome& outcome) {
  run_.files_deleted += outcome.files;
  run_.bytes_freed += outcome.bytes;
  for (const auto& [reason, count] : outcome.kept_by_reason) {
    run_.kept[reason] += count;
  }
  for (const std::string& error : outcome.errors) NoteError(error);
  parts_.observer.OnFiles(run_, outcome);
}

absl::StatusOr<Cleanup::Step> Cleanup::SweepOrphans() {
  const std::optional<std::string> refusal =
      WhyNotSweep({.jobs = totals_.total,
                   .jobs_left_last_time = jobs_left_last_time_,
                   .state_was_lost = parts_.directory != nullptr &&
                                     parts_.directory->state_was_lost()});
  if (refusal.has_value()) {
    NoteError("the orphans were left: " + *refusal);
    return Step::kDone;
  }
  ASSIGN_OR_RETURN(SweepResult result, cleaner_->Sweep(run_.cutoff, [this] {
    return AskNewcomers();
  }));
  run_.orphans += result.orphans;
  for (const std::string& refused : result.refused) NoteError(refused);
  Count(result.outcome);
  RETURN_IF_ERROR(RecordFiles(result.outcome));
  return StepNow();
}

}  // namespace retentiond
