// When the daemon's alerts are seen to.
#include <chrono>
#include <optional>

#include "base/status_macros.h"
#include "run/daemon.h"

namespace retentiond {
namespace {

// More than the ten minutes of settling.
constexpr std::chrono::minutes kOverdueAfter{15};
// Where the database cannot be opened for them.
constexpr Micros kAlertsRetry = std::chrono::minutes(1);

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

void Daemon::SettleAlerts(Database& database) {
  if (parts_.alerts == nullptr) return;
  if (const absl::Status settled = parts_.alerts->Settle(*database.state);
      !settled.ok()) {
    observers_.OnTrouble(settled, "some alerts may be told twice");
  }
}

}  // namespace retentiond
