#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "policy/clock_guard.h"
#include "policy/slot.h"
#include "policy/zone.h"
#include "run/schedule_keeper.h"

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

void Print(Terminal& out, const StatusReport& report,
           const Schedule& schedule) {
  const auto line = [&](const char* name, const std::string& text) {
    out.Out(fmt::format("{:<10}{}", name, text));
  };
  line("state",
       out.In(report.state == "idle" ? Colour::kGreen : Colour::kYellow,
              report.state) +
           (report.reason.empty() ? "" : ": " + report.reason));
  line("next", fmt::format("{}, cutoff {}",
                           FormatLocal(report.next.start, schedule.zone),
                           FormatInstant(report.next.cutoff)));
  if (report.last_run.has_value()) {
    const RunRecord& run = *report.last_run;
    line("last run",
         fmt::format("{} {}: {} and {} deleted, {} freed", FormatDate(run.slot),
                     OutcomeOf(run).value_or("running"),
                     Counted(run.jobs_deleted, "job"),
                     Counted(run.files_deleted, "file"),
                     HumanBytes(run.bytes_freed)));
  } else {
    line("last run", "none yet");
  }
  if (report.running.has_value()) {
    const RunRecord& run = *report.running;
    line("progress", fmt::format("{}: {} of {} jobs", run.phase,
                                 WithSeparators(run.jobs_deleted),
                                 WithSeparators(run.expired)));
  }
  if (!report.lease.holder.empty()) line("led by", report.lease.holder);
  line("database",
       fmt::format("{}, {}, of which {} are free pages", report.size.kind,
                   HumanBytes(report.size.size_bytes),
                   HumanBytes(report.size.reclaimable_bytes)));
}

absl::StatusOr<ExitCode> Status(const CommandContext& context) {
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  ZoneFiles zones;
  ASSIGN_OR_RETURN(
      const Schedule schedule,
      ScheduleInEffect(session.config.schedule, zones, *session.database.state,
                       context.wiring.clock.Now()));
  StateStore& state = *session.database.state;
  StatusReport report;
  report.next = FirstSlotFrom(context.wiring.clock.Now(), schedule);
  ASSIGN_OR_RETURN(report.lease, state.ViewLease());
  ASSIGN_OR_RETURN(report.running, state.OpenRun());
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs, state.ListRuns(2));
  for (const RunRecord& run : runs) {
    if (report.last_run.has_value()) break;
    if (!report.running.has_value() || run.id != report.running->id) {
      report.last_run = run;
    }
  }
  ASSIGN_OR_RETURN(report.size, session.database.jobs->Size());
  Describe(report);
  if (context.json) {
    context.terminal.Out(JsonOf(report));
  } else {
    Print(context.terminal, report, schedule);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddStatus(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "status", "Shows what the daemon is doing and when it runs next");
  command->footer("Example: retentiond status --json");
  command->callback(
      [&context] { context.action = [&context] { return Status(context); }; });
}

}  // namespace retentiond
