// A clock that shows another time than the machine's, and goes as fast: a farm
// of another date lives on in real time. Used by `retentiond demo --serve`.
#pragma once

#include <string>
#include <utility>

#include "base/clock.h"

namespace retentiond {

class ShiftedClock : public Clock {
 public:
  // What it shows at first.
  struct Reading {
    Instant now;
    Micros boot_time{0};
    std::string boot_id;
  };
  // `pace` must outlive the clock.
  ShiftedClock(Clock& pace, Reading start)
      : pace_(pace), start_(std::move(start)), since_(pace.BootTime()) {}

  Instant Now() const override { return start_.now + Passed(); }
  Micros BootTime() const override { return start_.boot_time + Passed(); }
  std::string BootId() const override { return start_.boot_id; }
  bool Synchronised() const override { return true; }
  void Sleep(Micros duration, const Wakeup& wakeup) override {
    pace_.Sleep(duration, wakeup);
  }

 private:
  Micros Passed() const { return pace_.BootTime() - since_; }

  Clock& pace_;
  const Reading start_;
  const Micros since_;
};

}  // namespace retentiond
