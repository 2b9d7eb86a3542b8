#include "run/daemon.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "run/cleanup.h"
#include "run/lease_holder.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The wall clock is asked again so often: it may be stepped at any time.
constexpr Micros kLongestSleep = seconds(15);
constexpr Micros kLookAtClockEvery = hours(1);
// How soon a standby looks again, and a run that the clock guard blocks or that
// a person must allow.
constexpr Micros kStandbyLook = seconds(5);
constexpr Micros kBlockedLook = minutes(1);
// A lease whose counter has not moved for so long is nobody's any more.
constexpr Micros kLeaseTime = seconds(30);
// After a failure that left the slot undone, it is tried again after a pause
// that doubles.
constexpr Micros kFirstRetry = seconds(15);
constexpr Micros kLongestRetry = minutes(15);
// A server that restarts is back within seconds.
constexpr Micros kFirstRetryAway = seconds(1);
// A zone on the other side of the date line shows another date.
constexpr std::chrono::days kZonesApart{1};

std::optional<RunRecord> FirstOf(const std::vector<RunRecord>& runs) {
  if (runs.empty()) return std::nullopt;
  return runs.front();
}

absl::StatusOr<History> ReadHistory(StateStore& state) {
  using enum RunOutcome;
  ASSIGN_OR_RETURN(const std::vector<RunRecord> last, state.ListRuns(1));
  ASSIGN_OR_RETURN(const std::vector<RunRecord> ended,
                   state.ListRunsOf({kSuccess, kPartial, kFailed}, 1));
  ASSIGN_OR_RETURN(const std::vector<RunRecord> good,
                   state.ListRunsOf({kSuccess}, 1));
  ASSIGN_OR_RETURN(const std::optional<AuditHead> head, state.Head());
  return History{.last_run = FirstOf(last),
                 .last_ended = FirstOf(ended),
                 .last_success = FirstOf(good),
                 .audit_head = head};
}

}  // namespace

Daemon::Daemon(DaemonParts parts)
    : parts_(std::move(parts)),
      status_(parts_.service, absl::UTCTimeZone()),
      observers_({&parts_.observer, &status_}),
      calls_(parts_.calls, [this] { Beat(); }),
      settings_(parts_.settings),
      boot_time_at_start_(parts_.clock.BootTime()) {}

// By the wall clock as it stands now: a step of it moves the start along.
Instant Daemon::ProcessStart() const {
  return parts_.clock.Now() - (parts_.clock.BootTime() - boot_time_at_start_);
}

absl::Status Daemon::Serve() {
  RETURN_IF_ERROR(StartWhenThere());
  parts_.service.Ready();
  while (!parts_.stop_requested()) {
    const Micros sleep = Turn();
    if (parts_.stop_requested()) break;
    parts_.clock.Sleep(sleep, parts_.wakeup);
  }
  Stop();
  return absl::OkStatus();
}

// A server that is not up yet is waited for; whatever else is wrong is said.
absl::Status Daemon::StartWhenThere() {
  absl::Status started = Start();
  // Its manager would take a service that waits for one that hangs.
  if (absl::IsUnavailable(started)) parts_.service.Ready();
  while (absl::IsUnavailable(started)) {
    TryLater(started);
    TendAlerts(started);
    AwaitRetry();
    if (parts_.stop_requested()) return absl::OkStatus();
    if (new_settings_ != nullptr) {
      settings_ = std::exchange(new_settings_, nullptr);
    }
    started = Start();
  }
  retry_pause_ = Micros(0);
  retry_at_ = Micros(0);
  return started;
}

void Daemon::AwaitRetry() {
  while (true) {
    Beat();
    TakeReloadRequest();
    const Micros now = parts_.clock.BootTime();
    if (parts_.stop_requested() || new_settings_ != nullptr ||
        now >= retry_at_) {
      return;
    }
    parts_.clock.Sleep(std::min(kLongestSleep, retry_at_ - now), parts_.wakeup);
  }
}

absl::Status Daemon::Start() {
  ASSIGN_OR_RETURN(Database database,
                   parts_.open(*settings_, OpenMode::kReadWrite));
  RETURN_IF_ERROR(SetSchedule(database));
  ASSIGN_OR_RETURN(state_, ReadState(database));
  if (const absl::Status look = LookAtClock(database); !look.ok()) {
    observers_.OnTrouble(look, "looking at the clock again in an hour");
  }
  return absl::OkStatus();
}

