#include "run/clock_watch.h"

#include <optional>

#include "base/status_macros.h"

namespace retentiond {

ClockWatch::ClockWatch(const Clock& clock, StateStore& state,
                       const StateDirectory* directory, Instant build_date)
    : clock_(clock),
      state_(state),
      directory_(directory),
      build_date_(build_date) {}

ClockReading ClockWatch::Read() const {
  return {.wall = clock_.Now(),
          .boot_id = clock_.BootId(),
          .boot_time = clock_.BootTime(),
          .kernel_synchronised = clock_.Synchronised()};
}

absl::Status ClockWatch::Load() {
  bool unreadable = false;
  const absl::StatusOr<std::optional<Anchor>> stored = state_.ReadAnchor();
  if (stored.ok()) {
    anchor_ = *stored;
  } else if (stored.status().code() == absl::StatusCode::kDataLoss) {
    unreadable = true;
  } else {
    return stored.status();
  }
  if (directory_ != nullptr) {
    const absl::StatusOr<Anchor> copy = directory_->ReadAnchor();
    if (copy.ok()) {
      // A database that was restored carries an old anchor: the later one is
      // the last reading that was trusted.
      if (!anchor_.has_value() || copy->wall > anchor_->wall) anchor_ = *copy;
    } else if (copy.status().code() == absl::StatusCode::kDataLoss) {
      unreadable = true;
    }
  }
  if (anchor_.has_value()) {
    anchor_state_ = AnchorState::kReadable;
  } else {
    anchor_state_ = unreadable ? AnchorState::kUnreadable : AnchorState::kNone;
  }
  ASSIGN_OR_RETURN(doubt_since_, state_.BlockedSince());
  return absl::OkStatus();
}

GuardVerdict ClockWatch::Assess(const Rows& rows) const {
  return AssessClock({.anchor_state = anchor_state_,
                      .anchor = anchor_,
                      .now = Read(),
                      .build_date = build_date_,
                      .would_delete_all = rows.would_delete_all,
                      .rows_ahead = rows.ahead,
                      .blocked_since = doubt_since_});
}

absl::Status ClockWatch::Settle(const GuardVerdict& verdict) {
  const ClockReading now = Read();
  if (verdict.doubt_since.has_value() != doubt_since_.has_value() ||
      (verdict.doubt_since.has_value() &&
       verdict.doubt_since->boot_time != doubt_since_->boot_time)) {
    doubt_since_ = verdict.doubt_since;
    RETURN_IF_ERROR(state_.SetBlockedSince(doubt_since_));
  }
  if (verdict.cleared) {
    RETURN_IF_ERROR(
        state_.AppendAudit(std::nullopt, "clock-cleared", "{}", now.wall)
            .status());
  }
  if (!verdict.may_anchor()) return absl::OkStatus();
  const Anchor anchor{now.wall, now.boot_id, now.boot_time};
  anchor_ = anchor;
  anchor_state_ = AnchorState::kReadable;
  RETURN_IF_ERROR(state_.WriteAnchor(anchor));
  if (directory_ == nullptr) return absl::OkStatus();
  return directory_->WriteAnchor(anchor);
}

}  // namespace retentiond
