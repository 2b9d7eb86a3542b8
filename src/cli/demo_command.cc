#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "cli/demo_page.h"
#include "demo/demo.h"
#include "demo/scratch_directory.h"
#include "policy/slot.h"
#include "report/json_text.h"
#include "report/units.h"
#include "version.h"

namespace retentiond {
namespace {

// What a signal handler may touch; one a process, as signals are.
std::atomic<bool> interrupted{false};
std::atomic<Wakeup*> sleeper{nullptr};

// The demo must not leave its directory behind.
void CatchInterrupts(Wakeup& wakeup) {
  sleeper = &wakeup;
  struct sigaction action {};
  action.sa_handler = [](int) {
    interrupted = true;
    if (Wakeup* woken = sleeper.load(); woken != nullptr) woken->Notify();
  };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

// Date, start, jobs, rows, files, freed, held, took, notes. A night is printed
// when it is over, so that the widths are fixed beforehand.
constexpr char kNightLine[] =
    "{:<14}  {:<12}  {:>5}  {:>6}  {:>6}  {:>9}  {:>4}  {:>6}  {}";

std::string WeekdayOf(LocalDate date) {
  static constexpr std::array<const char*, 7> kNames = {
      "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  return kNames[std::chrono::weekday(date).c_encoding()];
}

// "03:00 +02:00" of "2026-03-29T03:00:00+02:00"
std::string StartOf(const Slot& slot, const DemoCalendar& calendar) {
  const std::string local = FormatLocal(slot.start, calendar.schedule.zone);
  return local.substr(11, 5) + " " + local.substr(local.size() - 6);
}

std::string NotesOf(const NightReport& report, const DemoCalendar& calendar) {
  if (report.killed_after > 0) {
    return fmt::format("killed after {} batches, resumed", report.killed_after);
  }
  if (report.night.machine_off) {
    return "the machine was off, made up at " +
           FormatLocal(report.run.started, calendar.schedule.zone)
               .substr(11, 5);
  }
  return report.night.clocks_change ? "the clocks change" : "";
}

std::int64_t RowsOf(const RunRecord& run) {
  std::int64_t rows = 0;
  for (const auto& [table, count] : run.rows_deleted) rows += count;
  return rows;
}

class DemoPrinter : public DemoObserver {
 public:
  DemoPrinter(Terminal& terminal, std::string directory)
      : terminal_(terminal), directory_(std::move(directory)) {}

  void OnFarm(const FarmSummary& farm, const DemoCalendar& calendar) override {
    terminal_.Out(fmt::format(
        "A farm in {}:\n{} of fourteen days with {} dependent rows, {} files "
        "and {};\nanother process keeps submitting jobs. Ten nights in {} on a "
        "simulated\nclock, by the daemon's own code:\n",
        directory_, Counted(farm.jobs, "job"),
        WithSeparators(farm.dependent_rows), WithSeparators(farm.files),
        Counted(farm.orphans, "orphan"), calendar.schedule.zone.name()));
    terminal_.Out(
        terminal_.In(Colour::kBold,
                     fmt::format(kNightLine, "NIGHT", "STARTS", "JOBS", "ROWS",
                                 "FILES", "FREED", "HELD", "TOOK", "")));
  }

  void OnNight(const NightReport& report,
               const DemoCalendar& calendar) override {
    const RunRecord& run = report.run;
    terminal_.Out(fmt::format(
        kNightLine, WeekdayOf(run.slot) + " " + FormatDate(run.slot),
        StartOf(report.night.slot, calendar), WithSeparators(run.jobs_deleted),
        WithSeparators(RowsOf(run)), WithSeparators(run.files_deleted),
        HumanBytes(run.bytes_freed), run.held, HumanDuration(report.took),
        terminal_.In(Colour::kYellow, NotesOf(report, calendar))));
  }

  void OnEnd(const DemoFigures& figures) override {
    clock_ = figures.clock;
    terminal_.Out(fmt::format(
        "\nMeanwhile the other process submitted {}, {} of them while a run "
        "was going\non; it had to try again because the database was busy: "
        "{}.\n",
        Counted(figures.submitted, "job"),
        WithSeparators(figures.submitted_while_cleaning),
        figures.busy_answers == 0 ? "never"
                                  : Counted(figures.busy_answers, "time")));
  }

  const ShiftedClock::Reading& clock() const { return clock_; }

 private:
  Terminal& terminal_;
  std::string directory_;
  ShiftedClock::Reading clock_;
};

// Collects for one JSON object at the end.
class DemoRecorder : public DemoObserver {
 public:
  void OnFarm(const FarmSummary&, const DemoCalendar&) override {}
  void OnNight(const NightReport& report, const DemoCalendar&) override {
    runs_.push_back(report.run);
  }
  void OnEnd(const DemoFigures&) override {}

  std::string JsonWith(const Verdict& verdict) const {
    nlohmann::ordered_json promises = nlohmann::ordered_json::array();
    for (const PromiseVerdict& promise : verdict.promises) {
      promises.push_back({{"number", promise.number},
                          {"promise", promise.promise},
                          {"holds", promise.violations.empty()},
                          {"figures", promise.figures},
                          {"violations", promise.violations}});
    }
    return nlohmann::ordered_json{
        {"ok", verdict.holds()},
        {"runs", nlohmann::ordered_json::parse(JsonOf(runs_))},
        {"promises", promises}}
        .dump();
  }

 private:
  std::vector<RunRecord> runs_;
};

void Print(const Verdict& verdict, Terminal& terminal) {
  for (const PromiseVerdict& promise : verdict.promises) {
    const bool holds = promise.violations.empty();
    terminal.Out(fmt::format(
        "{} {} {}: {}",
        terminal.In(holds ? Colour::kGreen : Colour::kRed, holds ? "✓" : "✗"),
        promise.number, promise.promise, holds ? promise.figures : "broken"));
    for (const std::string& violation : promise.violations) {
      terminal.Out("    " + terminal.In(Colour::kRed, violation));
    }
  }
  terminal.Out(terminal.In(
      Colour::kDim,
      "- 7 Invisible and 8 Never silent are not shown by the demo"));
}

// To be called when the demo has broken off, too: there is the more to see.
void KeepDirectory(ScratchDirectory& scratch, Terminal& terminal) {
  const std::string path = scratch.Keep();
  terminal.Err(
      fmt::format("Kept: {0}\nLook at it with: retentiond --config "
                  "{0}/retentiond.toml runs",
                  path));
}

struct DemoOptions {
  bool keep = false;
  std::optional<std::uint16_t> port;  // of the page; none: it is not served
};

absl::StatusOr<ExitCode> Demo(const CommandContext& context,
                              const DemoOptions& options) {
  if (context.json && options.port.has_value()) {
    return absl::OutOfRangeError(
        "--serve: has no JSON; leave out --json, or ask the page's own "
        "answers");
  }
  if (options.port.has_value()) {
    RETURN_IF_ERROR(CheckDemoPort(*options.port));
  }
  static Wakeup wakeup;  // outlives every signal
  CatchInterrupts(wakeup);
  ASSIGN_OR_RETURN(ScratchDirectory scratch, ScratchDirectory::Make());
  const DemoParts parts{
      .directory = scratch.path(),
      .today = context.wiring.clock.Now(),
      .build_date = Instant(std::chrono::seconds(kCommitTime)),
      .calls = context.wiring.calls,
      .open =
          [&](const Config& config, const Naming& naming, OpenMode mode) {
            return context.wiring.open(config.database,
                                       LayoutOf(config, naming), mode);
          },
      .stop_requested = [] { return interrupted.load(); }};
  DemoPrinter printer(context.terminal, scratch.path());
  DemoRecorder recorder;
  absl::StatusOr<Verdict> verdict =
      context.json ? RunDemo(parts, recorder) : RunDemo(parts, printer);
  const std::filesystem::path directory = scratch.path();
  if (options.keep) KeepDirectory(scratch, context.terminal);
  RETURN_IF_ERROR(verdict.status());
  if (context.json) {
    context.terminal.Out(recorder.JsonWith(*verdict));
  } else {
    Print(*verdict, context.terminal);
  }
  if (options.port.has_value()) {
    RETURN_IF_ERROR(
        ServeDemoPage(context, {.directory = directory,
                                .port = *options.port,
                                .ended = printer.clock(),
                                .wakeup = wakeup,
                                .stop_requested = parts.stop_requested}));
  }
  return verdict->holds() ? ExitCode::kOk : ExitCode::kNotOk;
}

}  // namespace

void AddDemo(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "demo",
      "Builds a farm in a scratch directory, lives through ten nights on a "
      "simulated clock, and verifies the promises");
  const auto options = std::make_shared<DemoOptions>();
  command->add_flag("--keep", options->keep,
                    "Leave the directory, and say where it is");
  command
      ->add_option("--serve", options->port,
                   "Then go on, and serve the page at this port of 127.0.0.1 "
                   "(8373) until Ctrl-C")
      ->expected(0, 1)
      ->default_str("8373")
      ->check(CLI::Range(1, 65535).description(""))
      ->type_name("PORT");
  command->footer(
      "Needs no configuration and touches nothing but a new directory below "
      "$TMPDIR, else\n/tmp. Exits 0 only if all promises hold.\n\nExample: "
      "retentiond demo --keep");
  command->callback([&context, options] {
    context.action = [&context, options] { return Demo(context, *options); };
  });
}

}  // namespace retentiond