// The time until the next start counts from here as time that nobody saw.
void Daemon::Stop() {
  parts_.service.Stopping();
  absl::Status kept = absl::OkStatus();
  if (absl::StatusOr<Database> database =
          parts_.open(*settings_, OpenMode::kReadWrite);
      database.ok()) {
    kept = LookAtClock(*database);
    SettleAlerts(*database);
  } else {
    kept = database.status();
  }
  if (!kept.ok()) {
    observers_.OnTrouble(kept, "stopping without a last note of the time");
  }
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
  ASSIGN_OR_RETURN(const History history, ReadHistory(*database.state));
  observers_.OnHistory(history);
  return state;
}

// The state directory is a second place for the anchor; without it the run goes
// on, and says so.
std::optional<StateDirectory> Daemon::OpenDirectory(Database& database) {
  const absl::StatusOr<std::string> id = database.state->StateId();
  absl::StatusOr<StateDirectory> directory =
      id.ok() ? StateDirectory::Open(settings_->config.state_directory, *id,
                                     settings_->config.database.name)
              : absl::StatusOr<StateDirectory>(id.status());
  if (!directory.ok()) {
    if (!directory_trouble_told_) {
      observers_.OnTrouble(directory.status(),
                           "keeping the clock's anchor only in the database");
    }
    directory_trouble_told_ = true;
    return std::nullopt;
  }
  directory_trouble_told_ = false;
  return *std::move(directory);
}

Micros Daemon::Turn() {
  Beat();
  TakeReloadRequest();
  const Micros boot_now = parts_.clock.BootTime();
  if (boot_now < retry_at_ && new_settings_ == nullptr) {
    TendAlertsMeanwhile();
    return std::min(kLongestSleep, retry_at_ - boot_now);
  }
  const absl::StatusOr<Micros> sleep = DoWhatIsDue();
  if (sleep.ok()) {
    retry_pause_ = Micros(0);
    TendAlerts(absl::OkStatus());
    return std::clamp<Micros>(*sleep, Micros(0), kLongestSleep);
  }
  TryLater(sleep.status());
  TendAlerts(sleep.status());
  return std::min(kLongestSleep, retry_pause_);
}

void Daemon::TryLater(const absl::Status& failed) {
  retry_pause_ = std::clamp<Micros>(
      retry_pause_ * 2,
      absl::IsUnavailable(failed) ? kFirstRetryAway : kFirstRetry,
      kLongestRetry);
  retry_at_ = parts_.clock.BootTime() + retry_pause_;
  observers_.OnTrouble(
      failed,
      fmt::format("trying again in {} s",
                  std::chrono::duration_cast<seconds>(retry_pause_).count()));
}

absl::StatusOr<Micros> Daemon::DoWhatIsDue() {
  RETURN_IF_ERROR(AdoptNewSettings());
  RETURN_IF_ERROR(FollowZoneFile());
  const Instant now = parts_.clock.Now();
  state_.process_start = ProcessStart();
  const Due due = WhatIsDue(state_, now, schedule_);
  if (due.kind != Due::Kind::kWait) return RunDue();
  observers_.OnWait(due.until);
  RETURN_IF_ERROR(LookAtClockIfDue());
  LookAheadIfDue();
  return due.until - parts_.clock.Now();
}

absl::StatusOr<Micros> Daemon::RunDue() {
  ASSIGN_OR_RETURN(Database database,
                   parts_.open(*settings_, OpenMode::kReadWrite));
  // Another daemon may have run it since this one last looked.
  ASSIGN_OR_RETURN(state_, ReadState(database));
  const Due due = WhatIsDue(state_, parts_.clock.Now(), schedule_);
  if (due.kind == Due::Kind::kWait) return Micros(0);
  if (due.kind == Due::Kind::kFirstStart)
    return RecordFirstStart(database, due);
  ASSIGN_OR_RETURN(const bool may_lead, MayLead(database));
  if (!may_lead) return kStandbyLook;
  RETURN_IF_ERROR(ReportMissed(database, due));
  return ExecuteDue(database, due);
}

absl::StatusOr<Micros> Daemon::ExecuteDue(Database& database, const Due& due) {
  std::optional<StateDirectory> directory = OpenDirectory(database);
  Cleanup cleanup({.database = database,
                   .config = settings_->config,
                   .naming = settings_->naming,
                   .clock = parts_.clock,
                   .calls = calls_,
                   .directory = directory.has_value() ? &*directory : nullptr,
                   .observer = observers_,
                   .alerts = parts_.alerts,
                   .stop_requested = [this] { return AskedToStop(); },
                   .wakeup = parts_.wakeup,
                   .holder = parts_.holder,
                   .host = parts_.host,
                   .process_start = ProcessStart(),
                   .build_date = parts_.build_date,
                   .most_file_workers = parts_.most_file_workers,
                   .file_manner = parts_.file_manner});
  const absl::StatusOr<RunRecord> run = cleanup.Execute(due, other_);
  if (!run.ok()) return SleepAfter(database, due, run.status());
  other_.reset();
  refusal_told_.clear();
  ASSIGN_OR_RETURN(state_, ReadState(database));
  if (run->outcome != RunOutcome::kBlocked) {
    // The guard let it run: the clock is right now, and was not when the run
    // was begun.
    if (LastSlotLiesAhead()) RETURN_IF_ERROR(SetLastSlotBack(database));
    return Micros(0);
  }
  return LookAgainLater();
}

