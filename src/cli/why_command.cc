#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "policy/zone.h"
#include "report/json_text.h"
#include "run/inquiry.h"
#include "version.h"

namespace retentiond {
namespace {

absl::StatusOr<ExitCode> Why(const CommandContext& context,
                             const std::string& subject) {
  ASSIGN_OR_RETURN(Session session, OpenSession(context, OpenMode::kReadOnly));
  Schedule schedule{.at = session.config.schedule.at};
  ASSIGN_OR_RETURN(schedule.zone, LoadZone(session.config.schedule.timezone));
  const Slot slot = FirstSlotFrom(context.wiring.clock.Now(), schedule);
  const PreviewParts parts{
      .database = session.database,
      .config = session.config,
      .naming = session.naming,
      .clock = context.wiring.clock,
      .calls = context.wiring.calls,
      .build_date = Instant(std::chrono::seconds(kCommitTime))};
  const bool is_path = subject.find('/') != std::string::npos;
  ASSIGN_OR_RETURN(
      const Answer answer,
      is_path
          ? WhyPath(
                parts,
                std::filesystem::absolute(subject).lexically_normal().string(),
                slot, schedule)
          : WhyJob(parts, JobId{subject}, slot, schedule));
  if (!context.json) {
    context.terminal.Out(answer.sentence);
    return ExitCode::kOk;
  }
  std::vector<std::pair<std::string, std::string>> pairs = {
      {"subject", subject},
      {"verdict", answer.verdict},
      {"sentence", answer.sentence}};
  pairs.insert(pairs.end(), answer.facts.begin(), answer.facts.end());
  context.terminal.Out(JsonOfPairs(pairs));
  return ExitCode::kOk;
}

}  // namespace

void AddWhy(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "why", "Says why a job or a path is gone, or still here");
  const auto subject = std::make_shared<std::string>();
  command
      ->add_option("subject", *subject,
                   "A job's id, or a path (whatever has a slash)")
      ->required()
      ->check([](const std::string& text) {
        return text.empty() ? std::string("is empty") : std::string();
      })
      ->type_name("ID|PATH");
  command->footer("Example: retentiond why /tmp/nexrender/uid7/result.mp4");
  command->callback([&context, subject] {
    context.action = [&context, subject] { return Why(context, *subject); };
  });
}

}  // namespace retentiond
