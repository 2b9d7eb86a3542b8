// The governor beside simulated farms: how far it overshoots, how soon it gives
// way, how soon it is back to speed.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "run/governor.h"

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kStart{std::chrono::sys_days(std::chrono::year(2026) / 3 / 16)};

// A farm as functions of the time since the start.
struct Farm {
  std::function<double(Micros)> us_per_row = [](Micros) { return 10.0; };
  std::function<bool(Micros)> writes = [](Micros) { return false; };
  std::function<int(Micros)> waiting = [](Micros) { return 0; };
  // Told at each step how long we worked in it, and how long it took.
  std::function<std::optional<Micros>(Micros worked, Micros elapsed)> lag =
      [](Micros, Micros) { return std::nullopt; };
  std::function<std::int64_t(Micros now, Micros worked)> kept_log_bytes =
      [](Micros, Micros) { return 0; };
};

// What came of a run beside it.
struct Outcome {
  Micros longest_hold{0};   // after the first second
  Micros worked{0};         // holding the lock
  int too_long = 0;         // batches of more than 52 ms
  Micros longest_pause{0};  // between two batches, looks included
  std::int64_t rows = 0;
};

class Simulation {
 public:
  explicit Simulation(Farm farm, BatchTimes times = {})
      : farm_(std::move(farm)), governor_(Governor::Manner::kNormal, times) {}

  // Batches and pauses for so long, as a run makes them.
  Outcome Go(Micros length) {
    Outcome outcome;
    const Micros end = now_ + length;
    const Micros settled = now_ + seconds(1);
    Micros paused{0};
    while (now_ < end) {
      Micros held{0};
      if (!governor_.stopped()) {
        held = Hold();
        outcome.rows += governor_.row_limit();
        outcome.worked += held;
        if (held > milliseconds(52)) ++outcome.too_long;
        if (now_ >= settled) {
          outcome.longest_hold = std::max(outcome.longest_hold, held);
        }
        outcome.longest_pause = std::max(outcome.longest_pause, paused);
        paused = Micros(0);
        now_ += held;
        governor_.Observe({.at = kStart + now_,
                           .rows = governor_.row_limit(),
                           .lock_held = held,
                           .foreign_commits = farm_.writes(now_)});
      }
      const auto lag = farm_.lag(held, held + last_pause_);
      const std::int64_t kept = farm_.kept_log_bytes(now_, held);
      if (now_ - asked_ >= milliseconds(200) || governor_.stopped()) {
        asked_ = now_;
        governor_.ObserveLoad({.waiting = farm_.waiting(now_),
                               .replica_lag = lag,
                               .kept_log_bytes = kept},
                              kStart + now_);
      }
      last_pause_ = governor_.pause();
      now_ += last_pause_;
      paused += last_pause_;
    }
    return outcome;
  }

  const Governor& governor() const { return governor_; }
  Micros now() const { return now_; }

 private:
  Micros Hold() const {
    return Micros(static_cast<std::int64_t>(
        farm_.us_per_row(now_) * static_cast<double>(governor_.row_limit())));
  }

  Farm farm_;
  Governor governor_;
  Micros now_{0};
  Micros asked_{-seconds(1)};
  Micros last_pause_{0};
};

TEST(GovernorSimulationTest, WorksNearlyAllTheTimeOnAnIdleFarm) {
  Simulation simulation{Farm()};
  const Outcome outcome = simulation.Go(seconds(60));
  EXPECT_GT(outcome.worked, seconds(57));
  EXPECT_LE(outcome.longest_hold, milliseconds(51));
  EXPECT_LE(outcome.longest_pause, milliseconds(2));
}

TEST(GovernorSimulationTest, GivesASaturatedFarmFourFifthsOfTheTime) {
  Simulation simulation({.writes = [](Micros) { return true; }});
  const Outcome outcome = simulation.Go(seconds(60));
  EXPECT_LE(outcome.longest_hold, Micros(5100));
  EXPECT_NEAR(static_cast<double>(outcome.worked.count()), 12e6, 0.3e6);
}

