#include "report/status_report.h"

#include <vector>

#include "base/status_macros.h"
#include "policy/clock_guard.h"
#include "policy/slot.h"

namespace retentiond {
namespace {

void Describe(StatusReport& report) {
  if (!report.running.has_value()) {
    report.state = "idle";
    if (report.last_run.has_value() &&
        report.last_run->outcome == RunOutcome::kBlocked) {
      report.state = "blocked";
      report.reason = SentenceOf(report.last_run->blocked.front());
    }
    return;
  }
  const RunRecord& run = *report.running;
  report.state = OutcomeOf(run).value_or("running");
  if (report.state == "running" && report.lease.holder.empty()) {
    report.state = "interrupted";
  }
  if (report.state == "running") {
    report.reason = run.pace;
  } else if (report.state == "blocked" && !run.blocked.empty()) {
    report.reason = SentenceOf(run.blocked.front());
  } else {
    report.reason = "the run is resumed when the daemon starts";
  }
}

}  // namespace

std::optional<std::string> OutcomeOf(const RunRecord& run) {
  if (run.outcome.has_value()) return NameOf(*run.outcome);
  if (run.phase == "interrupted" || run.phase == "blocked") return run.phase;
  return std::nullopt;
}

absl::StatusOr<StatusReport> MakeStatusReport(Database& database,
                                              const Schedule& schedule,
                                              Instant now) {
  StateStore& state = *database.state;
  StatusReport report;
  report.now = now;
  report.next = FirstSlotFrom(now, schedule);
  report.timezone = schedule.zone.name();
  ASSIGN_OR_RETURN(report.lease, state.ViewLease());
  ASSIGN_OR_RETURN(report.running, state.OpenRun());
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, state.ListRuns(2));
  for (const RunRecord& run : runs) {
    if (report.last_run.has_value()) break;
    if (!report.running.has_value() || run.id != report.running->id) {
      report.last_run = run;
    }
  }
  ASSIGN_OR_RETURN(report.alerts, state.StandingAlerts());
  ASSIGN_OR_RETURN(report.outbox, state.ViewOutbox());
  ASSIGN_OR_RETURN(report.size, database.jobs->Size());
  Describe(report);
  return report;
}

}  // namespace retentiond
