// What is noted, and when it is told. Deliveries are in dispatcher_delivery.cc.
#include "alert/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "alert/chain_watch.h"
#include "alert/conditions.h"
#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// A server that restarts, or a farm that is busy for a while, is nobody's
// business.
constexpr Micros kPatience = minutes(5);
// What a daemon that died has left in the outbox is found so often.
constexpr Micros kLookEvery = hours(1);

bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsAborted(status) ||
         absl::IsCancelled(status);
}

}  // namespace

Dispatcher::Dispatcher(Parts parts) : parts_(std::move(parts)) {}

void Dispatcher::OnSettings(const SharedSettings& settings) {
  const SharedSettings old = std::exchange(settings_, settings);
  const Config& config = settings->config;
  if (old != nullptr && old->config.alerts == config.alerts &&
      old->config.database.name == config.database.name) {
    return;
  }
  // What they had in hand is due again soon.
  routes_.clear();
  in_flight_.clear();
  memory_.CallBack();
  for (std::unique_ptr<Channel>& channel : parts_.make_channels(
           config.alerts, {parts_.host, config.database.name})) {
    routes_.push_back(std::make_unique<Route>(std::move(channel)));
  }
  state_id_.clear();
  view_.reset();
  settings_are_new_ = true;
}

void Dispatcher::OnMissed(const std::vector<LocalDate>& slots) {
  noted_.Add(ReportOfMissed(slots));
}

void Dispatcher::OnRunBegin(const RunRecord& run) {
  blocked_ = false;
  noted_.Add(ReportOfBegin(run));
}

void Dispatcher::OnSurvey(const RunRecord& run, const SurveyTotals& totals) {
  survey_ = ReportOfSurvey(run, totals);
}

void Dispatcher::OnBlocked(const RunRecord& run) {
  (void)run;
  blocked_ = true;
  GatheredWasWritten();
}

void Dispatcher::OnRunEnd(const RunRecord& run) {
  if (!run.finished.has_value()) return;
  survey_ = {};
  trouble_.reset();
  GatheredWasWritten();
}

// That a turn of the loop has failed is noted by NoteTurn.
void Dispatcher::OnTrouble(const absl::Status& status,
                           const std::string& what_is_done) {
  if (MayPass(status)) return;
  trouble_ = fmt::format("{}, {}", MessageOf(status), what_is_done);
}

void Dispatcher::NoteTurn(const absl::Status& status) {
  report_given_ = false;
  const Micros now = parts_.clock.BootTime();
  if (status.ok()) {
    NoteTroubleIfAny();
    failing_since_.reset();
    if (!database_known_good_) Over(AlertKeyOf(AlertKind::kDatabase));
    database_known_good_ = true;
    return;
  }
  trouble_.reset();
  database_known_good_ = false;
  failing_since_ = failing_since_.value_or(now);
  if (MayPass(status) && now - *failing_since_ < kPatience) return;
  Note(AlertKind::kDatabase, "",
       MessageOf(status) + ". The daemon goes on trying.");
}

void Dispatcher::NoteTroubleIfAny() {
  if (!trouble_.has_value()) return;
  Note(AlertKind::kTrouble, "", *std::exchange(trouble_, std::nullopt));
}

// A run that the clock guard blocks is told of as blocked.
void Dispatcher::NoteOverdue(const std::optional<Slot>& slot) {
  if (!slot.has_value() || blocked_) {
    overdue_noted_at_.reset();
    return;
  }
  const Micros now = parts_.clock.BootTime();
  if (overdue_noted_at_.has_value() && now - *overdue_noted_at_ < kLookEvery) {
    return;
  }
  overdue_noted_at_ = now;
  noted_.Add(ReportOfOverdue(*slot));
}

void Dispatcher::NoteAhead(const std::optional<Announcement>& ahead) {
  noted_.Add(ReportOfAhead(ahead));
}

AlertReport Dispatcher::ReportOf(const RunRecord& run, StateStore& state) {
  AlertReport report = Gathered();
  if (run.outcome == RunOutcome::kBlocked) {
    report.Add(ReportOfBlock(run));
  } else {
    const auto earlier = state.ListRunsOf(
        {RunOutcome::kSuccess, RunOutcome::kPartial}, kRunsOfHeldJobs);
    report.Add(ReportOfEnd(run, earlier.value_or(std::vector<RunRecord>())));
    report.Add(survey_);
    AddTrouble(run, report);
    LookAtAuditChain(state, report);
  }
  report_given_ = true;
  return report;
}