// The hourly look at the clock goes on meanwhile.
absl::StatusOr<Micros> Daemon::LookAgainLater() {
  retry_at_ = parts_.clock.BootTime() + kBlockedLook;
  RETURN_IF_ERROR(LookAtClockIfDue());
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
    observers_.OnStandby(view.holder);
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
  observers_.OnMissed(due.missed);
  return absl::OkStatus();
}

// How long to sleep after a run that ended in `status`, or that status when it
// is an error to be tried again with growing pauses.
absl::StatusOr<Micros> Daemon::SleepAfter(Database& database, const Due& due,
                                          const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kCancelled:  // asked to stop
      return Micros(0);
    case absl::StatusCode::kFailedPrecondition:  // another leads now
      observers_.OnTrouble(status, "standing by");
      return kStandbyLook;
    case absl::StatusCode::kAlreadyExists: {
      // Another has run the slot; or it was run under a clock that was ahead,
      // and the last slot was set back since.
      ASSIGN_OR_RETURN(state_, ReadState(database));
      if (state_.last_slot < due.slot.date) {
        RETURN_IF_ERROR(database.state->SetLastSlot(due.slot.date));
        state_.last_slot = due.slot.date;
      }
      observers_.OnNotice(MessageOf(status));
      return Micros(0);
    }
    case absl::StatusCode::kPermissionDenied: {
      // The roots of another machine, or a right that is missing: it stays so
      // until a person acts.
      const std::string refusal = MessageOf(status);
      if (std::exchange(refusal_told_, refusal) != refusal) {
        observers_.OnTrouble(status,
                             "looking again every minute, without a word "
                             "until it changes");
      }
      return LookAgainLater();
    }
    default:
      return status;
  }
}

// --- the clock

absl::Status Daemon::LookAtClockIfDue() {
  if (parts_.clock.BootTime() - clock_seen_to_ < kLookAtClockEvery) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(Database database,
                   parts_.open(*settings_, OpenMode::kReadWrite));
  ASSIGN_OR_RETURN(state_, ReadState(database));
  return LookAtClock(database);
}

absl::Status Daemon::LookAtClock(Database& database) {
  clock_seen_to_ = parts_.clock.BootTime();
  std::optional<StateDirectory> directory = OpenDirectory(database);
  ClockWatch watch(parts_.clock, *database.state,
                   directory.has_value() ? &*directory : nullptr,
                   parts_.build_date);
  RETURN_IF_ERROR(watch.Load());
  const GuardVerdict verdict =
      watch.Assess({.slot_ahead = LastSlotLiesAhead()});
  observers_.OnClock(watch.FindingsOf(verdict));
  RETURN_IF_ERROR(watch.Settle(verdict, ClockWatch::FirstAnchor::kLeave));
  if (!verdict.slot_is_wrong) return absl::OkStatus();
  return SetLastSlotBack(database);
}

bool Daemon::LastSlotLiesAhead() const {
  return state_.last_slot.has_value() &&
         *state_.last_slot >
             LastSlotUntil(parts_.clock.Now(), schedule_).date + kZonesApart;
}

// A slot that was recorded under a clock which was ahead would keep every night
// until then from being cleaned.
absl::Status Daemon::SetLastSlotBack(Database& database) {
  const LocalDate date = LastSlotUntil(parts_.clock.Now(), schedule_).date;
  const std::string facts =
      fmt::format(R"({{"from":"{}","to":"{}"}})", FormatDate(*state_.last_slot),
                  FormatDate(date));
  RETURN_IF_ERROR(database.state
                      ->AppendAudit(std::nullopt, "last-slot-set-back", facts,
                                    parts_.clock.Now())
                      .status());
  RETURN_IF_ERROR(database.state->SetLastSlot(date));
  observers_.OnNotice(
      "the last cleanup was recorded for " + FormatDate(*state_.last_slot) +
      ", under a clock that was ahead; counting from " + FormatDate(date));
  state_.last_slot = date;
  return absl::OkStatus();
}

}  // namespace retentiond
