#include "cli/proposal.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <string>
#include <vector>

#include "config/postgres_url.h"

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

std::vector<std::string> Texts(
    const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> texts;
  for (const std::filesystem::path& path : paths)
    texts.push_back(path.string());
  return texts;
}

// A root belongs to whoever renders, and has to be said to.
std::string OwnerLines(const std::vector<std::string>& owners) {
  if (owners.empty()) return "";
  const std::string line = fmt::format("owner = {}\n", Quoted(owners.front()));
  if (owners.size() == 1) return "# The roots belong to this user.\n" + line;
  return fmt::format(
      "# The roots belong to {}: only one of them can be named here, and the\n"
      "# others' roots are refused.\n{}",
      fmt::join(owners, " and "), line);
}

std::string FilesSection(const Config& config, const LayoutGuess& guess,
                         const std::vector<std::string>& owners) {
  std::string text = fmt::format(
      "\n[files]\n"
      "# Below these, what belongs to a deleted job is removed; outputs stay.\n"
      "temp_roots = {}\njob_names = {}\nlog_roots = {}\n",
      QuotedList(Texts(config.files.temp_roots)),
      QuotedList(JobNames(config, guess)),
      QuotedList(Texts(config.files.log_roots)));
  return text + OwnerLines(owners);
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

}  // namespace

std::string ProposedConfiguration(const Config& config,
                                  const LayoutGuess& guess,
                                  const std::vector<std::string>& states,
                                  const std::vector<std::string>& owners) {
  const std::string& name = config.database.name;
  const bool sqlite = config.database.kind == DatabaseKind::kSqlite;
  return fmt::format(
      "# retentiond.toml, as read from {}\n"
      "{}\n{}{}{}\n"
      "[schedule]\nat = \"03:00\"\ntimezone = {}\n\n{}",
      name, DatabaseSection(config.database),
      JobsSection(guess, states, GuessFinished(states)),
      DependentsSections(guess), FilesSection(config, guess, owners),
      Quoted(config.schedule.timezone),
      sqlite ? kSqliteAdvice : kPostgresAdvice);
}

}  // namespace retentiond
