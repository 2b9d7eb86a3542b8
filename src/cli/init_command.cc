#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "base/whole_file.h"
#include "cli/commands.h"
#include "cli/proposal.h"
#include "cli/service_drop_in.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/layout_guess.h"
#include "policy/zone.h"
#include "report/findings.h"
#include "report/json_text.h"
#include "version.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

struct InitOptions {
  bool write = false;
  fs::path drop_in = kDefaultDropIn;
};

// Everybody may read a configuration: no secret is in it.
constexpr mode_t kReadable = 0644;

fs::path TargetOf(const CommandContext& context) {
  return context.config_file.value_or(kDefaultConfigPath);
}

// With --write the file of --config need not be there yet.
absl::StatusOr<Config> LoadWhatIsKnown(const CommandContext& context,
                                       const InitOptions& options) {
  if (!options.write) {
    return LoadConfig(context.config_file, context.wiring.environment);
  }
  return LoadConfig(std::nullopt, context.wiring.environment,
                    TargetOf(context));
}

// Quoted as SQL quotes names, each part by itself: queue."Job" as
// "queue"."Job".
std::string SqlName(const std::string& table) {
  std::string name = "\"";
  for (const char c : table) {
    name += c == '.' ? std::string("\".\"") : std::string(1, c);
  }
  return name + '"';
}

std::string SqlNames(const std::vector<std::string>& tables) {
  std::vector<std::string> names;
  for (const std::string& table : tables) names.push_back(SqlName(table));
  return fmt::format("{}", fmt::join(names, ", "));
}

// The schemas of tables, as SQL names them; `usual` is that of bare names.
std::string SchemasOf(const std::vector<std::string>& tables,
                      const std::string& usual) {
  std::set<std::string> schemas;
  for (const std::string& table : tables) {
    const std::size_t dot = table.find('.');
    schemas.insert(
        SqlName(dot == std::string::npos ? usual : table.substr(0, dot)));
  }
  return fmt::format("{}", fmt::join(schemas, ", "));
}

// What a PostgreSQL role of the daemon's own needs to be granted.
std::string GrantsOf(const DeletionPlan& plan, const std::string& schema) {
  std::vector<std::string> loses = {plan.job_table};
  for (const PlanTable& table : plan.tables) loses.push_back(table.name);
  std::vector<std::string> refers;
  for (const auto* references : {&plan.holding, &plan.clearing}) {
    for (const Reference& reference : *references) {
      refers.push_back(reference.table);
    }
  }
  std::vector<std::string> all = loses;
  all.insert(all.end(), refers.begin(), refers.end());
  std::string text = fmt::format(
      "The least that a role of its own needs (docs/postgresql.md):\n"
      "  CREATE ROLE retentiond LOGIN;\n"
      "  CREATE SCHEMA retentiond AUTHORIZATION retentiond;\n"
      "  GRANT USAGE ON SCHEMA {} TO retentiond;\n"
      "  GRANT SELECT, DELETE ON {} TO retentiond;",
      SchemasOf(all, schema.empty() ? "public" : schema), SqlNames(loses));
  if (!refers.empty()) {
    text +=
        fmt::format("\n  GRANT SELECT ON {} TO retentiond;", SqlNames(refers));
  }
  return text;
}

absl::Status ReportOnce(const CommandContext& context, const Config& config,
                        Terminal& people) {
  ASSIGN_OR_RETURN(const Naming naming, Naming::Make(config));
  ASSIGN_OR_RETURN(
      Database database,
      context.wiring.open(config.database, LayoutOf(config, naming),
                          OpenMode::kReadOnly));
  Schedule schedule{.at = config.schedule.at};
  ASSIGN_OR_RETURN(schedule.zone, LoadZone(config.schedule.timezone));
  const PreviewParts parts{
      .database = database,
      .config = config,
      .naming = naming,
      .clock = context.wiring.clock,
      .calls = context.wiring.calls,
      .build_date = Instant(std::chrono::seconds(kCommitTime))};
  const absl::StatusOr<Preview> preview =
      PreviewRun(parts, FirstSlotFrom(context.wiring.clock.Now(), schedule));
  if (preview.ok()) {
    PrintPreview(people, *preview, schedule, config.schedule.timezone);
  } else {
    people.Err("No plan: " + MessageOf(preview.status()));
  }
  ASSIGN_OR_RETURN(const std::vector<Finding> findings, FindAll(parts));
  PrintFindings(people, findings);
  return absl::OkStatus();
}

