#include "run/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "policy/zone.h"
#include "run/cleanup.h"
#include "run/clock_watch.h"
#include "run/lease_holder.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The wall clock is asked again so often: it may be stepped at any time.
constexpr Micros kLongestSleep = seconds(15);
constexpr Micros kAnchorEvery = hours(1);
// How soon a standby looks again, and a run that the clock guard blocks.
constexpr Micros kStandbyLook = seconds(5);
constexpr Micros kBlockedLook = minutes(1);
// A lease whose counter has not moved for so long is nobody's any more.
constexpr Micros kLeaseTime = seconds(30);
// After a failure that left the slot undone, it is tried again after a pause
// that doubles.
constexpr Micros kFirstRetry = seconds(15);
constexpr Micros kLongestRetry = minutes(15);

}  // namespace

Daemon::Daemon(DaemonParts parts)
    : parts_(std::move(parts)), boot_time_at_start_(parts_.clock.BootTime()) {}

// By the wall clock as it stands now: a step of it moves the start along.
Instant Daemon::ProcessStart() const {
  return parts_.clock.Now() - (parts_.clock.BootTime() - boot_time_at_start_);
}

absl::Status Daemon::Serve() {
  RETURN_IF_ERROR(Start());
  parts_.service.Ready();
  while (!parts_.stop_requested()) {
    const Micros sleep = Turn();
    parts_.service.Alive();
    if (parts_.stop_requested()) break;
    parts_.clock.Sleep(sleep, parts_.wakeup);
  }
  parts_.service.Stopping();
  return absl::OkStatus();
}

absl::Status Daemon::Start() {
  schedule_.at = parts_.config.schedule.at;
  ASSIGN_OR_RETURN(schedule_.zone, LoadZone(parts_.config.schedule.timezone));
  ASSIGN_OR_RETURN(Database database, parts_.open());
  ASSIGN_OR_RETURN(state_, ReadState(database));
  anchor_kept_ = parts_.clock.BootTime();
  return absl::OkStatus();
}

absl::StatusOr<ScheduleState> Daemon::ReadState(Database& database) {
  ScheduleState state;
  state.process_start = ProcessStart();
  ASSIGN_OR_RETURN(state.last_slot, database.state->LastSlot());
  ASSIGN_OR_RETURN(const std::optional<RunRecord> open,
                   database.state->OpenRun());
  if (open.has_value()) {
    state.open_run = Slot{
        .date = open->slot, .start = open->slot_start, .cutoff = open->cutoff};
  }
  return state;
}

// The state directory is a second place for the anchor; without it the run goes
// on, and says so.
std::optional<StateDirectory> Daemon::OpenDirectory(Database& database) {
  const absl::StatusOr<std::string> id = database.state->StateId();
  absl::StatusOr<StateDirectory> directory =
      id.ok() ? StateDirectory::Open(parts_.config.state_directory, *id,
                                     parts_.config.database.name)
              : absl::StatusOr<StateDirectory>(id.status());
  if (!directory.ok()) {
    if (!directory_trouble_told_) {
      parts_.observer.OnTrouble(
          directory.status(),
          "keeping the clock's anchor only in the database");
    }
    directory_trouble_told_ = true;
    return std::nullopt;
  }
  directory_trouble_told_ = false;
  return *std::move(directory);
}

Micros Daemon::Turn() {
  const Micros boot_now = parts_.clock.BootTime();
  if (boot_now < retry_at_)
    return std::min(kLongestSleep, retry_at_ - boot_now);
  const absl::StatusOr<Micros> sleep = DoWhatIsDue();
  if (sleep.ok()) {
    retry_pause_ = Micros(0);
    return std::clamp<Micros>(*sleep, Micros(0), kLongestSleep);
  }
  retry_pause_ =
      std::clamp<Micros>(retry_pause_ * 2, kFirstRetry, kLongestRetry);
  retry_at_ = parts_.clock.BootTime() + retry_pause_;
  parts_.observer.OnTrouble(
      sleep.status(),
      fmt::format("trying again in {} s",
                  std::chrono::duration_cast<seconds>(retry_pause_).count()));
  return std::min(kLongestSleep, retry_pause_);
}

absl::StatusOr<Micros> Daemon::DoWhatIsDue() {
  const Instant now = parts_.clock.Now();
  state_.process_start = ProcessStart();
  const Due due = WhatIsDue(state_, now, schedule_);
  if (due.kind != Due::Kind::kWait) return RunDue();
  parts_.observer.OnWait(due.until);
  parts_.service.Status("next run " + FormatLocal(due.until, schedule_.zone));
  RETURN_IF_ERROR(KeepAnchor());
  return due.until - now;
}

