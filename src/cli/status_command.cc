#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "cli/sparkline.h"
#include "policy/zone.h"
#include "report/json_text.h"
#include "report/status_report.h"
#include "report/units.h"
#include "run/schedule_keeper.h"

namespace retentiond {
namespace {

// Of the line of bars.
constexpr int kNights = 30;
// Between two looks of --watch.
constexpr std::chrono::seconds kLook{1};

std::string ProgressOf(const RunRecord& run, Instant now) {
  const std::string done =
      run.expired == 0
          ? ""
          : fmt::format(", {} %", run.jobs_deleted * 100 / run.expired);
  return fmt::format(
      "{}: {} of {} jobs{}, {} freed, for {}", run.phase,
      WithSeparators(run.jobs_deleted), WithSeparators(run.expired), done,
      HumanBytes(run.bytes_freed), HumanDuration(now - run.started));
}

std::string LastRunOf(const RunRecord& run) {
  return fmt::format(
      "{} {}: {} and {} deleted, {} freed", FormatDate(run.slot),
      OutcomeOf(run).value_or("running"), Counted(run.jobs_deleted, "job"),
      Counted(run.files_deleted, "file"), HumanBytes(run.bytes_freed));
}

std::vector<std::string> LinesOf(const Terminal& out,
                                 const StatusReport& report,
                                 const std::string& nights,
                                 const Schedule& schedule) {
  std::vector<std::string> lines;
  const auto line = [&lines](const char* name, const std::string& text) {
    lines.push_back(fmt::format("{:<10}{}", name, text));
  };
  line("state",
       out.In(report.state == "idle" ? Colour::kGreen : Colour::kYellow,
              report.state) +
           (report.reason.empty() ? "" : ": " + report.reason));
  line("next", fmt::format("{}, cutoff {}",
                           FormatLocal(report.next.start, schedule.zone),
                           FormatInstant(report.next.cutoff)));
  line("last run",
       report.last_run.has_value() ? LastRunOf(*report.last_run) : "none yet");
  if (!nights.empty()) line("nights", nights);
  if (report.running.has_value()) {
    line("progress", ProgressOf(*report.running, report.now));
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
  return lines;
}

// Looks once and shows it; `again` writes over what the last look showed.
absl::Status Show(const CommandContext& context, Session& session, bool again) {
  ZoneFiles zones;
  const Instant now = context.wiring.clock.Now();
  ASSIGN_OR_RETURN(const Schedule schedule,
                   ScheduleInEffect(session.config.schedule, zones,
                                    *session.database.state, now));
  ASSIGN_OR_RETURN(const StatusReport report,
                   MakeStatusReport(session.database, schedule, now));
  Terminal& out = context.terminal;
  if (context.json) {
    out.Out(JsonOf(report));
    out.Flush();
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                   session.database.state->ListRuns(kNights));
  const std::vector<std::string> lines =
      LinesOf(out, report, Sparkline(out, runs, schedule), schedule);
  if (again) {
    out.Redraw(lines);
  } else {
    for (const std::string& line : lines) out.Out(line);
  }
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Status(const CommandContext& context, bool watch) {
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  RETURN_IF_ERROR(Show(context, session, watch));
  // Reads only, so that SIGINT may end it wherever it is.
  while (watch) {
    std::this_thread::sleep_for(kLook);
    RETURN_IF_ERROR(Show(context, session, watch));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddStatus(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "status", "Shows what the daemon is doing and when it runs next");
  const auto watch = std::make_shared<bool>(false);
  command->add_flag("--watch", *watch, "Look again every second, until Ctrl-C");
  command->footer(
      "Examples: retentiond status --json, retentiond status --watch");
  command->callback([&context, watch] {
    context.action = [&context, watch] { return Status(context, *watch); };
  });
}

}  // namespace retentiond
