#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "files/root.h"
#include "run/clock_watch.h"
#include "version.h"

namespace retentiond {
namespace {

absl::Status AddClockFindings(const CommandContext& context, Session& session,
                              std::vector<Finding>& findings) {
  ClockWatch watch(context.wiring.clock, *session.database.state, nullptr,
                   Instant(std::chrono::seconds(kCommitTime)));
  RETURN_IF_ERROR(watch.Load());
  for (const ClockFact fact : watch.Assess({}).facts) {
    // Before the first run there is no anchor: nothing to say.
    if (fact == ClockFact::kFirstStart) continue;
    findings.push_back(
        {.level = Blocks(fact) ? Finding::Level::kError : Finding::Level::kInfo,
         .code = "clock",
         .message = fmt::format("the clock guard found: {}", NameOf(fact)),
         .fix = "timedatectl set-ntp true"});
  }
  return absl::OkStatus();
}

absl::Status AddRootFindings(const Config& config,
                             std::vector<Finding>& findings) {
  std::optional<uid_t> owner;
  if (config.files.owner.has_value()) {
    ASSIGN_OR_RETURN(owner, LookUpUser(*config.files.owner));
  }
  for (const auto* roots :
       {&config.files.temp_roots, &config.files.log_roots}) {
    const std::vector<Finding> found = CheckRoots(*roots, owner);
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return absl::OkStatus();
}

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

void Print(Terminal& out, const std::vector<Finding>& findings,
           const std::vector<std::string>& done) {
  for (const std::string& statement : done) out.Out("done: " + statement);
  for (const Finding& finding : findings) {
    out.Out(fmt::format("{} {}: {}", Mark(out, finding.level), finding.code,
                        finding.message));
    if (!finding.fix.empty()) out.Out("          " + finding.fix);
  }
  out.Out(IsOk(findings) ? out.In(Colour::kGreen, "ready")
                         : out.In(Colour::kRed, "not ready"));
}

absl::StatusOr<ExitCode> Check(const CommandContext& context, bool fix) {
  ASSIGN_OR_RETURN(
      Session session,
      OpenSession(context, fix ? OpenMode::kReadWrite : OpenMode::kReadOnly));
  std::vector<std::string> done;
  if (fix) {
    ASSIGN_OR_RETURN(done, session.database.jobs->CreateMissingIndexes());
  }
  ASSIGN_OR_RETURN(std::vector<Finding> findings,
                   session.database.jobs->Check());
  RETURN_IF_ERROR(AddRootFindings(session.config, findings));
  RETURN_IF_ERROR(AddClockFindings(context, session, findings));
  if (context.json) {
    context.terminal.Out(JsonOf(findings, done));
  } else {
    Print(context.terminal, findings, done);
  }
  return IsOk(findings) ? ExitCode::kOk : ExitCode::kNotOk;
}

}  // namespace

void AddCheck(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "check", "Says what is missing for a safe and quick cleanup");
  const auto fix = std::make_shared<bool>(false);
  command->add_flag("--fix", *fix,
                    "Create the missing indexes, and nothing else");
  command->footer("Example: retentiond check --json");
  command->callback([&context, fix] {
    context.action = [&context, fix] { return Check(context, *fix); };
  });
}

}  // namespace retentiond
