#include "observe/rate_limit.h"

#include <algorithm>
#include <chrono>

namespace retentiond {

bool RateLimit::Take(Micros now) {
  const std::lock_guard lock(mutex_);
  const double passed =
      std::chrono::duration<double>(std::max(now - filled_at_, Micros(0)))
          .count();
  tokens_ = std::min(tokens_ + passed * per_second_, burst_);
  filled_at_ = std::max(now, filled_at_);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

}  // namespace retentiond
