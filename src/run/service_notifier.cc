#include "run/service_notifier.h"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <ctime>
#include <string>

namespace retentiond {

void ServiceNotifier::Ready() { sd_notify(0, "READY=1"); }

void ServiceNotifier::Status(const std::string& line) {
  sd_notify(0, ("STATUS=" + line).c_str());
}

void ServiceNotifier::Alive() { sd_notify(0, "WATCHDOG=1"); }

// The time is what Type=notify-reload goes by.
void ServiceNotifier::Reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::string message = fmt::format(
      "RELOADING=1\nMONOTONIC_USEC={}",
      static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
  sd_notify(0, message.c_str());
}

void ServiceNotifier::Stopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace retentiond
