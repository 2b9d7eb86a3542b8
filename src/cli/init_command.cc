#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "config/postgres_url.h"
#include "jobstore/layout_guess.h"
#include "report/json_text.h"

namespace retentiond {
namespace {

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string QuotedList(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(Quoted(text));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

bool IsDefaultLayout(const LayoutGuess& guess) {
  const JobsConfig known;
  return guess.table == known.table && guess.id == known.id &&
         guess.created == known.created && guess.status == known.status;
}

std::string JobsSection(const LayoutGuess& guess,
                        const std::vector<std::string>& states,
                        const std::vector<std::string>& finished) {
  if (IsDefaultLayout(guess)) {
    return "# The job table has the render manager's layout: [jobs] can be "
           "left out.\n";
  }
  std::string text = "[jobs]\n";
  text += fmt::format("table = {}\n", Quoted(guess.table));
  text += fmt::format("id = {}\n", guess.id.size() == 1 ? Quoted(guess.id[0])
                                                        : QuotedList(guess.id));
  if (guess.id_may_repeat) {
    text +=
        "# The key has the creation time in it, too. Two jobs must not share "
        "the rest:\n# files and declared dependents go by it.\n";
  }
  text += fmt::format("created = {}\n", Quoted(guess.created));
  if (guess.status.has_value()) {
    text += fmt::format("status = {}\n", Quoted(*guess.status));
    text += fmt::format(
        "# States found: {}. Those not listed are work, and hold their job.\n",
        states.empty() ? std::string("none yet")
                       : fmt::format("{}", fmt::join(states, ", ")));
    text +=
        finished.empty()
            ? "# finished = [...]: name the states in which a job is over.\n"
            : fmt::format("finished = {}\n", QuotedList(finished));
  } else {
    text += "# No state column found: every job counts as finished.\n";
  }
  text += fmt::format("outputs = {}\n", QuotedList(guess.outputs));
  return text;
}

std::string DependentsSections(const LayoutGuess& guess) {
  std::string text;
  // Where an id may name two jobs, a person has to say that it does not.
  const char* out = guess.id_may_repeat ? "# " : "";
  for (const LayoutGuess::Undeclared& dependent : guess.dependents) {
    text += fmt::format(
        "\n# {0}.{1} looks like a job's id but has no foreign key. Its rows go "
        "with\n# their job only {4}.\n"
        "{5}[[dependents]]\n{5}table = {2}\n{5}columns = {3}\n",
        dependent.table, dependent.columns.back(), Quoted(dependent.table),
        QuotedList(dependent.columns),
        guess.id_may_repeat ? "with these lines, which ids that repeat forbid"
                            : "if this stays",
        out);
  }
  return text;
}

// Of another table than the known one, the default names have other fields.
std::vector<std::string> JobNames(const Config& config,
                                  const LayoutGuess& guess) {
  if (IsDefaultLayout(guess) || guess.id.empty() ||
      config.files.job_names != FilesConfig().job_names) {
    return config.files.job_names;
  }
  const std::string field = "{" + guess.id.back() + "}";
  return {field, field + ".json"};
}

std::string FilesSection(const Config& config, const LayoutGuess& guess) {
  std::vector<std::string> roots;
  for (const std::filesystem::path& root : config.files.temp_roots) {
    roots.push_back(root.string());
  }
  std::vector<std::string> logs;
  for (const std::filesystem::path& root : config.files.log_roots) {
    logs.push_back(root.string());
  }
  return fmt::format(
      "\n[files]\n"
      "# Below these, what belongs to a deleted job is removed; outputs stay.\n"
      "temp_roots = {}\njob_names = {}\nlog_roots = {}\n",
      QuotedList(roots), QuotedList(JobNames(config, guess)), QuotedList(logs));
}

constexpr char kSqliteAdvice[] =
    "# An ORM's migrations would call the daemon's own tables drift. For "
    "Prisma, in\n# prisma.config.ts:  tables: { external: "
    "[\"retentiond_*\"] }";

constexpr char kPostgresAdvice[] =
    "# A password belongs in a file: password_file in [database], or "
    "~/.pgpass.\n# The daemon keeps its records in the schema \"retentiond\", "
    "which an ORM's\n# migrations leave alone.";

std::string DatabaseSection(const DatabaseConfig& database) {
  if (database.kind == DatabaseKind::kSqlite) {
    return fmt::format("[database]\nurl = {}\n",
                       Quoted("file:" + database.name));
  }
  std::string text =
      fmt::format("[database]\nurl = {}\n",
                  Quoted(UrlWithoutSecrets({.parameters = database.parameters,
                                            .schema = database.schema})));
  if (!database.password_file.empty()) {
    text += fmt::format("password_file = {}\n",
                        Quoted(database.password_file.string()));
  }
  return text;
}

std::string ConfigurationOf(const Config& config, const LayoutGuess& guess,
                            const std::vector<std::string>& states) {
  const std::string& name = config.database.name;
  const bool sqlite = config.database.kind == DatabaseKind::kSqlite;
  return fmt::format(
      "# retentiond.toml, as read from {}\n"
      "{}\n{}{}{}\n"
      "[schedule]\nat = \"03:00\"\ntimezone = {}\n\n{}",
      name, DatabaseSection(config.database),
      JobsSection(guess, states, GuessFinished(states)),
      DependentsSections(guess), FilesSection(config, guess),
      Quoted(config.schedule.timezone),
      sqlite ? kSqliteAdvice : kPostgresAdvice);
}

absl::StatusOr<ExitCode> Init(const CommandContext& context) {
  ASSIGN_OR_RETURN(const Config config, LoadValidConfig(context));
  ASSIGN_OR_RETURN(const Catalog catalog,
                   context.wiring.read_catalog(config.database));
  ASSIGN_OR_RETURN(const LayoutGuess guess, GuessLayout(catalog));
  std::vector<std::string> states;
  if (guess.status.has_value()) {
    ASSIGN_OR_RETURN(states, context.wiring.read_values(
                                 config.database, guess.table, *guess.status));
  }
  const std::string text = ConfigurationOf(config, guess, states);
  Terminal& out = context.terminal;
  if (context.json) {
    out.Out(JsonOfPairs({{"configuration", text}}));
    return ExitCode::kOk;
  }
  out.Out(text);
  out.Err(
      "Save this as /etc/retentiond/retentiond.toml, then look at `retentiond "
      "check` and `retentiond plan`.");
  return ExitCode::kOk;
}

}  // namespace

void AddInit(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "init", "Looks at a database and prints a configuration for it");
  command->footer(
      "Example: DATABASE_URL=file:./dev.db retentiond init > retentiond.toml");
  command->callback(
      [&context] { context.action = [&context] { return Init(context); }; });
}

}  // namespace retentiond
