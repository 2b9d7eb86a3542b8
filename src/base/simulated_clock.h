// A clock that moves only when it is told to, or when somebody sleeps on it.
// Used by tests, and by `retentiond demo` for its ten nights.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"

namespace retentiond {

class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(Instant start) : wall_(start) {}

  Instant Now() const override { return wall_; }
  Micros BootTime() const override { return boot_time_; }
  std::string BootId() const override { return boot_id_; }
  bool Synchronised() const override { return synchronised_; }
  // Advances by `duration` at once, unless `wakeup` was notified.
  void Sleep(Micros duration, const Wakeup& wakeup) override;

  // Time passes: wall and boot time alike.
  void Advance(Micros duration);
  // Somebody sets the wall clock; no time passes.
  void StepWall(Micros step) { wall_ += step; }
  // The machine was off for `off` and has been up for `uptime`.
  void Reboot(Micros off, Micros uptime);
  void set_synchronised(bool value) { synchronised_ = value; }
  // Called after each advance, with the new time.
  void set_on_advance(std::function<void(Instant)> f) {
    on_advance_ = std::move(f);
  }

 private:
  Instant wall_;
  Micros boot_time_{std::chrono::hours(1)};
  std::string boot_id_ = "boot-1";
  int boots_ = 1;
  bool synchronised_ = false;
  std::function<void(Instant)> on_advance_;
};

}  // namespace retentiond
