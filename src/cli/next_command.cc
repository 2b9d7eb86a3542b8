#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "cli/commands.h"
#include "policy/slot.h"
#include "policy/zone.h"
#include "report/json_text.h"

namespace retentiond {
namespace {

constexpr int kMostSlots = 100'000;

struct NextOptions {
  int count = 5;
  std::optional<std::string> from;
  std::optional<std::string> timezone;
};

// With --timezone the slots are those of 03:00 there, and no configuration is
// needed.
absl::StatusOr<Schedule> ScheduleOf(const CommandContext& context,
                                    const NextOptions& options) {
  Schedule schedule;
  if (options.timezone.has_value()) {
    const absl::StatusOr<absl::TimeZone> zone = LoadZone(*options.timezone);
    if (!zone.ok()) {
      return absl::OutOfRangeError("--timezone: " + MessageOf(zone.status()));
    }
    schedule.zone = *zone;
    return schedule;
  }
  ASSIGN_OR_RETURN(const Config config, LoadValidConfig(context));
  schedule.at = config.schedule.at;
  ASSIGN_OR_RETURN(schedule.zone, LoadZone(config.schedule.timezone));
  return schedule;
}

absl::StatusOr<ExitCode> Next(const CommandContext& context,
                              const NextOptions& options) {
  Instant from = context.wiring.clock.Now();
  if (options.from.has_value()) {
    ASSIGN_OR_RETURN(from, InstantOption("--from", *options.from));
  }
  ASSIGN_OR_RETURN(const Schedule schedule, ScheduleOf(context, options));
  std::vector<Slot> slots;
  for (int i = 0; i < options.count; ++i) {
    slots.push_back(FirstSlotFrom(from, schedule));
    from = slots.back().start + Micros(1);
  }
  if (context.json) {
    context.terminal.Out(JsonOf(slots));
    return ExitCode::kOk;
  }
  Terminal::Table table{
      .headings = {"SLOT", "STARTS", "STARTS (UTC)", "CUTOFF (UTC)"},
      .right = {false, false, false, false}};
  for (const Slot& slot : slots) {
    table.rows.push_back(
        {FormatDate(slot.date), FormatLocal(slot.start, schedule.zone),
         FormatInstant(slot.start), FormatInstant(slot.cutoff)});
  }
  context.terminal.Out(table);
  context.terminal.Out(
      "Each deletes the finished jobs created before its "
      "cutoff. Zone: " +
      schedule.zone.name());
  return ExitCode::kOk;
}

}  // namespace

void AddNext(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "next", "Shows the coming slots and what each would delete");
  const auto options = std::make_shared<NextOptions>();
  command->add_option("--count", options->count, "How many slots")
      ->check(CLI::Range(1, kMostSlots).description(""))
      ->type_name("N")
      ->capture_default_str();
  command
      ->add_option("--from", options->from,
                   "Slots that start at or after this instant (default: now)")
      ->type_name("TIME");
  command
      ->add_option("--timezone", options->timezone,
                   "Of this zone, without a configuration")
      ->type_name("ZONE");
  command->footer(
      "Example: retentiond next --count 3 --timezone "
      "Europe/Helsinki --from 2026-03-28T00:00:00Z");
  command->callback([&context, options] {
    context.action = [&context, options] { return Next(context, *options); };
  });
}

}  // namespace retentiond
