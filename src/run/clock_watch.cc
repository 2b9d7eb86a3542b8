#include "run/clock_watch.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/status_macros.h"
#include "run/seen_time_text.h"

namespace retentiond {
namespace {

// In the state's notes, and the name of the file in the state directory.
constexpr char kSeenTimeNote[] = "seen-time";

bool IsDamage(const absl::Status& status) {
  return status.code() == absl::StatusCode::kDataLoss;
}

// A reading that no clock can have given was not written as it stands there.
bool IsPlausible(const Anchor& anchor) {
  return anchor.wall > Instant{} && anchor.boot_time >= Micros(0) &&
         !anchor.boot_id.empty();
}

Instant LastSeen(const SeenTime& seen) {
  Instant last = seen.since;
  for (const SeenStretch& stretch : seen.stretches) {
    last = std::max(last, stretch.end);
  }
  return last;
}

}  // namespace

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

// A job in work that is older than the cutoff stays, but says no more of the
// clock than an expired one.
ClockWatch::Rows ClockWatch::RowsOf(const SurveyTotals& totals) {
  return {.would_delete_all =
              totals.expired > 0 &&
              totals.expired + totals.in_work >= totals.datable_before_start,
          .ahead = totals.ahead > 0};
}

// They were created before the daemon started; and before the machine did,
// since a clock that is wrong from the boot on has stamped the jobs that came
// since. What a boot of a week's length has stamped was seen to grow old.
Instant ClockWatch::WitnessesBefore(Instant process_start) const {
  const Micros up = clock_.BootTime();
  if (up >= kObservationThatClears) return process_start;
  return std::min(process_start, clock_.Now() - up);
}

absl::Status ClockWatch::Load() {
  damaged_ = false;
  RETURN_IF_ERROR(LoadAnchor());
  RETURN_IF_ERROR(LoadDoubt());
  RETURN_IF_ERROR(LoadSeenTime());
  return LoadServer();
}

absl::Status ClockWatch::LoadAnchor() {
  const auto take = [this](const Anchor& anchor) {
    if (!IsPlausible(anchor)) {
      damaged_ = true;
    } else if (!anchor_.has_value() || anchor.wall > anchor_->wall) {
      // A database that was restored carries an old anchor: the later one is
      // the last reading that was trusted.
      anchor_ = anchor;
    }
  };
  anchor_.reset();
  const absl::StatusOr<std::optional<Anchor>> stored = state_.ReadAnchor();
  if (!stored.ok() && !IsDamage(stored.status())) return stored.status();
  damaged_ = !stored.ok();
  if (stored.ok() && stored->has_value()) take(**stored);
  if (directory_ != nullptr) {
    const absl::StatusOr<Anchor> copy = directory_->ReadAnchor();
    damaged_ = damaged_ || IsDamage(copy.status());
    if (copy.ok()) take(*copy);
  }
  anchor_state_ = anchor_.has_value() ? AnchorState::kReadable
                  : damaged_          ? AnchorState::kUnreadable
                                      : AnchorState::kNone;
  return absl::OkStatus();
}

// Of a damaged reading nothing is known: the count begins anew.
absl::Status ClockWatch::LoadDoubt() {
  const absl::StatusOr<std::optional<ClockReading>> since =
      state_.BlockedSince();
  if (!since.ok() && !IsDamage(since.status())) return since.status();
  damaged_ = damaged_ || !since.ok();
  doubt_since_ = since.ok() ? *since : std::nullopt;
  return absl::OkStatus();
}

absl::Status ClockWatch::LoadSeenTime() {
  seen_.reset();
  ASSIGN_OR_RETURN(const std::optional<std::string> note,
                   state_.ReadNote(kSeenTimeNote));
  if (note.has_value()) TakeLater(*note);
  if (directory_ != nullptr) {
    const std::optional<std::string> copy = directory_->ReadNote(kSeenTimeNote);
    if (copy.has_value()) TakeLater(*copy);
  }
  return absl::OkStatus();
}

void ClockWatch::TakeLater(const std::string& text) {
  const std::optional<SeenTime> seen = SeenTimeOf(text);
  if (!seen.has_value()) {
    damaged_ = true;
  } else if (!seen_.has_value() || LastSeen(*seen) > LastSeen(*seen_)) {
    seen_ = seen;
  }
}

absl::Status ClockWatch::LoadServer() {
  const Instant before = clock_.Now();
  ASSIGN_OR_RETURN(server_, state_.ReadServerClock());
  server_read_at_ = clock_.BootTime();
  // What shows the very time that we read around it may be our own clock, that
  // of a container of this machine, whatever its address.
  if (server_.has_value() && before <= server_->wall &&
      server_->wall <= clock_.Now()) {
    server_->elsewhere = false;
  }
  return absl::OkStatus();
}

// What it shows by now: our wall clock may have been stepped since.
std::optional<ServerClock> ClockWatch::ServerNow() const {
  std::optional<ServerClock> server = server_;
  if (server.has_value()) server->wall += clock_.BootTime() - server_read_at_;
  return server;
}

ClockFindings ClockWatch::FindingsOf(const GuardVerdict& verdict) const {
  ClockFindings findings{.facts = verdict.facts,
                         .kernel_synchronised = clock_.Synchronised(),
                         .unseen = verdict.unseen};
  if (const auto server = ServerNow(); server && server->elsewhere) {
    findings.server_ahead = server->wall - clock_.Now();
  }
  return findings;
}

GuardVerdict ClockWatch::Assess(const Rows& rows) const {
  return AssessClock({.anchor_state = anchor_state_,
                      .anchor = anchor_,
                      .copy_unreadable = damaged_,
                      .now = Read(),
                      .build_date = build_date_,
                      .seen = seen_,
                      .server = ServerNow(),
                      .would_delete_all = rows.would_delete_all,
                      .rows_ahead = rows.ahead,
                      .slot_ahead = rows.slot_ahead,
                      .blocked_since = doubt_since_});
}

absl::Status ClockWatch::Settle(const GuardVerdict& verdict,
                                FirstAnchor first) {
  const ClockReading now = Read();
  RETURN_IF_ERROR(KeepDoubt(verdict.doubt_since));
  const bool anchors =
      verdict.may_anchor() &&
      (has_anchor() || first == FirstAnchor::kSet || verdict.confirmed);
  seen_ = anchors || verdict.cleared ? BeginSeenTime(now) : verdict.seen;
  if (verdict.cleared) {
    RETURN_IF_ERROR(
        state_.AppendAudit(std::nullopt, "clock-cleared", "{}", now.wall)
            .status());
  }
  RETURN_IF_ERROR(KeepSeenTime());
  return anchors ? SetAnchor(now) : absl::OkStatus();
}

bool ClockWatch::IsNews(const GuardVerdict& verdict) const {
  const std::optional<ClockReading>& since = verdict.doubt_since;
  return verdict.cleared || since.has_value() != doubt_since_.has_value() ||
         (since.has_value() && since->boot_time != doubt_since_->boot_time);
}

absl::Status ClockWatch::KeepDoubt(const std::optional<ClockReading>& since) {
  if (since.has_value() == doubt_since_.has_value() &&
      (!since.has_value() || since->boot_time == doubt_since_->boot_time)) {
    return absl::OkStatus();
  }
  doubt_since_ = since;
  return state_.SetBlockedSince(doubt_since_);
}

absl::Status ClockWatch::KeepSeenTime() {
  const std::string text = TextOf(*seen_);
  RETURN_IF_ERROR(state_.WriteNote(kSeenTimeNote, text));
  if (directory_ == nullptr) return absl::OkStatus();
  return directory_->WriteNote(kSeenTimeNote, text);
}

absl::Status ClockWatch::SetAnchor(const ClockReading& now) {
  const Anchor anchor{now.wall, now.boot_id, now.boot_time};
  anchor_ = anchor;
  anchor_state_ = AnchorState::kReadable;
  damaged_ = false;
  RETURN_IF_ERROR(state_.WriteAnchor(anchor));
  if (directory_ == nullptr) return absl::OkStatus();
  return directory_->WriteAnchor(anchor);
}

}  // namespace retentiond
