#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "alert/channels.h"
#include "alert/rendering.h"
#include "base/nearest_name.h"
#include "base/status_macros.h"
#include "cli/commands.h"
#include "report/json_text.h"
#include "run/lease_holder.h"

namespace retentiond {
namespace {

constexpr char kEveryKind[] = "all";

// What is sent: the test message alone, or the beginning and the end of the
// kinds named.
absl::StatusOr<std::vector<AlertMessage>> MessagesOf(const std::string& kind,
                                                     Instant now) {
  if (kind.empty()) return std::vector<AlertMessage>{TestMessage(now)};
  std::vector<AlertMessage> messages;
  std::vector<std::string> names = {kEveryKind};
  for (const AlertKind known : AllAlertKinds()) {
    names.emplace_back(NameOf(known));
    if (kind != kEveryKind && kind != NameOf(known)) continue;
    messages.push_back(ExampleOf(known, AlertEvent::kRaised, now));
    messages.push_back(ExampleOf(known, AlertEvent::kResolved, now));
  }
  if (!messages.empty()) return messages;
  const auto nearest = NearestName(kind, names);
  return absl::OutOfRangeError(fmt::format(
      "--kind: there is no kind \"{}\"{}", kind,
      nearest.has_value() ? "; did you mean \"" + *nearest + "\"?" : ""));
}

struct Result {
  std::string channel;
  int messages = 0;
  Delivery last = {};  // the first that failed, else any
};

// Nothing more goes to a channel that has failed.
Result Try(Channel& channel, const std::vector<AlertMessage>& messages) {
  const std::atomic<bool> never = false;
  Result result{.channel = channel.what().name};
  for (const AlertMessage& message : messages) {
    if (!TakesMessage(channel.what(), message) &&
        message.event != AlertEvent::kTest) {
      continue;
    }
    const std::string id =
        fmt::format("test-{}-{}", MicrosOf(message.at), result.messages);
    ++result.messages;
    result.last = channel.Deliver({.id = id, .message = message}, never);
    if (!result.last.delivered()) break;
  }
  return result;
}

std::string WordOf(const Result& result) {
  return result.messages > 0 ? "delivered" : "takes no such message";
}

void Print(const CommandContext& context, const std::vector<Result>& results) {
  Terminal& out = context.terminal;
  if (context.json) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const Result& result : results) {
      pairs.emplace_back(result.channel, result.last.delivered()
                                             ? WordOf(result)
                                             : result.last.problem);
    }
    out.Out(JsonOfPairs(pairs));
    return;
  }
  for (const Result& result : results) {
    out.Out(fmt::format(
        "{:<14}{}", result.channel,
        result.last.delivered()
            ? out.In(Colour::kGreen, WordOf(result))
            : out.In(Colour::kRed, "failed") + ": " + result.last.problem));
  }
}

absl::StatusOr<ExitCode> Test(const CommandContext& context,
                              const std::string& kind) {
  ASSIGN_OR_RETURN(const Config config,
                   LoadConfig(context.config_file, context.wiring.environment));
  const Clock& clock = context.wiring.clock;
  ASSIGN_OR_RETURN(const std::vector<AlertMessage> messages,
                   MessagesOf(kind, clock.Now()));
  const auto channels =
      MakeChannels(config.alerts, {HostName(), config.database.name}, clock);
  if (channels.empty()) {
    return absl::InvalidArgumentError(
        "no channel is configured: name one in [alerts], see docs/alerts.md");
  }
  std::vector<Result> results;
  for (const auto& channel : channels) {
    results.push_back(Try(*channel, messages));
  }
  Print(context, results);
  const bool good =
      std::all_of(results.begin(), results.end(),
                  [](const Result& result) { return result.last.delivered(); });
  return good ? ExitCode::kOk : ExitCode::kNotOk;
}

}  // namespace

void AddAlert(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("alert", "Tries the channels that alerts go to");
  command->require_subcommand(1);
  command->footer("Example: retentiond alert test");

  CLI::App* test = command->add_subcommand(
      "test",
      "Sends a message to each channel and says what came of it; exit code 1 "
      "when one failed");
  const auto kind = std::make_shared<std::string>();
  test->add_option("--kind", *kind,
                   "Send the beginning and the end of an alert of this kind "
                   "instead, or of all")
      ->type_name("KIND");
  test->footer("Example: retentiond alert test --kind run-failed");
  test->callback([&context, kind] {
    context.action = [&context, kind] { return Test(context, *kind); };
  });
}

}  // namespace retentiond
