#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <vector>

#include "base/nearest_name.h"
#include "base/status.h"
#include "cli/commands.h"
#include "version.h"

namespace retentiond {
namespace {

constexpr char kDescription[] =
    "Keeps a job queue's database at seven days of history: every night at "
    "03:00 it deletes the finished jobs older than seven days with their "
    "dependent rows, log files and temporary files, and never an output.";

constexpr char kFooter[] =
    "Examples:\n"
    "  DATABASE_URL=file:./dev.db TEMP_DIR=/tmp/nexrender retentiond plan\n"
    "  retentiond --config /etc/retentiond/retentiond.toml serve\n"
    "  retentiond runs --limit 7\n"
    "  retentiond why clx3k2v9d0000\n"
    "\n"
    "Exit codes: 0 done, 1 the answer is no (check, audit verify, alert test), "
    "64 usage,\n"
    "69 database unavailable, 75 try again, 77 permission, 78 configuration.";

constexpr char kSharedOptions[] =
    "--config FILE and --json: see `retentiond --help`.\n\n";

void MentionSharedOptions(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands({})) {
    command->footer(kSharedOptions + command->get_footer());
    MentionSharedOptions(*command);
  }
}

// CLI11 would tell only that a subcommand is required.
std::string MessageOf(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining();
  if (!app.get_subcommands().empty() || unknown.empty()) return error.what();
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) {
    names.push_back(command->get_name());
  }
  const auto nearest = NearestName(unknown.front(), names);
  return fmt::format(
      "there is no command \"{}\"{}", unknown.front(),
      nearest.has_value() ? "; did you mean \"" + *nearest + "\"?" : "");
}

}  // namespace

int RunCli(int argc, const char* const* argv, const CliWiring& wiring) {
  CLI::App app(kDescription, "retentiond");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version",
                       fmt::format("retentiond {} ({})", kVersion, kCommit));
  Terminal terminal(stdout, stderr);
  CommandContext context{.wiring = wiring, .terminal = terminal};
  app.add_option("--config", context.config_file,
                 "Configuration file (default: /etc/retentiond/retentiond.toml "
                 "when it exists, else the environment alone)")
      ->type_name("FILE");
  app.add_flag("--json", context.json, "Print JSON on standard output");
  AddServe(app, context);
  AddPlan(app, context);
  AddNext(app, context);
  AddStatus(app, context);
  AddRuns(app, context);
  AddWhy(app, context);
  AddAudit(app, context);
  AddAlert(app, context);
  AddCheck(app, context);
  AddInit(app, context);
  AddDemo(app, context);
  MentionSharedOptions(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    terminal.Err("retentiond: " + MessageOf(app, error) +
                 "\nRun with --help for more information.");
    return static_cast<int>(ExitCode::kUsage);
  }
  const absl::StatusOr<ExitCode> code = context.action();
  terminal.EndProgress();
  if (code.ok()) return static_cast<int>(*code);
  terminal.Err("retentiond: " + MessageOf(code.status()));
  return static_cast<int>(ExitCodeOf(code.status()));
}

}  // namespace retentiond
