#include "run/service_status.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <optional>
#include <string>

#include "base/status.h"
#include "policy/zone.h"

namespace retentiond {
namespace {

std::string ResultOf(const RunRecord& run) {
  const std::string outcome =
      run.outcome.has_value() ? NameOf(*run.outcome) : "open";
  return fmt::format("; last run {}: {}, {} jobs", FormatDate(run.slot),
                     outcome, run.jobs_deleted);
}

std::string BlockOf(const RunRecord& run) {
  return fmt::format("; {} is blocked by the clock: {}", FormatDate(run.slot),
                     fmt::join(run.blocked, ", "));
}

}  // namespace

ServiceStatus::ServiceStatus(ServiceNotifier& service, absl::TimeZone zone)
    : service_(service), zone_(zone) {}

void ServiceStatus::OnHistory(const History& history) {
  const std::optional<RunRecord>& run = history.last_run;
  if (!run.has_value()) {
    last_.clear();
  } else if (run->outcome == RunOutcome::kBlocked) {
    last_ = BlockOf(*run);
  } else {
    last_ = ResultOf(*run);
  }
}

void ServiceStatus::OnWait(Instant until) {
  Say("next run " + FormatLocal(until, zone_) + last_);
}

void ServiceStatus::OnStandby(const std::string& leader) {
  Say("standing by: " + leader + " leads");
}

void ServiceStatus::OnRunBegin(const RunRecord& run) { SayProgress(run); }

void ServiceStatus::OnPhase(const RunRecord& run) { SayProgress(run); }

void ServiceStatus::OnBatch(const RunRecord& run, const Batch&,
                            const Governor&) {
  SayProgress(run);
}

void ServiceStatus::OnBlocked(const RunRecord& run) {
  last_ = BlockOf(run);
  Say("nothing is deleted until the clock is right again" + last_);
}

void ServiceStatus::OnRunEnd(const RunRecord& run) { last_ = ResultOf(run); }

void ServiceStatus::OnSchedule(const Schedule& schedule) {
  zone_ = schedule.zone;
}

void ServiceStatus::OnTrouble(const absl::Status& status,
                              const std::string& what_is_done) {
  Say(MessageOf(status) + ", " + what_is_done);
}

// In whole percents, so that a run of many batches sends a hundred messages.
void ServiceStatus::SayProgress(const RunRecord& run) {
  if (run.expired <= 0) {
    Say(fmt::format("cleaning {}: {}", FormatDate(run.slot), run.phase));
    return;
  }
  Say(fmt::format("cleaning {}: {}, {} % of {} jobs", FormatDate(run.slot),
                  run.phase, 100 * run.jobs_deleted / run.expired,
                  run.expired));
}

void ServiceStatus::Say(const std::string& line) {
  if (line == said_) return;
  said_ = line;
  service_.Status(line);
}

}  // namespace retentiond
