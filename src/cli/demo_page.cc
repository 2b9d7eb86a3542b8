#include "cli/demo_page.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "cli/watchers.h"
#include "demo/farm_paths.h"
#include "observe/listening_socket.h"
#include "policy/slot.h"
#include "policy/zone.h"
#include "run/daemon.h"
#include "run/lease_holder.h"

namespace retentiond {
namespace {

// Long enough to look around before the next night begins.
constexpr std::chrono::seconds kBeforeTheNight{90};

absl::Status NotServed(std::uint16_t port, const std::string& why) {
  return absl::UnavailableError(fmt::format(
      "--serve: nothing can be served at 127.0.0.1:{}: {}; --serve=PORT takes "
      "another port",
      port, why));
}

absl::StatusOr<SharedSettings> SettingsOf(const DemoPage& page) {
  Config config = FarmConfig(FarmPaths(page.directory));
  config.http.port = page.port;
  ASSIGN_OR_RETURN(Naming naming, Naming::Make(config));
  return std::make_shared<const Settings>(
      Settings{std::move(config), std::move(naming)});
}

// Time passed with the machine on, up to the evening of the next night.
ShiftedClock::Reading EveningOf(const DemoPage& page,
                                const absl::TimeZone& zone) {
  ShiftedClock::Reading evening = page.ended;
  const Slot next = FirstSlotFrom(evening.now, Schedule{.zone = zone});
  const Micros passed = next.start - kBeforeTheNight - evening.now;
  if (passed > Micros(0)) {
    evening.now += passed;
    evening.boot_time += passed;
  }
  return evening;
}

}  // namespace

absl::Status CheckDemoPort(std::uint16_t port) {
  const absl::Status opened =
      ListeningSocket::Open(HttpConfig{.port = port}).status();
  return opened.ok() ? opened : NotServed(port, MessageOf(opened));
}

absl::Status ServeDemoPage(const CommandContext& context,
                           const DemoPage& page) {
  ASSIGN_OR_RETURN(const SharedSettings settings, SettingsOf(page));
  ASSIGN_OR_RETURN(const absl::TimeZone zone,
                   LoadZone(settings->config.schedule.timezone));
  ShiftedClock clock(context.wiring.clock, EveningOf(page, zone));
  const auto open = [&context](const Settings& opened, OpenMode mode) {
    return context.wiring.open(opened.config.database,
                               LayoutOf(opened.config, opened.naming), mode);
  };
  Watchers watchers({.clock = clock,
                     .calls = context.wiring.calls,
                     .open =
                         [&open](const Settings& opened) {
                           return open(opened, OpenMode::kReadOnly);
                         },
                     .zone = zone,
                     .host = "demo"});
  watchers.http.OnSettings(settings);
  if (watchers.http.name().empty()) {
    return NotServed(page.port, "the line above says why");
  }
  context.terminal.Out(fmt::format(
      "\nhttp://{} shows it, {} s before the eleventh night; Ctrl-C ends it "
      "and\nremoves the farm.",
      watchers.http.name(), kBeforeTheNight.count()));
  std::fflush(nullptr);  // it may be read through a pipe
  const std::string host = "demo";
  Daemon daemon({.settings = settings,
                 .load_settings = nullptr,
                 .clock = clock,
                 .calls = context.wiring.calls,
                 .open = open,
                 .observer = watchers.all,
                 .alerts = &watchers.alerts,
                 .service = watchers.service,
                 .wakeup = page.wakeup,
                 .stop_requested = page.stop_requested,
                 .take_reload_request = nullptr,
                 .host = host,
                 .holder = LeaseHolderOfThisProcess(host, clock.BootId()),
                 .build_date = BuildDate()});
  return daemon.Serve();
}

}  // namespace retentiond
