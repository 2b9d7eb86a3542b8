// What the daemon knows of time: the wall clock, the time that was seen to
// pass, and whether the kernel believes its clock.
#pragma once

#include <string>

#include "base/time.h"

namespace retentiond {

// Wakes a sleeping Clock from another thread or from a signal handler.
class Wakeup {
 public:
  Wakeup();
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  void Notify();  // async-signal-safe
  void Clear();
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;

  // CLOCK_REALTIME.
  virtual Instant Now() const = 0;
  // CLOCK_BOOTTIME: passes while the machine sleeps, never steps.
  virtual Micros BootTime() const = 0;
  // Names the boot that BootTime counts from.
  virtual std::string BootId() const = 0;
  // Whether the kernel's clock is synchronised (adjtimex, maxerror below
  // 16 s as systemd does it).
  virtual bool Synchronised() const = 0;
  // Sleeps on the monotonic clock for `duration`, or until `wakeup` is
  // notified (which stays set).
  virtual void Sleep(Micros duration, const Wakeup& wakeup) = 0;
};

class SystemClock : public Clock {
 public:
  Instant Now() const override;
  Micros BootTime() const override;
  std::string BootId() const override;
  bool Synchronised() const override;
  void Sleep(Micros duration, const Wakeup& wakeup) override;
};

}  // namespace retentiond
