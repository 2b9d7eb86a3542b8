#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "policy/zone.h"
#include "report/json_text.h"
#include "report/status_report.h"
#include "report/units.h"
#include "run/schedule_keeper.h"

namespace retentiond {
namespace {

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
  for (const StandingAlert& alert : report.alerts) {
    line("alert",
         out.In(alert.weight == AlertWeight::kCritical ? Colour::kRed
                                                       : Colour::kYellow,
                alert.key) +
             ": " + alert.text);
  }
  if (report.outbox.pending > 0) {
    line("outbox",
         Counted(report.outbox.pending, "message") + " to be delivered");
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
  ASSIGN_OR_RETURN(
      const StatusReport report,
      MakeStatusReport(session.database, schedule, context.wiring.clock.Now()));
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
