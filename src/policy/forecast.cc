#include "policy/forecast.h"

#include "policy/slot.h"

namespace retentiond {
namespace {

std::int64_t DividedUp(std::int64_t number, std::int64_t by) {
  return (number + by - 1) / by;
}

}  // namespace

// What is younger than the cutoff expires within as many nights as it is kept.
// Rounded up, so that a farm that only just keeps up is not told that it does.
Forecast ForecastOf(const NightFigures& night) {
  Forecast forecast{.arriving = DividedUp(night.younger, kRetention.count())};
  const std::int64_t drained = night.deleted - forecast.arriving;
  if (drained > 0) forecast.nights = DividedUp(night.left, drained);
  return forecast;
}

}  // namespace retentiond
