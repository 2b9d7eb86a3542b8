#include "run/governor.h"

#include <gtest/gtest.h>

#include <chrono>

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kStart{std::chrono::sys_days(std::chrono::year(2026) / 3 / 16)};

Governor::Measured Took(Micros held, Instant at = kStart) {
  return {.at = at, .rows = 100, .lock_held = held};
}

TEST(GovernorTest, GrowsTowardsFiftyMillisecondsOnAnIdleFarm) {
  Governor governor(Governor::Manner::kNormal, {});
  for (int i = 0; i < 20; ++i) {
    // A database that takes 10 us a row.
    governor.Observe(Took(Micros(10) * governor.row_limit()));
  }
  EXPECT_NEAR(static_cast<double>(governor.row_limit()), 5000, 50);
  EXPECT_EQ(governor.reason(), "full speed");
  EXPECT_LE(governor.pause(), milliseconds(2));
}

TEST(GovernorTest, ShrinksToFiveMillisecondsWhileOthersCommit) {
  Governor governor(Governor::Manner::kNormal, {});
  for (int i = 0; i < 20; ++i) {
    Governor::Measured batch = Took(Micros(10) * governor.row_limit());
    batch.foreign_commits = true;
    governor.Observe(batch);
  }
  EXPECT_NEAR(static_cast<double>(governor.row_limit()), 500, 10);
  EXPECT_EQ(governor.reason(), "the farm is writing");
}

TEST(GovernorTest, LeavesTheFarmFourFifthsOfTheTime) {
  Governor governor(Governor::Manner::kNormal, {});
  governor.Observe({.at = kStart,
                    .rows = 100,
                    .lock_wait = milliseconds(3),
                    .lock_held = milliseconds(5),
                    .foreign_commits = true});
  EXPECT_EQ(governor.pause(), milliseconds(23));
}

TEST(GovernorTest, CountsTheFarmAsIdleAfterASecondWithoutAForeignCommit) {
  Governor governor(Governor::Manner::kNormal, {});
  Governor::Measured foreign = Took(milliseconds(5));
  foreign.foreign_commits = true;
  governor.Observe(foreign);
  governor.Observe(Took(milliseconds(5), kStart + seconds(1) - Micros(1)));
  EXPECT_EQ(governor.reason(), "the farm is writing");
  governor.Observe(Took(milliseconds(5), kStart + seconds(1)));
  EXPECT_EQ(governor.reason(), "full speed");
}

TEST(GovernorTest, OneOddBatchChangesTheLimitByAFactorOfTwoAtMost) {
  Governor governor(Governor::Manner::kNormal, {});
  const std::int64_t before = governor.row_limit();
  governor.Observe(Took(Micros(0)));
  EXPECT_EQ(governor.row_limit(), 2 * before);
  governor.Observe(Took(milliseconds(100)));
  EXPECT_EQ(governor.row_limit(), before);
}

TEST(GovernorTest, ABatchThatTookFarTooLongIsMadeUpForAtOnce) {
  Governor governor(Governor::Manner::kNormal, {});
  const std::int64_t before = governor.row_limit();
  for (int i = 0; i < 4; ++i) governor.Observe(Took(Micros(0)));
  EXPECT_EQ(governor.row_limit(), 16 * before);
  governor.Observe(Took(seconds(9)));
  EXPECT_EQ(governor.row_limit(), before);
}

