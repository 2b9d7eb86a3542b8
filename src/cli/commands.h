// The subcommands, one file each, and what they share.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/finding.h"
#include "cli/exit_code.h"
#include "cli/terminal.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "jobstore/catalog.h"
#include "jobstore/database.h"
#include "policy/slot.h"
#include "run/naming.h"
#include "run/preview.h"

namespace CLI {
class App;
}  // namespace CLI

namespace retentiond {

// What main has built. References must outlive the command.
struct CliWiring {
  Clock& clock;
  FileCalls& calls;
  Environment environment;
  std::function<absl::StatusOr<Database>(const DatabaseConfig&,
                                         const JobLayout&, OpenMode)>
      open;
  // The tables and references of a database whose layout is not known yet.
  std::function<absl::StatusOr<Catalog>(const DatabaseConfig&)> read_catalog;
  // The values that occur in a column, at most 50.
  std::function<absl::StatusOr<std::vector<std::string>>(
      const DatabaseConfig&, const std::string& table,
      const std::string& column)>
      read_values;
};

struct CommandContext {
  const CliWiring& wiring;
  Terminal& terminal;
  std::optional<std::filesystem::path> config_file;  // --config
  bool json = false;                                 // --json
  // Set by the subcommand that was chosen. An error's code becomes the exit
  // code, its message goes to standard error.
  std::function<absl::StatusOr<ExitCode>()> action;
};

// A configured database, opened.
struct Session {
  Config config;
  Naming naming;
  Database database;
};

// The configuration alone, roots validated too.
absl::StatusOr<Config> LoadValidConfig(const CommandContext& context);
JobLayout LayoutOf(const Config& config, const Naming& naming);
absl::StatusOr<Session> OpenSession(const CommandContext& context,
                                    OpenMode mode);

// An option's text as an instant; OutOfRange (exit 64) names the option.
absl::StatusOr<Instant> InstantOption(const std::string& option,
                                      const std::string& text);

// What `plan` and `check` tell people, for `init` too.
void PrintPreview(Terminal& out, const Preview& preview,
                  const Schedule& schedule, const std::string& timezone);
void PrintFindings(Terminal& out, const std::vector<Finding>& findings);

void AddServe(CLI::App& app, CommandContext& context);
void AddPlan(CLI::App& app, CommandContext& context);
void AddNext(CLI::App& app, CommandContext& context);
void AddStatus(CLI::App& app, CommandContext& context);
void AddRuns(CLI::App& app, CommandContext& context);
void AddWhy(CLI::App& app, CommandContext& context);
void AddAudit(CLI::App& app, CommandContext& context);
void AddAlert(CLI::App& app, CommandContext& context);
void AddCheck(CLI::App& app, CommandContext& context);
void AddInit(CLI::App& app, CommandContext& context);
void AddDemo(CLI::App& app, CommandContext& context);

// Parses the command line and runs it; the exit code.
int RunCli(int argc, const char* const* argv, const CliWiring& wiring);

}  // namespace retentiond
