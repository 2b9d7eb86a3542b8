#include "run/service_notifier.h"

#include <systemd/sd-daemon.h>

#include <string>

namespace retentiond {

void ServiceNotifier::Ready() { sd_notify(0, "READY=1"); }

void ServiceNotifier::Status(const std::string& line) {
  sd_notify(0, ("STATUS=" + line).c_str());
}

void ServiceNotifier::Alive() { sd_notify(0, "WATCHDOG=1"); }

void ServiceNotifier::Stopping() { sd_notify(0, "STOPPING=1"); }

}  // namespace retentiond