TEST(GovernorTest, StaysWithinItsBounds) {
  Governor governor(Governor::Manner::kNormal, {});
  for (int i = 0; i < 50; ++i) governor.Observe(Took(Micros(1)));
  EXPECT_EQ(governor.row_limit(), 50'000);
  for (int i = 0; i < 50; ++i) governor.Observe(Took(seconds(9)));
  EXPECT_EQ(governor.row_limit(), 10);
}

TEST(GovernorTest, BacksOffFromABusyDatabaseAndComesBack) {
  Governor governor(Governor::Manner::kNormal, {});
  governor.ObserveBusy(kStart);
  EXPECT_EQ(governor.pause(), milliseconds(100));
  governor.ObserveBusy(kStart);
  EXPECT_EQ(governor.pause(), milliseconds(200));
  for (int i = 0; i < 20; ++i) governor.ObserveBusy(kStart);
  EXPECT_EQ(governor.pause(), seconds(15));
  EXPECT_EQ(governor.row_limit(), 10);
  EXPECT_EQ(governor.reason(), "the database is busy");
  governor.Observe(Took(milliseconds(1), kStart + seconds(5)));
  EXPECT_EQ(governor.pause(), milliseconds(2));
}

TEST(GovernorTest, TakesTheTimesThatTheDatabaseBears) {
  Governor governor(Governor::Manner::kNormal,
                    {.live = milliseconds(50), .live_rests = 1});
  governor.Observe({.at = kStart,
                    .rows = 100,
                    .lock_held = milliseconds(25),
                    .foreign_commits = true});
  EXPECT_EQ(governor.row_limit(), 200);
  EXPECT_EQ(governor.pause(), milliseconds(25));
}

TEST(GovernorTest, SlowsDownWhileOthersWaitForLocks) {
  Governor governor(Governor::Manner::kNormal, {});
  governor.ObserveLoad({.waiting = 1}, kStart);
  EXPECT_FALSE(governor.stopped());
  governor.Observe(Took(milliseconds(5), kStart));
  EXPECT_EQ(governor.pause(), milliseconds(40));
  EXPECT_EQ(governor.reason(), "others wait for locks");
  governor.ObserveLoad({}, kStart + seconds(1));
  governor.Observe(Took(milliseconds(5), kStart + seconds(1)));
  EXPECT_EQ(governor.pause(), milliseconds(2));
  EXPECT_EQ(governor.reason(), "full speed");
}

TEST(GovernorTest, StopsForACrowdAndLooksTwice) {
  Governor governor(Governor::Manner::kNormal, {});
  governor.ObserveLoad({.waiting = 5}, kStart);
  EXPECT_TRUE(governor.stopped());
  EXPECT_EQ(governor.pause(), milliseconds(25));
  governor.ObserveLoad({.waiting = 7}, kStart);
  EXPECT_EQ(governor.pause(), milliseconds(100));
  for (int i = 0; i < 20; ++i) governor.ObserveLoad({.waiting = 7}, kStart);
  EXPECT_EQ(governor.pause(), seconds(15));
  governor.ObserveLoad({.waiting = 4}, kStart);
  EXPECT_FALSE(governor.stopped());
}

TEST(GovernorTest, StopsUntilAReplicaHasCaughtUp) {
  Governor governor(Governor::Manner::kNormal, {});
  governor.ObserveLoad({.replica_lag = milliseconds(3)}, kStart);
  EXPECT_FALSE(governor.stopped());
  governor.ObserveLoad({.replica_lag = milliseconds(1003)}, kStart);
  EXPECT_FALSE(governor.stopped());
  governor.Observe(Took(milliseconds(5), kStart));
  EXPECT_EQ(governor.reason(), "a replica lags behind");
  governor.ObserveLoad({.replica_lag = seconds(11)}, kStart);
  EXPECT_TRUE(governor.stopped());
  governor.ObserveLoad({.replica_lag = seconds(9)}, kStart);
  EXPECT_FALSE(governor.stopped());
}

TEST(GovernorTest, StopsWhileAReaderKeepsTheLogLong) {
  constexpr std::int64_t kMiB = 1 << 20;
  Governor governor(Governor::Manner::kNormal, {});
  governor.ObserveLoad({.kept_log_bytes = 40 * kMiB - 1}, kStart);
  EXPECT_FALSE(governor.stopped());
  governor.ObserveLoad({.kept_log_bytes = 40 * kMiB}, kStart);
  EXPECT_TRUE(governor.stopped());
  EXPECT_EQ(governor.reason(), "a reader keeps the log from being emptied");
  governor.ObserveLoad({}, kStart);
  EXPECT_FALSE(governor.stopped());
}

TEST(GovernorTest, DoesNotMindAReplicaThatIsBehindAnyhow) {
  Governor governor(Governor::Manner::kNormal, {});
  governor.ObserveLoad({.replica_lag = std::chrono::hours(1)}, kStart);
  governor.ObserveLoad({.replica_lag = std::chrono::hours(1)}, kStart);
  EXPECT_FALSE(governor.stopped());
  governor.Observe(Took(milliseconds(5), kStart));
  EXPECT_EQ(governor.reason(), "full speed");
}

TEST(GovernorTest, YieldsOutsideTheQuietHoursWhateverTheFarmDoes) {
  Governor governor(Governor::Manner::kYielding, {});
  governor.Observe(Took(milliseconds(5)));
  EXPECT_EQ(governor.pause(), milliseconds(20));
  EXPECT_EQ(governor.reason(), "outside the quiet hours");
}

}  // namespace
}  // namespace retentiond
