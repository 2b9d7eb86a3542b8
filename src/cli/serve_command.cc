#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "cli/commands.h"
#include "cli/watchers.h"
#include "policy/slot.h"
#include "policy/zone.h"
#include "run/daemon.h"
#include "run/lease_holder.h"

namespace retentiond {
namespace {

// What a signal handler may touch; one a process, as signals are.
std::atomic<bool> stop_requested{false};
std::atomic<bool> reload_requested{false};
std::atomic<Wakeup*> sleeper{nullptr};

void OnStopSignal(int signal) {
  (void)signal;
  stop_requested = true;
  if (Wakeup* wakeup = sleeper.load(); wakeup != nullptr) wakeup->Notify();
}

void OnReloadSignal(int signal) {
  (void)signal;
  reload_requested = true;
  if (Wakeup* wakeup = sleeper.load(); wakeup != nullptr) wakeup->Notify();
}

// SIGTERM and SIGINT end the daemon after the batch at hand; SIGHUP has it read
// its configuration anew.
class Signals {
 public:
  explicit Signals(Wakeup& wakeup) {
    sleeper = &wakeup;
    Handle(SIGTERM, OnStopSignal);
    Handle(SIGINT, OnStopSignal);
    Handle(SIGHUP, OnReloadSignal);
  }
  ~Signals() { sleeper = nullptr; }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  static void Handle(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigaction(signal, &action, nullptr);
  }
};

// Those that this process may run on.
int UsableCores() {
  cpu_set_t cores;
  if (sched_getaffinity(0, sizeof cores, &cores) != 0) return 1;
  return CPU_COUNT(&cores);
}

absl::StatusOr<SharedSettings> LoadSettings(const CommandContext& context) {
  ASSIGN_OR_RETURN(Config config, LoadValidConfig(context));
  ASSIGN_OR_RETURN(Naming naming, Naming::Make(config));
  return std::make_shared<const Settings>(
      Settings{std::move(config), std::move(naming)});
}

absl::StatusOr<Database> Open(const CommandContext& context,
                              const Settings& settings, OpenMode mode) {
  return context.wiring.open(settings.config.database,
                             LayoutOf(settings.config, settings.naming), mode);
}

absl::StatusOr<ExitCode> Serve(const CommandContext& context) {
  if (context.json) {
    return absl::OutOfRangeError(
        "--json: serve prints no data; its log goes to standard error");
  }
  ASSIGN_OR_RETURN(SharedSettings settings, LoadSettings(context));
  ASSIGN_OR_RETURN(const absl::TimeZone zone,
                   LoadZone(settings->config.schedule.timezone));
  Wakeup wakeup;
  const Signals signals(wakeup);
  Clock& clock = context.wiring.clock;
  const std::string host = HostName();
  Watchers watchers({.clock = clock,
                     .calls = context.wiring.calls,
                     .open =
                         [&context](const Settings& opened) {
                           return Open(context, opened, OpenMode::kReadOnly);
                         },
                     .zone = zone,
                     .host = host});
  // Before the database is there, which may have to be waited for.
  watchers.http.OnSettings(settings);
  watchers.alerts.OnSettings(settings);
  Daemon daemon(
      {.settings = std::move(settings),
       .load_settings = [&context] { return LoadSettings(context); },
       .clock = clock,
       .calls = context.wiring.calls,
       .open = [&context](
                   const Settings& opened,
                   OpenMode mode) { return Open(context, opened, mode); },
       .observer = watchers.all,
       .alerts = &watchers.alerts,
       .service = watchers.service,
       .wakeup = wakeup,
       .stop_requested = [] { return stop_requested.load(); },
       .take_reload_request = [] { return reload_requested.exchange(false); },
       .host = host,
       .holder = LeaseHolderOfThisProcess(host, clock.BootId()),
       .build_date = BuildDate(),
       .most_file_workers = UsableCores(),
       .file_manner = FileWork::Manner::kConfined});
  RETURN_IF_ERROR(daemon.Serve());
  return ExitCode::kOk;
}

}  // namespace

void AddServe(CLI::App& app, CommandContext& context) {
  CLI::App* command = app.add_subcommand(
      "serve", "Runs the daemon: cleans up once a night until it is stopped");
  command->footer(
      "SIGTERM and SIGINT finish the batch at hand and end the daemon; a run "
      "that was\nbegun is resumed at the next start. SIGHUP reads the "
      "configuration anew; a\nchanged schedule holds from the next date "
      "on.\n\nExample: "
      "DATABASE_URL=file:./dev.db TEMP_DIR=/tmp/nexrender retentiond serve");
  command->callback(
      [&context] { context.action = [&context] { return Serve(context); }; });
}

}  // namespace retentiond
