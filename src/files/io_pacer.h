// Gives way to others who wait for the disk.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/time.h"

namespace retentiond {

// Asks the kernel how long tasks have waited for I/O (pressure stall
// information, /proc/pressure/io). Most of that waiting is our own, since we
// remove files: so when there is much of it, all workers rest for a moment, and
// what others wait in that moment says whether to go on.
//
// Where the kernel does not tell, it works at a fixed gentle pace: four parts
// of work to one of rest.
//
// Threads: any; while one rests, all do.
class IoPacer {
 public:
  // `now` is a clock that never steps; `sleep` waits so long.
  IoPacer(std::function<Micros()> now, std::function<void(Micros)> sleep,
          std::string pressure = "/proc/pressure/io");

  // Called between pieces of work of some milliseconds; rests when it is time.
  void Rest();

 private:
  std::optional<Micros> ReadStalled() const;
  void RestGently(Micros now);
  void GiveWay();

  const std::function<Micros()> now_;
  const std::function<void(Micros)> sleep_;
  const std::string pressure_;
  std::mutex mutex_;
  Micros since_;  // when this measurement began
  std::optional<Micros>
      stalled_;  // at that time; none: the kernel does not say
};

}  // namespace retentiond
