#include "run/cleanup.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "policy/slot.h"
#include "policy/zone.h"
#include "run/sweep_guard.h"
#include "run/table_changes.h"

namespace retentiond {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::seconds;

// A third of what a standby waits: room for a slow disk.
constexpr Micros kRenewEvery = seconds(10);
// Errors kept in the run's record.
constexpr std::size_t kMostErrors = 20;
// The quiet hours; a run outside them yields to everybody.
constexpr hours kQuietFor{3};

Governor::Manner MannerOf(Instant now, const Slot& slot) {
  return now < slot.start + kQuietFor ? Governor::Manner::kNormal
                                      : Governor::Manner::kYielding;
}

// Errors after which nothing better can be expected of the same night. Of the
// others, "try again" and "asked to stop" leave the slot to be run yet, and
// FailedPrecondition says that another daemon leads now.
bool GivesUpTheNight(absl::StatusCode code) {
  using enum absl::StatusCode;
  return code == kDataLoss || code == kPermissionDenied ||
         code == kResourceExhausted || code == kInvalidArgument ||
         code == kInternal;
}

}  // namespace

Cleanup::Cleanup(CleanupParts parts)
    : parts_(std::move(parts)),
      watch_(parts_.clock, *parts_.database.state, parts_.directory,
             parts_.build_date),
      governor_(Governor::Manner::kNormal, {}) {}

absl::StatusOr<RunRecord> Cleanup::Execute(
    const Due& due, const std::optional<LeaseView>& seen) {
  begun_ = parts_.clock.BootTime();
  lease_renewed_ = begun_;
  run_.slot = due.slot.date;
  RETURN_IF_ERROR(CheckRootsAreOurs());
  ASSIGN_OR_RETURN(lease_,
                   parts_.database.state->TakeLease(parts_.holder, seen));
  absl::StatusOr<RunRecord> record = ExecuteLeased(due);
  if (!record.ok() && GivesUpTheNight(record.status().code())) {
    record = CloseFailed(record.status());
  }
  parts_.database.state->ReleaseLease(lease_).IgnoreError();
  return record;
}

absl::StatusOr<RunRecord> Cleanup::ExecuteLeased(const Due& due) {
  RETURN_IF_ERROR(Prepare(due));
  // The facts that need no look at the rows come first: a standing block is
  // asked about every few seconds.
  ASSIGN_OR_RETURN(GuardVerdict verdict, Guard({}));
  if (verdict.blocked()) return Blocked(verdict);
  BeginPhase("survey");
  RETURN_IF_ERROR(Survey());
  ASSIGN_OR_RETURN(verdict, Guard(ClockWatch::RowsOf(totals_)));
  if (verdict.blocked()) return Blocked(verdict);
  const Instant cutoff = CutoffBy(verdict, due.slot, parts_.clock.Now());
  if (cutoff < run_.cutoff) {
    run_.cutoff = cutoff;
    RETURN_IF_ERROR(Survey());
  }
  RETURN_IF_ERROR(watch_.Settle(verdict, ClockWatch::FirstAnchor::kSet));
  RETURN_IF_ERROR(Claim());

  ASSIGN_OR_RETURN(const Step step, WorkThroughPhases());
  switch (step) {
    case Step::kDone:
      return Close(run_.errors.empty() ? RunOutcome::kSuccess
                                       : RunOutcome::kPartial);
    case Step::kWindowOver:
      NoteError("the window ended first; the rest waits for the next night");
      run_.marks.emplace_back(kMarkWindowCut);
      return Close(RunOutcome::kPartial);
    case Step::kStopped:
    case Step::kBlocked:
      return Interrupt();
  }
  return absl::InternalError("unknown step");  // GCOV_EXCL_LINE: all returned
}

absl::StatusOr<Cleanup::Step> Cleanup::WorkThroughPhases() {
  BeginPhase("recover");
  RETURN_IF_ERROR(EmptyTrash());
  RETURN_IF_ERROR(RemovePending());
  BeginPhase("batches");
  RETURN_IF_ERROR(parts_.database.state->UpdateRun(run_, lease_));
  ASSIGN_OR_RETURN(Step step, DeleteBatches());
  if (step != Step::kDone) return step;
  if (files_left_) RETURN_IF_ERROR(RemovePending());
  BeginPhase("orphans");
  RETURN_IF_ERROR(parts_.database.state->UpdateRun(run_, lease_));
  ASSIGN_OR_RETURN(step, SweepOrphans());
  if (step != Step::kDone) return step;
  BeginPhase("tidy-up");
  if (const absl::Status tidy =
          TidyUpTables(*parts_.database.jobs, TimeLeft(), run_);
      !tidy.ok()) {
    parts_.observer.OnTrouble(tidy, "leaving the free space as it is");
  }
  return Step::kDone;
}

// What the run is, before it is claimed: a new one, or one to be resumed.
absl::Status Cleanup::Prepare(const Due& due) {
  governor_ = Governor(MannerOf(parts_.clock.Now(), due.slot),
                       parts_.database.jobs->batch_times());
  window_ = parts_.config.schedule.window;
  run_ = RunRecord{.slot = due.slot.date,
                   .slot_start = due.slot.start,
                   .cutoff = due.slot.cutoff,
                   .started = parts_.clock.Now(),
                   .late = due.late,
                   .timezone = parts_.config.schedule.timezone,
                   .audit_facts = AuditFacts()};
  claimed_ = false;
  if (due.resumed) {
    ASSIGN_OR_RETURN(const std::optional<RunRecord> open,
                     parts_.database.state->OpenRun());
    if (!open.has_value()) {
      return absl::AbortedError("the run to resume was closed by another");
    }
    run_ = *open;
    run_.blocked.clear();
    run_.marks.clear();
    run_.phase.clear();  // "interrupted", or what a crash left there
    run_.audit_facts = AuditFacts();
    claimed_ = true;
    // The night's limit covers all pieces of a run.
    const Micros used =
        std::max<Micros>(parts_.clock.Now() - run_.started, Micros(0));
    window_ = std::max<Micros>(window_ - used, Micros(0));
  }
  ASSIGN_OR_RETURN(jobs_left_last_time_,
                   JobsLeftLastTime(*parts_.database.state));
  return watch_.Load();
}

