#include "run/governor.h"

#include <algorithm>
#include <chrono>

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Without a foreign commit for so long the farm counts as idle.
constexpr Micros kIdleAfter = seconds(1);

// A first batch that no database takes 5 ms for, so that the measuring itself
// disturbs nobody.
constexpr std::int64_t kFirstLimit = 100;
constexpr std::int64_t kLeast = 10;
constexpr std::int64_t kMost = 50'000;

// One odd batch misleads little. But who waits for a disk that has become slow
// cannot wait for many steps: one that took twice as long as any may is made up
// for at once.
constexpr double kUsualCut = 1.0 / 2;
constexpr double kSharpestCut = 1.0 / 16;
constexpr double kFastestGrowth = 2.0;

// SQLite's busy handler sleeps 1, 2, 5, 10 ms ... between its tries and is not
// fair: who never pauses starves the others.
constexpr Micros kBreath = milliseconds(2);
constexpr Micros kLongestPause = seconds(15);
constexpr Micros kFirstBusyPause = milliseconds(100);

// A replica that is so far behind wants less of us, or nothing for now. (gh-ost
// throttles at 1.5 s by default.)
constexpr Micros kLagIsMuch = seconds(1);
constexpr Micros kLagIsTooMuch = seconds(10);
// So many sessions that wait for locks are more than chance, where a second
// look finds them too.
constexpr int kCrowd = 5;
constexpr Micros kSecondLook = milliseconds(25);

// Kept by a reader in SQLite's log, which can only grow meanwhile: what comes
// between two looks has room below 64 MB.
constexpr std::int64_t kLogIsTooLong = std::int64_t{40} << 20;

Micros Doubled(Micros first, int times) {
  return std::min<Micros>(first * (1 << std::min(times, 8)), kLongestPause);
}

}  // namespace

Governor::Governor(Manner manner, const BatchTimes& times)
    : manner_(manner),
      times_(times),
      row_limit_(kFirstLimit),
      pause_(kBreath) {}

bool Governor::Live(Instant now) const {
  if (manner_ == Manner::kYielding) return true;
  return last_foreign_.has_value() && now - *last_foreign_ < kIdleAfter;
}

void Governor::Observe(const Measured& batch) {
  busy_in_a_row_ = 0;
  if (batch.foreign_commits) last_foreign_ = batch.at;
  const bool pressed =
      last_pressed_.has_value() && batch.at - *last_pressed_ < kIdleAfter;
  const bool live = Live(batch.at) || pressed;
  const Micros target = live ? times_.live : times_.idle;
  const double held =
      std::max<double>(static_cast<double>(batch.lock_held.count()), 1.0);
  const double cut =
      batch.lock_held > 2 * times_.idle ? kSharpestCut : kUsualCut;
  const double factor = std::clamp(static_cast<double>(target.count()) / held,
                                   cut, kFastestGrowth);
  row_limit_ = std::clamp(
      static_cast<std::int64_t>(static_cast<double>(row_limit_) * factor),
      kLeast, kMost);
  const int rests = pressed ? 2 * times_.live_rests : times_.live_rests;
  pause_ = live ? std::clamp<Micros>(batch.lock_held * rests + batch.lock_wait,
                                     kBreath, kLongestPause)
                : kBreath;
  if (pressed) {
    reason_ = pressure_;
  } else if (manner_ == Manner::kYielding) {
    reason_ = "outside the quiet hours";
  } else {
    reason_ = live ? "the farm is writing" : "full speed";
  }
}

void Governor::ObserveBusy(Instant at) {
  last_foreign_ = at;
  row_limit_ = std::max(row_limit_ / 2, kLeast);
  pause_ = Doubled(kFirstBusyPause, busy_in_a_row_);
  ++busy_in_a_row_;
  reason_ = "the database is busy";
}

void Governor::Press(const std::string& pressure, Instant at) {
  last_pressed_ = at;
  pressure_ = pressure;
}

void Governor::ObserveLoad(const FarmLoad& load, Instant at) {
  // One that is behind on purpose, or was before, is not so for our sake.
  const Micros lag = load.replica_lag.value_or(Micros(0));
  usual_lag_ = std::min(usual_lag_.value_or(lag), lag);
  const Micros behind = lag - *usual_lag_;
  const bool log_is_too_long = load.kept_log_bytes >= kLogIsTooLong;
  if (log_is_too_long) {
    Press("a reader keeps the log from being emptied", at);
  } else if (behind >= kLagIsMuch) {
    Press("a replica lags behind", at);
  } else if (load.waiting > 0) {
    Press("others wait for locks", at);
  }
  if (behind < kLagIsTooMuch && load.waiting < kCrowd && !log_is_too_long) {
    looks_in_a_row_ = 0;
    return;
  }
  pause_ = looks_in_a_row_ == 0 ? kSecondLook
                                : Doubled(kFirstBusyPause, looks_in_a_row_ - 1);
  ++looks_in_a_row_;
  reason_ = pressure_;
}

}  // namespace retentiond
