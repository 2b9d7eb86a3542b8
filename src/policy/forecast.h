// When what has expired will be gone, if the nights to come are like the last.
#pragma once

#include <cstdint>
#include <optional>

namespace retentiond {

// What a run that its window cut short has seen.
struct NightFigures {
  std::int64_t left = 0;     // jobs that have expired, and are still there
  std::int64_t deleted = 0;  // jobs: as many as fit the window
  std::int64_t younger = 0;  // jobs that will expire within the next seven days
};

struct Forecast {
  std::int64_t arriving = 0;           // jobs that expire each night
  std::optional<std::int64_t> nights;  // until nothing is left; none: never
};

Forecast ForecastOf(const NightFigures& night);

}  // namespace retentiond