TEST(GovernorSimulationTest, GivesWayToABurstWithinFourBatches) {
  // Ten seconds of quiet, ten of work, and so on.
  const auto bursts = [](Micros now) { return now / seconds(10) % 2 == 1; };
  Simulation simulation({.writes = bursts});
  simulation.Go(seconds(10));
  int large_batches = 0;
  while (simulation.Go(Micros(1)).longest_hold == Micros(0) &&
         simulation.governor().row_limit() > 510) {
    ++large_batches;
  }
  EXPECT_LE(large_batches, 4);
  simulation.Go(seconds(10));
  // A second of quiet, and it doubles its way back.
  simulation.Go(seconds(2));
  EXPECT_GT(simulation.governor().row_limit(), 4900);
  EXPECT_EQ(simulation.governor().reason(), "full speed");
}

TEST(GovernorSimulationTest, ShrinksItsBatchesOnASlowDisk) {
  // Each row is forty times as dear for ten seconds, from the tenth on.
  const auto cost = [](Micros now) {
    return now >= seconds(10) && now < seconds(20) ? 400.0 : 10.0;
  };
  Simulation simulation({.us_per_row = cost});
  simulation.Go(seconds(10));
  const Outcome slow = simulation.Go(seconds(10));
  // The one that met it, one that was cut as far as one may be, and one more.
  EXPECT_LE(slow.too_long, 3);
  EXPECT_LE(slow.longest_hold, milliseconds(126));
  simulation.Go(seconds(2));
  EXPECT_GT(simulation.governor().row_limit(), 4500);
}

TEST(GovernorSimulationTest, KeepsTheLogShortBesideALongReader) {
  // 30 MB of log a second of work, kept by a reader for a minute.
  Micros worked_at_all{0};
  const auto kept = [&](Micros now, Micros worked) {
    worked_at_all += worked;
    return now < seconds(60) ? worked_at_all.count() * 30 : std::int64_t{0};
  };
  Simulation simulation({.kept_log_bytes = kept});
  simulation.Go(seconds(60));
  EXPECT_TRUE(simulation.governor().stopped());
  EXPECT_LE(worked_at_all.count() * 30, std::int64_t{64} << 20);
  simulation.Go(seconds(20));
  EXPECT_EQ(simulation.governor().reason(), "full speed");
}

TEST(GovernorSimulationTest, TakesTheLeastWhereAnIndexIsMissing) {
  Simulation simulation({.us_per_row = [](Micros) { return 100'000.0; }});
  simulation.Go(seconds(600));
  EXPECT_EQ(simulation.governor().row_limit(), 10);
}

TEST(GovernorSimulationTest, KeepsALaggingReplicaWithinItsLimit) {
  // The replica replays at half the speed at which we write.
  Micros behind{0};
  const auto lag = [&behind](Micros worked, Micros elapsed) {
    behind = std::max<Micros>(behind + 2 * worked - elapsed, Micros(0));
    return std::optional(behind);
  };
  Simulation simulation({.lag = lag},
                        {.live = milliseconds(50), .live_rests = 1});
  Micros worst{0};
  for (int i = 0; i < 600; ++i) {
    simulation.Go(milliseconds(100));
    worst = std::max(worst, behind);
  }
  EXPECT_LE(worst, milliseconds(1600));
  const Outcome outcome = simulation.Go(seconds(60));
  EXPECT_GT(outcome.worked, seconds(20));
}

TEST(GovernorSimulationTest, IsBackWithinASecondAfterACrowd) {
  const auto waiting = [](Micros now) { return now < seconds(5) ? 9 : 0; };
  Simulation simulation({.waiting = waiting});
  simulation.Go(seconds(5));
  EXPECT_TRUE(simulation.governor().stopped());
  EXPECT_EQ(simulation.governor().reason(), "others wait for locks");
  const Outcome after = simulation.Go(seconds(10));
  EXPECT_FALSE(simulation.governor().stopped());
  // Pauses double, so that it is away for as long again as the crowd was.
  EXPECT_LE(after.longest_pause, seconds(7));
}

}  // namespace
}  // namespace retentiond