// A run that was given up is told of as that.
void Dispatcher::AddTrouble(const RunRecord& run, AlertReport& report) const {
  if (run.outcome == RunOutcome::kFailed) return;
  report.looked_at.insert(AlertKeyOf(AlertKind::kTrouble));
  if (!trouble_.has_value()) return;
  report.conditions.push_back({.kind = AlertKind::kTrouble, .text = *trouble_});
}

void Dispatcher::LookAtAuditChain(StateStore& state, AlertReport& report) {
  const absl::StatusOr<std::string> problem = LookAtChain(state);
  if (!problem.ok()) return;
  report.looked_at.insert(AlertKeyOf(AlertKind::kChainBroken));
  if (problem->empty()) return;
  report.conditions.push_back(
      {.kind = AlertKind::kChainBroken,
       .text = fmt::format("{}: somebody has changed the audit records, or the "
                           "database was restored. `retentiond audit verify` "
                           "says more.",
                           *problem)});
}

void Dispatcher::Note(AlertKind kind, const std::string& subject,
                      const std::string& text) {
  AlertReport report;
  report.conditions.push_back({.kind = kind, .subject = subject, .text = text});
  noted_.Add(report);
}

void Dispatcher::Over(const std::string& key) {
  AlertReport report;
  report.looked_at.insert(key);
  noted_.Add(report);
}

std::vector<AlertChannel> Dispatcher::Channels() const {
  std::vector<AlertChannel> channels;
  for (const auto& route : routes_) channels.push_back(route->courier.what());
  return channels;
}

AlertReport Dispatcher::Gathered() const {
  AlertReport report = noted_;
  report.told_before = memory_.standing();
  report.channels = Channels();
  return report;
}

void Dispatcher::GatheredWasWritten() {
  view_.reset();
  if (!std::exchange(report_given_, false)) return;
  noted_ = {};
  memory_.ForgetStanding();
}

bool Dispatcher::HasWork() {
  const Micros boot_now = parts_.clock.BootTime();
  const bool outcomes = std::any_of(
      routes_.begin(), routes_.end(),
      [](const auto& route) { return route->courier.HasOutcomes(); });
  return outcomes || !noted_.empty() || !view_.has_value() || IsDue(*view_) ||
         memory_.HasDue(boot_now) || boot_now - viewed_at_ >= kLookEvery;
}

absl::Status Dispatcher::Tend(StateStore& state) {
  CollectOutcomes();
  if (absl::Status told = TellGathered(state); !told.ok()) {
    TendFromMemory();
    return told;
  }
  RETURN_IF_ERROR(SettleOutcomes(state));
  RETURN_IF_ERROR(HandOverDue(state));
  HandOverFromMemory();
  return absl::OkStatus();
}

absl::Status Dispatcher::TellGathered(StateStore& state) {
  RETURN_IF_ERROR(ForgetOldChannels(state));
  const AlertReport report = Gathered();
  if (report.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(state.TellAlerts(report, parts_.clock.Now()));
  report_given_ = true;
  GatheredWasWritten();
  return absl::OkStatus();
}

// A channel that is not configured any more does not fail any more.
absl::Status Dispatcher::ForgetOldChannels(StateStore& state) {
  if (!settings_are_new_) return absl::OkStatus();
  ASSIGN_OR_RETURN(state_id_, state.StateId());
  ASSIGN_OR_RETURN(const std::vector<StandingAlert> standing,
                   state.StandingAlerts());
  for (const StandingAlert& alert : standing) {
    if (AlertKindOf(alert.key) != AlertKind::kChannelFailing) continue;
    if (RouteOf(alert.key.substr(alert.key.find(':') + 1)) == nullptr) {
      Over(alert.key);
    }
  }
  settings_are_new_ = false;
  return absl::OkStatus();
}

// What has come up is told; what is over will be when the state is back, which
// may be where it stands.
void Dispatcher::TendFromMemory() {
  CollectOutcomes();
  AlertReport report = Gathered();
  report.looked_at.clear();
  report.told_before.clear();
  memory_.Tell(report, parts_.clock.Now(), parts_.clock.BootTime());
  for (const AlertReport::Condition& condition : noted_.conditions) {
    noted_.looked_at.erase(AlertKeyOf(condition.kind, condition.subject));
  }
  noted_.conditions.clear();
  noted_.notices.clear();
  HandOverFromMemory();
}

}  // namespace retentiond