std::map<std::string, std::string> Cleanup::AuditFacts() const {
  return {{"host", parts_.host}, {"zone_data", ZoneDataVersion()}};
}

absl::Status Cleanup::Survey() {
  // First: it holds the locks of the roots.
  cleaner_.reset();
  ASSIGN_OR_RETURN(RootLedger ledger, ReadLedger());
  ASSIGN_OR_RETURN(cleaner_, FileCleaner::Open({.config = parts_.config.files,
                                                .naming = parts_.naming,
                                                .calls = parts_.calls,
                                                .dry_run = DryRun::kNo,
                                                .ledger = std::move(ledger),
                                                .work = FileWorkOf()}));
  backlog_ = {};
  ASSIGN_OR_RETURN(
      totals_,
      parts_.database.jobs->Survey(
          {.cutoff = run_.cutoff,
           .slot_start = run_.slot_start,
           .daemon_start = watch_.WitnessesBefore(parts_.process_start)},
          [this](const Job& job) -> absl::Status {
            if (parts_.stop_requested()) {
              return absl::CancelledError("asked to stop");
            }
            if (job.job_class == JobClass::kExpired) {
              backlog_.oldest = std::min(backlog_.oldest.value_or(*job.created),
                                         *job.created);
            }
            return cleaner_->Note(job);
          }));
  RETURN_IF_ERROR(NotePastOutputs());
  RETURN_IF_ERROR(cleaner_->Seal());
  run_.jobs_total = totals_.total + run_.jobs_deleted;
  run_.expired = totals_.expired + run_.jobs_deleted;
  run_.held = totals_.in_work;
  run_.undatable = totals_.undatable;
  backlog_.jobs = totals_.expired;
  parts_.observer.OnSurvey(run_, totals_);
  parts_.observer.OnBacklog(backlog_);
  return absl::OkStatus();
}

absl::StatusOr<GuardVerdict> Cleanup::Guard(const ClockWatch::Rows& rows) {
  GuardVerdict verdict = watch_.Assess(rows);
  run_.clock_facts.clear();
  run_.blocked.clear();
  for (const ClockFact fact : verdict.facts) {
    run_.clock_facts.emplace_back(NameOf(fact));
    if (Blocks(fact)) run_.blocked.emplace_back(NameOf(fact));
  }
  parts_.observer.OnClock(watch_.FindingsOf(verdict));
  return verdict;
}

absl::StatusOr<RunRecord> Cleanup::Blocked(const GuardVerdict& verdict) {
  if (watch_.IsNews(verdict)) {
    RETURN_IF_ERROR(watch_.Settle(verdict, ClockWatch::FirstAnchor::kLeave));
  }
  run_.outcome = RunOutcome::kBlocked;
  NoteAlerts();
  RETURN_IF_ERROR(
      parts_.database.state->RecordBlocked(run_, parts_.clock.Now()));
  parts_.observer.OnBlocked(run_);
  return run_;
}

absl::Status Cleanup::Claim() {
  if (!claimed_) {
    ASSIGN_OR_RETURN(run_.id, parts_.database.state->BeginRun(run_, lease_));
    claimed_ = true;
  }
  run_.outcome.reset();
  for (const RootSet::Absent& root : cleaner_->root_set().absent()) {
    NoteError(root.path + ": " + root.reason + "; its files stay pending");
  }
  RETURN_IF_ERROR(parts_.database.state->RecordRoots(
      cleaner_->root_set().records(), lease_));
  if (const absl::Status noted = NoteTablesBefore(*parts_.database.jobs, run_);
      !noted.ok()) {
    parts_.observer.OnTrouble(noted,
                              "leaving the tables' sizes out of the record");
  }
  parts_.observer.OnRunBegin(run_);
  TendAlerts();
  return parts_.database.state->UpdateRun(run_, lease_);
}

void Cleanup::NoteError(const std::string& error) {
  if (run_.errors.size() < kMostErrors) run_.errors.push_back(error);
}

absl::Status Cleanup::RenewLeaseIfDue() {
  const Micros now = parts_.clock.BootTime();
  if (now - lease_renewed_ < kRenewEvery) return absl::OkStatus();
  RETURN_IF_ERROR(parts_.database.state->RenewLease(lease_));
  lease_renewed_ = now;
  TendAlerts();
  run_.pace = governor_.reason();
  return parts_.database.state->UpdateRun(run_, lease_);
}

Micros Cleanup::TimeLeft() const {
  return std::max(window_ - (parts_.clock.BootTime() - begun_), Micros(0));
}

Cleanup::Step Cleanup::StepNow() const {
  if (parts_.stop_requested()) return Step::kStopped;
  if (TimeLeft() == Micros(0)) return Step::kWindowOver;
  return Step::kDone;
}

void Cleanup::BeginPhase(const std::string& phase) {
  EndPhase();
  run_.phase = phase;
  phase_begun_ = parts_.clock.BootTime();
  parts_.observer.OnPhase(run_);
}

void Cleanup::EndPhase() {
  if (run_.phase.empty()) return;
  run_.phases_s[run_.phase] += duration_cast<std::chrono::duration<double>>(
                                   parts_.clock.BootTime() - phase_begun_)
                                   .count();
  run_.phase.clear();
}

}  // namespace retentiond
