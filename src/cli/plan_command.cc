#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "policy/zone.h"
#include "report/json_text.h"
#include "report/units.h"
#include "run/preview.h"
#include "run/schedule_keeper.h"
#include "version.h"

namespace retentiond {
namespace {

void PrintJobs(Terminal& out, const Preview& preview) {
  out.Out(fmt::format("  {} of {} go: older than the cutoff and finished",
                      out.In(Colour::kBold, Counted(preview.to_delete, "job")),
                      WithSeparators(preview.totals.total)));
  for (const Preview::Dependent& table : preview.dependents) {
    out.Out(fmt::format("    with {} of {} ({}{})", Counted(table.rows, "row"),
                        table.table, table.on_delete,
                        table.indexed ? "" : ", no index: see `check`"));
  }
  if (preview.held > 0) {
    out.Out(fmt::format("  {} held: old, but in work or referred to",
                        WithSeparators(preview.held)));
    for (const Job& job : preview.totals.in_work_jobs) {
      out.Out(fmt::format("    {}: {}", job.id.text, job.state));
    }
    for (const HeldJob& held : preview.referred) {
      out.Out(fmt::format("    {}: {}", held.id.text, held.reason));
    }
  }
  if (preview.totals.undatable > 0) {
    out.Out(fmt::format("  {} undatable: no creation time that can be read",
                        WithSeparators(preview.totals.undatable)));
  }
}

void PrintFiles(Terminal& out, const Preview& preview) {
  out.Out(fmt::format(
      "  {} in {} go, {}", Counted(preview.files, "file"),
      preview.job_directories == 1
          ? std::string("1 job directory")
          : WithSeparators(preview.job_directories) + " job directories",
      HumanBytes(preview.bytes)));
  if (preview.orphans > 0) {
    out.Out(fmt::format("    and {} that belong to no job any more",
                        preview.orphans == 1 ? std::string("1 old entry")
                                             : WithSeparators(preview.orphans) +
                                                   " old entries"));
  }
  if (preview.shielded > 0) {
    out.Out(fmt::format("  {} below the roots stay",
                        Counted(preview.shielded, "output")));
  }
}

}  // namespace

void PrintPreview(Terminal& out, const Preview& preview,
                  const Schedule& schedule, const std::string& timezone) {
  out.Out(fmt::format("Slot {}: starts {} ({}), cutoff {}",
                      FormatDate(preview.slot.date),
                      FormatLocal(preview.slot.start, schedule.zone), timezone,
                      FormatInstant(preview.slot.cutoff)));
  PrintJobs(out, preview);
  PrintFiles(out, preview);
  for (const std::string& note : preview.notes) {
    out.Out(out.In(Colour::kYellow, "  note: " + note));
  }
  for (const std::string& fact : preview.blocked) {
    out.Out(out.In(Colour::kRed, "  blocked: " + SentenceOf(fact)));
  }
}

namespace {

absl::StatusOr<ExitCode> Plan(const CommandContext& context,
                              const std::optional<std::string>& at) {
  Instant from = context.wiring.clock.Now();
  if (at.has_value()) {
    ASSIGN_OR_RETURN(from, InstantOption("--at", *at));
  }
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  ZoneFiles zones;
  ASSIGN_OR_RETURN(
      const Schedule schedule,
      ScheduleInEffect(session.config.schedule, zones, *session.database.state,
                       context.wiring.clock.Now()));
  ASSIGN_OR_RETURN(
      const Preview preview,
      PreviewRun({.database = session.database,
                  .config = session.config,
                  .naming = session.naming,
                  .clock = context.wiring.clock,
                  .calls = context.wiring.calls,
                  .build_date = Instant(std::chrono::seconds(kCommitTime))},
                 FirstSlotFrom(from, schedule)));
  if (context.json) {
    context.terminal.Out(JsonOf(preview, session.config.schedule.timezone));
  } else {
    PrintPreview(context.terminal, preview, schedule,
                 session.config.schedule.timezone);
  }
  return ExitCode::kOk;
}

}  // namespace

void AddPlan(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "plan", "Shows what the next run would delete; changes nothing");
  const auto at = std::make_shared<std::optional<std::string>>();
  command
      ->add_option("--at", *at,
                   "The first slot that starts at or after this instant "
                   "(default: now)")
      ->type_name("TIME");
  command->footer("Example: retentiond plan --at 2026-03-16T03:00:00Z --json");
  command->callback([&context, at] {
    context.action = [&context, at] { return Plan(context, *at); };
  });
}

}  // namespace retentiond
