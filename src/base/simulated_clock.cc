#include "base/simulated_clock.h"

#include <poll.h>

#include <string>

namespace retentiond {

void SimulatedClock::Sleep(Micros duration, const Wakeup& wakeup) {
  pollfd notified{wakeup.fd(), POLLIN, 0};
  if (poll(&notified, 1, 0) == 1) return;
  Advance(duration);
}

void SimulatedClock::Advance(Micros duration) {
  wall_ += duration;
  boot_time_ += duration;
  if (on_advance_) on_advance_(wall_);
}

void SimulatedClock::Reboot(Micros off, Micros uptime) {
  wall_ += off + uptime;
  boot_time_ = uptime;
  boot_id_ = "boot-" + std::to_string(++boots_);
  if (on_advance_) on_advance_(wall_);
}

}  // namespace retentiond
