#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "report/json_text.h"
#include "report/units.h"

namespace retentiond {
namespace {

constexpr int kMostRuns = 100'000;

Colour ColourOf(const std::string& outcome) {
  if (outcome == "success") return Colour::kGreen;
  if (outcome == "failed" || outcome == "blocked") return Colour::kRed;
  return Colour::kYellow;
}

std::string DurationOf(const RunRecord& run) {
  if (!run.finished.has_value()) return "";
  return HumanDuration(*run.finished - run.started);
}

absl::StatusOr<ExitCode> Runs(const CommandContext& context, int limit) {
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                   session.database.state->ListRuns(limit));
  Terminal& out = context.terminal;
  if (context.json) {
    out.Out(JsonOf(runs));
    return ExitCode::kOk;
  }
  if (runs.empty()) {
    out.Out("No run yet.");
    return ExitCode::kOk;
  }
  Terminal::Table table{
      .headings = {"SLOT", "OUTCOME", "JOBS", "FILES", "FREED", "HELD",
                   "UNDATABLE", "TOOK", "NOTES"},
      .right = {false, false, true, true, true, true, true, true, false}};
  for (const RunRecord& run : runs) {
    const std::string outcome = OutcomeOf(run).value_or("running");
    std::string notes = run.late ? "late" : "";
    for (const auto* list : {&run.blocked, &run.errors}) {
      if (list->empty()) continue;
      notes += (notes.empty() ? "" : "; ") + list->front();
    }
    table.rows.push_back(
        {FormatDate(run.slot), out.In(ColourOf(outcome), outcome),
         WithSeparators(run.jobs_deleted), WithSeparators(run.files_deleted),
         HumanBytes(run.bytes_freed), WithSeparators(run.held),
         WithSeparators(run.undatable), DurationOf(run), notes});
  }
  out.Out(table);
  return ExitCode::kOk;
}

}  // namespace

void AddRuns(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("runs", "Lists the runs, the newest first");
  const auto limit = std::make_shared<int>(14);
  command->add_option("--limit", *limit, "How many")
      ->check(CLI::Range(1, kMostRuns).description(""))
      ->type_name("N")
      ->capture_default_str();
  command->footer("Example: retentiond runs --limit 60 --json");
  command->callback([&context, limit] {
    context.action = [&context, limit] { return Runs(context, *limit); };
  });
}

}  // namespace retentiond