absl::StatusOr<Micros> Daemon::RunDue() {
  ASSIGN_OR_RETURN(Database database, parts_.open());
  // Another daemon may have run it since this one last looked.
  ASSIGN_OR_RETURN(state_, ReadState(database));
  const Due due = WhatIsDue(state_, parts_.clock.Now(), schedule_);
  if (due.kind == Due::Kind::kWait) return Micros(0);
  if (due.kind == Due::Kind::kFirstStart)
    return RecordFirstStart(database, due);
  ASSIGN_OR_RETURN(const bool may_lead, MayLead(database));
  if (!may_lead) return kStandbyLook;
  RETURN_IF_ERROR(ReportMissed(database, due));

  std::optional<StateDirectory> directory = OpenDirectory(database);
  Cleanup cleanup({.database = database,
                   .config = parts_.config,
                   .naming = parts_.naming,
                   .clock = parts_.clock,
                   .calls = parts_.calls,
                   .directory = directory.has_value() ? &*directory : nullptr,
                   .observer = parts_.observer,
                   .stop_requested = parts_.stop_requested,
                   .wakeup = parts_.wakeup,
                   .holder = parts_.holder,
                   .host = parts_.host,
                   .process_start = ProcessStart(),
                   .build_date = parts_.build_date});
  const absl::StatusOr<RunRecord> run = cleanup.Execute(due, other_);
  if (!run.ok()) return SleepAfter(run.status());
  other_.reset();
  anchor_kept_ = parts_.clock.BootTime();
  ASSIGN_OR_RETURN(state_, ReadState(database));
  if (run->outcome != RunOutcome::kBlocked) return Micros(0);
  retry_at_ = parts_.clock.BootTime() + kBlockedLook;
  return kBlockedLook;
}

// A database that is new to us: the slots before now are nobody's.
absl::StatusOr<Micros> Daemon::RecordFirstStart(Database& database,
                                                const Due& due) {
  RETURN_IF_ERROR(database.state->SetLastSlot(due.slot.date));
  state_.last_slot = due.slot.date;
  return Micros(0);
}

// Whether the lease is free, of a process that is known to be dead, or
// another's that has stopped moving: a standby watches it by its own boot time,
// so that no wall clock decides.
absl::StatusOr<bool> Daemon::MayLead(Database& database) {
  ASSIGN_OR_RETURN(const LeaseView view, database.state->ViewLease());
  if (view.holder.empty() || view.holder == parts_.holder) {
    other_.reset();
    return true;
  }
  if (IsDeadNeighbour(view.holder, parts_.host, parts_.clock.BootId())) {
    other_ = view;
    return true;
  }
  const Micros now = parts_.clock.BootTime();
  const bool same = other_.has_value() && other_->holder == view.holder &&
                    other_->epoch == view.epoch &&
                    other_->renewals == view.renewals;
  if (!same) {
    other_ = view;
    other_seen_at_ = now;
    parts_.service.Status("standing by: " + view.holder + " leads");
    return false;
  }
  return now - other_seen_at_ >= kLeaseTime;
}

absl::Status Daemon::ReportMissed(Database& database, const Due& due) {
  if (due.missed.empty() || missed_reported_ == due.slot.date) {
    return absl::OkStatus();
  }
  std::string facts;
  for (const LocalDate date : due.missed) {
    facts += (facts.empty() ? "\"" : ",\"") + FormatDate(date) + "\"";
  }
  RETURN_IF_ERROR(database.state
                      ->AppendAudit(std::nullopt, "missed",
                                    "{\"slots\":[" + facts + "]}",
                                    parts_.clock.Now())
                      .status());
  missed_reported_ = due.slot.date;
  parts_.observer.OnMissed(due.missed);
  return absl::OkStatus();
}

// How long to sleep after a run that ended in `status`, or that status when it
// is an error to be tried again with growing pauses.
absl::StatusOr<Micros> Daemon::SleepAfter(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kCancelled:  // asked to stop
      return Micros(0);
    case absl::StatusCode::kFailedPrecondition:  // another leads now
    case absl::StatusCode::kAlreadyExists:       // another has run the slot
      parts_.observer.OnTrouble(status, "standing by");
      return kStandbyLook;
    default:
      return status;
  }
}

absl::Status Daemon::KeepAnchor() {
  const Micros now = parts_.clock.BootTime();
  if (now - anchor_kept_ < kAnchorEvery) return absl::OkStatus();
  ASSIGN_OR_RETURN(Database database, parts_.open());
  std::optional<StateDirectory> directory = OpenDirectory(database);
  ClockWatch watch(parts_.clock, *database.state,
                   directory.has_value() ? &*directory : nullptr,
                   parts_.build_date);
  RETURN_IF_ERROR(watch.Load());
  anchor_kept_ = now;
  // The first anchor is a run's to set: only there the rows are witnesses.
  if (!watch.has_anchor()) return absl::OkStatus();
  return watch.Settle(watch.Assess({}));
}

}  // namespace retentiond
