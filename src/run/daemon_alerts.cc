// When the daemon's alerts are seen to.
#include <chrono>
#include <optional>

#include "base/status_macros.h"
#include "run/announcement.h"
#include "run/daemon.h"

namespace retentiond {
namespace {

// More than the ten minutes of settling.
constexpr std::chrono::minutes kOverdueAfter{15};
// Where the database cannot be opened for them.
constexpr Micros kAlertsRetry = std::chrono::minutes(1);
// After a look ahead that failed.
constexpr Micros kLookAheadRetry = std::chrono::hours(1);

}  // namespace

// A slot whose run should long have begun; none while another daemon leads.
std::optional<Slot> Daemon::OverdueSlot() const {
  if (other_.has_value()) return std::nullopt;
  const Instant now = parts_.clock.Now();
  const Due due = WhatIsDue(state_, now, schedule_);
  if (due.kind != Due::Kind::kRun || now < due.slot.start + kOverdueAfter) {
    return std::nullopt;
  }
  return due.slot;
}

// After each turn of the loop, which ended in `turn`.
void Daemon::TendAlerts(const absl::Status& turn) {
  if (parts_.alerts == nullptr) return;
  parts_.alerts->NoteTurn(turn);
  parts_.alerts->NoteOverdue(OverdueSlot());
  TendAlertsMeanwhile();
}

// The database is opened for them only where it serves.
void Daemon::TendAlertsMeanwhile() {
  if (parts_.alerts == nullptr || !parts_.alerts->HasWork()) return;
  const Micros now = parts_.clock.BootTime();
  if (retry_pause_ > Micros(0) || now < alerts_retry_at_) {
    parts_.alerts->TendFromMemory();
    return;
  }
  absl::StatusOr<Database> database =
      parts_.open(*settings_, OpenMode::kReadWrite);
  if (!database.ok()) parts_.alerts->TendFromMemory();
  const absl::Status tended =
      database.ok() ? parts_.alerts->Tend(*database->state) : database.status();
  if (tended.ok()) return;
  alerts_retry_at_ = now + kAlertsRetry;
  observers_.OnTrouble(tended, "keeping the alerts in memory");
}

// Once for each slot, where there is anybody to be told. What is asked here is
// asked again by the run itself: a look that fails keeps nothing from running.
void Daemon::LookAheadIfDue() {
  if (parts_.alerts == nullptr || !settings_->config.alerts.any()) return;
  const Instant now = parts_.clock.Now();
  const Slot slot = FirstSlotFrom(now, schedule_);
  if (looked_ahead_to_ == slot.date || now < slot.start - kAnnounceAhead ||
      now >= slot.start - kAnnounceUntil ||
      parts_.clock.BootTime() < look_ahead_at_) {
    return;
  }
  const absl::Status looked = LookAheadTo(slot);
  if (looked.ok()) {
    looked_ahead_to_ = slot.date;
    return;
  }
  look_ahead_at_ = parts_.clock.BootTime() + kLookAheadRetry;
  if (absl::IsCancelled(looked)) return;  // asked to stop, or it is time to run
  observers_.OnTrouble(looked, "not saying what the next cleanup will delete");
}

absl::Status Daemon::LookAheadTo(const Slot& slot) {
  ASSIGN_OR_RETURN(Database database,
                   parts_.open(*settings_, OpenMode::kReadOnly));
  ASSIGN_OR_RETURN(const std::optional<Announcement> ahead,
                   LookAhead({.database = database,
                              .config = settings_->config,
                              .naming = settings_->naming,
                              .clock = parts_.clock,
                              .calls = calls_,
                              .build_date = parts_.build_date,
                              .host = parts_.host,
                              .stop_requested =
                                  [&] {
                                    return AskedToStop() ||
                                           parts_.clock.Now() >= slot.start;
                                  }},
                             slot));
  parts_.alerts->NoteAhead(ahead);
  return absl::OkStatus();
}

void Daemon::SettleAlerts(Database& database) {
  if (parts_.alerts == nullptr) return;
  if (const absl::Status settled = parts_.alerts->Settle(*database.state);
      !settled.ok()) {
    observers_.OnTrouble(settled, "some alerts may be told twice");
  }
}

}  // namespace retentiond
