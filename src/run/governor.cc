#include "run/governor.h"

#include <algorithm>
#include <chrono>

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// How long the write lock may be held: what a live farm does not feel, and what
// an idle one may lose to the first commit that comes.
constexpr Micros kHoldLive = milliseconds(5);
constexpr Micros kHoldIdle = milliseconds(50);
// Without a foreign commit for so long the farm counts as idle.
constexpr Micros kIdleAfter = seconds(1);

// A first batch that no database takes 5 ms for, so that the measuring itself
// disturbs nobody.
constexpr std::int64_t kFirstLimit = 100;
constexpr std::int64_t kLeast = 10;
constexpr std::int64_t kMost = 50'000;

// SQLite's busy handler sleeps 1, 2, 5, 10 ms ... between its tries and is not
// fair: who never pauses starves the others.
constexpr Micros kBreath = milliseconds(2);
// Beside a live farm we take at most a fifth of the time.
constexpr int kLiveShare = 4;
constexpr Micros kLongestPause = seconds(15);
constexpr Micros kFirstBusyPause = milliseconds(100);

}  // namespace

Governor::Governor(Manner manner)
    : manner_(manner), row_limit_(kFirstLimit), pause_(kBreath) {}

bool Governor::Live(Instant now) const {
  if (manner_ == Manner::kYielding) return true;
  return last_foreign_.has_value() && now - *last_foreign_ < kIdleAfter;
}

void Governor::Observe(const Measured& batch) {
  busy_in_a_row_ = 0;
  if (batch.foreign_commits) last_foreign_ = batch.at;
  const bool live = Live(batch.at);
  const Micros target = live ? kHoldLive : kHoldIdle;
  const double held =
      std::max<double>(static_cast<double>(batch.lock_held.count()), 1.0);
  // At most doubled and at least halved, so that one odd batch misleads little.
  const double factor =
      std::clamp(static_cast<double>(target.count()) / held, 0.5, 2.0);
  row_limit_ = std::clamp(
      static_cast<std::int64_t>(static_cast<double>(row_limit_) * factor),
      kLeast, kMost);
  pause_ =
      live ? std::clamp<Micros>(batch.lock_held * kLiveShare + batch.lock_wait,
                                kBreath, kLongestPause)
           : kBreath;
  if (manner_ == Manner::kYielding) {
    reason_ = "outside the quiet hours";
  } else {
    reason_ = live ? "the farm is writing" : "full speed";
  }
}

void Governor::ObserveBusy(Instant at) {
  last_foreign_ = at;
  row_limit_ = std::max(row_limit_ / 2, kLeast);
  pause_ = std::min<Micros>(
      kFirstBusyPause * (1 << std::min(busy_in_a_row_, 8)), kLongestPause);
  ++busy_in_a_row_;
  reason_ = "the database is busy";
}

}  // namespace retentiond
