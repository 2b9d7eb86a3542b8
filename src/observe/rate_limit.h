// How often something may happen.
#pragma once

#include <mutex>

#include "base/time.h"

namespace retentiond {

// A bucket that holds `burst` tokens at most and gains `per_second`.
// Threads: any.
class RateLimit {
 public:
  RateLimit(double per_second, double burst)
      : per_second_(per_second), burst_(burst), tokens_(burst) {}

  // Whether it may happen at `now` (boot time); if so, it has.
  bool Take(Micros now);

 private:
  const double per_second_;
  const double burst_;
  std::mutex mutex_;
  double tokens_;
  Micros filled_at_{0};
};

}  // namespace retentiond
