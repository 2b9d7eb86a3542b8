#include "files/worker_crew.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class ThroughputTest : public testing::Test {
 protected:
  // Half a second in which so much is done.
  void Measure(std::int64_t work) {
    now_ += milliseconds(500);
    throughput_.Add(work, now_);
  }

  Throughput::Time now_;
  Throughput throughput_{3, now_};
};

TEST_F(ThroughputTest, AddsWorkersWhileTheyGetMoreDone) {
  EXPECT_EQ(throughput_.workers(), 1);
  Measure(1000);
  EXPECT_EQ(throughput_.workers(), 2);
  Measure(1150);
  EXPECT_EQ(throughput_.workers(), 3);
  Measure(2000);
  EXPECT_EQ(throughput_.workers(), 3);
  Measure(1);  // no trial: that the disk is slow now says nothing of workers
  EXPECT_EQ(throughput_.workers(), 3);
}

TEST_F(ThroughputTest, TakesAWorkerBackThatGetsLittleDone) {
  Measure(1000);
  Measure(1149);
  EXPECT_EQ(throughput_.workers(), 1);
  for (int i = 0; i < 59; ++i) Measure(1000);
  EXPECT_EQ(throughput_.workers(), 1);
  Measure(1000);
  EXPECT_EQ(throughput_.workers(), 2);
}

TEST_F(ThroughputTest, DecidesNothingFromAShortTime) {
  now_ += milliseconds(499);
  throughput_.Add(1'000'000, now_);
  EXPECT_EQ(throughput_.workers(), 1);
}

const WorkerCrew::Beat kNoBeat{.call = [] {}};

TEST(WorkerCrewTest, DoesEveryTask) {
  std::atomic<int> prepared{0};
  std::atomic<int> done{0};
  {
    WorkerCrew crew(
        4, [&] { ++prepared; }, kNoBeat);
    for (int i = 0; i < 100; ++i) {
      crew.Post([&](int) -> std::int64_t { return ++done; });
    }
    crew.Wait();
    EXPECT_EQ(done, 100);
    EXPECT_GE(prepared, 1);
    EXPECT_LE(prepared, 4);
    crew.Wait();  // with nothing to wait for
    crew.Post([&](int) -> std::int64_t { return ++done; });
  }
  EXPECT_EQ(done, 101);
}

TEST(WorkerCrewTest, LetsWorkersWorkAtTheSameTime) {
  WorkerCrew crew(
      2, [] {}, kNoBeat);
  // The first says that much was done in the time it takes; a second worker is
  // tried then, and the last two tasks wait for each other.
  const auto begun = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - begun < milliseconds(510)) {
    crew.Post([](int) -> std::int64_t { return 1; });
  }
  crew.Wait();
  std::latch both(2);
  for (int i = 0; i < 2; ++i) {
    crew.Post([&](int) -> std::int64_t {
      both.arrive_and_wait();
      return 1'000'000'000;
    });
  }
  crew.Wait();
  EXPECT_TRUE(both.try_wait());
}

TEST(WorkerCrewTest, BeatsWhileItWaits) {
  std::latch beaten(3);
  WorkerCrew crew(1, [] {},
                  {.call =
                       [&] {
                         if (!beaten.try_wait()) beaten.count_down();
                       },
                   .every = milliseconds(1)});
  for (int i = 0; i < 2; ++i) {
    crew.Post([&](int) -> std::int64_t {
      beaten.wait();  // or it never ends
      return 1;
    });
  }
  crew.Wait();
  EXPECT_TRUE(beaten.try_wait());
}

TEST(WorkerCrewTest, HasOneWorkerAtLeast) {
  WorkerCrew crew(
      0, [] {}, kNoBeat);
  bool done = false;
  crew.Post([&](int) -> std::int64_t { return done = true; });
  crew.Wait();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace retentiond