// Tonight's plan, what to grant, which index to add. What cannot be found out
// is said, and no reason to propose nothing.
void Report(const CommandContext& context, const absl::StatusOr<Config>& config,
            const Catalog& catalog) {
  Terminal people(stderr, stderr);
  absl::Status reported = config.status();
  if (config.ok()) {
    reported = ReportOnce(context, *config, people);
    if (config->database.kind == DatabaseKind::kPostgres) {
      if (const auto plan = MakeDeletionPlan(catalog, config->jobs.table, {});
          plan.ok()) {
        people.Out(GrantsOf(*plan, config->database.schema));
      }
    }
  }
  if (!reported.ok()) people.Err("Not ready: " + MessageOf(reported));
}

std::string ContentOf(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

absl::Status WriteWithParents(const fs::path& file, const std::string& text) {
  std::error_code ignored;  // the file cannot be written either, and says why
  fs::create_directories(file.parent_path(), ignored);
  return WriteWholeFile(file, text, kReadable);
}

absl::Status WriteDropIn(const CommandContext& context, const fs::path& file,
                         const std::string& text) {
  const std::string there = ContentOf(file);
  Terminal& out = context.terminal;
  if (there == text) {
    out.Err(file.string() + ": as it should be");
  } else if (!IsOurDropIn(there)) {
    out.Err(
        fmt::format("{}: kept, since somebody else made it; it should "
                    "have:\n{}",
                    file.string(), text));
  } else {
    RETURN_IF_ERROR(WriteWithParents(file, text));
    out.Err(file.string() +
            ": written; `systemctl daemon-reload` has it noticed");
  }
  return absl::OkStatus();
}

absl::Status Write(const CommandContext& context, const InitOptions& options,
                   const std::string& text, const std::string& drop_in) {
  const fs::path target = TargetOf(context);
  ASSIGN_OR_RETURN(const bool configured, HasSettings(target));
  if (configured) {
    context.terminal.Err(target.string() + ": kept, since it has settings");
  } else {
    RETURN_IF_ERROR(WriteWithParents(target, text));
    context.terminal.Err(target.string() + ": written");
  }
  return WriteDropIn(context, options.drop_in, drop_in);
}

absl::StatusOr<ExitCode> Init(const CommandContext& context,
                              const InitOptions& options) {
  ASSIGN_OR_RETURN(const Config config, LoadWhatIsKnown(context, options));
  ASSIGN_OR_RETURN(const Catalog catalog,
                   context.wiring.read_catalog(config.database));
  ASSIGN_OR_RETURN(const LayoutGuess guess, GuessLayout(catalog));
  std::vector<std::string> states;
  if (guess.status.has_value()) {
    ASSIGN_OR_RETURN(states, context.wiring.read_values(
                                 config.database, guess.table, *guess.status));
  }
  const std::string text =
      ProposedConfiguration(config, guess, states, RootOwners(config.files));
  const std::string drop_in = ServiceDropIn(config);
  Terminal& out = context.terminal;
  if (context.json) {
    out.Out(JsonOfPairs({{"configuration", text}, {"drop_in", drop_in}}));
  } else if (!options.write) {
    out.Out(text);
  }
  if (options.write) {
    RETURN_IF_ERROR(Write(context, options, text + "\n", drop_in));
  }
  absl::StatusOr<Config> proposed =
      options.write
          ? LoadConfig(TargetOf(context), context.wiring.environment)
          : ParseConfig(text, "the proposal", context.wiring.environment);
  // The password is in what is known, but not in the proposal.
  if (proposed.ok()) proposed->database = config.database;
  if (!context.json) Report(context, proposed, catalog);
  out.Err(options.write
              ? fmt::format("Next, as {0}: `retentiond check`, then "
                            "`systemctl enable --now retentiond`.",
                            ServiceUser(config))
              : "Save this as /etc/retentiond/retentiond.toml, or let `init "
                "--write` do so, then look at `retentiond check` and "
                "`retentiond plan`.");
  return ExitCode::kOk;
}

}  // namespace

void AddInit(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "init", "Looks at a database and prints a configuration for it");
  const auto options = std::make_shared<InitOptions>();
  CLI::Option* write = command->add_flag(
      "--write", options->write,
      "Write the configuration, where none is set yet, and the unit's drop-in");
  command
      ->add_option("--drop-in", options->drop_in,
                   "Where --write puts the unit's user and directories")
      ->needs(write)
      ->type_name("FILE")
      ->capture_default_str();
  command->footer(
      "What the next night would delete, what to grant and which index to add "
      "go to\nstandard error.\n\nExample: "
      "DATABASE_URL=file:./dev.db retentiond init > retentiond.toml");
  command->callback([&context, options] {
    context.action = [&context, options] { return Init(context, *options); };
  });
}

}  // namespace retentiond
