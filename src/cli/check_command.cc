#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "report/findings.h"
#include "report/json_text.h"
#include "version.h"

namespace retentiond {
namespace {

std::string Mark(const Terminal& out, Finding::Level level) {
  switch (level) {
    case Finding::Level::kInfo:
      return out.In(Colour::kDim, "info   ");
    case Finding::Level::kWarning:
      return out.In(Colour::kYellow, "warning");
    case Finding::Level::kError:
      return out.In(Colour::kRed, "error  ");
  }
  return "";  // GCOV_EXCL_LINE: every level has returned
}

}  // namespace

void PrintFindings(Terminal& out, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings) {
    out.Out(fmt::format("{} {}: {}", Mark(out, finding.level), finding.code,
                        finding.message));
    if (!finding.fix.empty()) out.Out("          " + finding.fix);
  }
  out.Out(IsOk(findings) ? out.In(Colour::kGreen, "ready")
                         : out.In(Colour::kRed, "not ready"));
}

namespace {

// What `--cascade` is for: references of `table` without a cascade, and
// cascades that were not validated.
std::vector<Finding> CascadeFindings(const std::vector<Finding>& findings,
                                     const std::string& table) {
  std::vector<Finding> found;
  for (const Finding& finding : findings) {
    if (finding.table == table && (finding.code == "missing-cascade" ||
                                   finding.code == "cascade-not-validated")) {
      found.push_back(finding);
    }
  }
  return found;
}

// Gives `table` its cascade, or prints what an administrator has to do: SQLite
// cannot alter a constraint.
absl::StatusOr<ExitCode> Cascade(const CommandContext& context,
                                 const std::string& table) {
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  JobStore& jobs = *session.database.jobs;
  ASSIGN_OR_RETURN(std::vector<Finding> findings, jobs.Check());
  std::vector<Finding> left = CascadeFindings(findings, table);
  if (left.empty()) {
    return absl::OutOfRangeError(
        "--cascade: no table \"" + table +
        "\" refers to jobs without a cascade; `retentiond check` lists those "
        "that do");
  }
  absl::StatusOr<std::vector<std::string>> done = jobs.AddCascade(table);
  if (done.status().code() == absl::StatusCode::kUnimplemented) {
    done = std::vector<std::string>();
  } else {
    RETURN_IF_ERROR(done.status());
    ASSIGN_OR_RETURN(findings, jobs.Check());
    left = CascadeFindings(findings, table);
  }
  if (context.json) {
    context.terminal.Out(JsonOf(left, *done, /*ok=*/left.empty()));
  } else {
    for (const std::string& statement : *done) {
      context.terminal.Out("done: " + statement);
    }
    for (const Finding& finding : left) context.terminal.Out(finding.fix);
  }
  return left.empty() ? ExitCode::kOk : ExitCode::kNotOk;
}

absl::StatusOr<ExitCode> Check(const CommandContext& context, bool fix) {
  ASSIGN_OR_RETURN(
      Session session,
      OpenSession(context, fix ? OpenMode::kReadWrite : OpenMode::kReadOnly));
  std::vector<std::string> done;
  if (fix) {
    ASSIGN_OR_RETURN(done, session.database.jobs->CreateMissingIndexes());
  }
  ASSIGN_OR_RETURN(
      const std::vector<Finding> findings,
      FindAll({.database = session.database,
               .config = session.config,
               .naming = session.naming,
               .clock = context.wiring.clock,
               .calls = context.wiring.calls,
               .build_date = Instant(std::chrono::seconds(kCommitTime))}));
  if (context.json) {
    context.terminal.Out(JsonOf(findings, done, IsOk(findings)));
  } else {
    for (const std::string& statement : done) {
      context.terminal.Out("done: " + statement);
    }
    PrintFindings(context.terminal, findings);
  }
  return IsOk(findings) ? ExitCode::kOk : ExitCode::kNotOk;
}

}  // namespace

void AddCheck(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "check", "Says what is missing for a safe and quick cleanup");
  const auto fix = std::make_shared<bool>(false);
  const auto cascade = std::make_shared<std::string>();
  CLI::Option* fixes = command->add_flag(
      "--fix", *fix, "Create the missing indexes, and nothing else");
  command
      ->add_option("--cascade", *cascade,
                   "With --fix: give this table a cascade (SQLite: print how)")
      ->needs(fixes)
      ->type_name("TABLE");
  command->footer("Example: retentiond check --json");
  command->callback([&context, fix, cascade] {
    context.action = [&context, fix, cascade] {
      return cascade->empty() ? Check(context, *fix)
                              : Cascade(context, *cascade);
    };
  });
}

}  // namespace retentiond
