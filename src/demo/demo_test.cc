#include "demo/demo.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/demo/farm_fixture.h"

namespace retentiond {
namespace {

// A day of so many has more rows than the first batch may hold, so that a run
// can be killed between two batches.
constexpr int kJobs = 420;

class Watcher : public DemoObserver {
 public:
  void OnFarm(const FarmSummary& summary, const DemoCalendar&) override {
    farm = summary;
  }
  void OnNight(const NightReport& night, const DemoCalendar&) override {
    nights.push_back(night);
  }
  void OnEnd(const DemoFigures& end) override { figures = end; }

  FarmSummary farm;
  std::vector<NightReport> nights;
  DemoFigures figures;
};

class DemoTest : public FarmTest {
 protected:
  DemoParts Parts() {
    return {.directory = scratch_.path(),
            .jobs = kJobs,
            .today = *ParseInstant(kFarmToday),
            .build_date = *ParseInstant(kFarmToday),
            .calls = calls_,
            .open = OpenFarm,
            .stop_requested = [] { return false; }};
  }

  FileCalls calls_;
  Watcher watcher_;
};

std::string ViolationsOf(const Verdict& verdict) {
  std::string text;
  for (const PromiseVerdict& promise : verdict.promises) {
    for (const std::string& violation : promise.violations) {
      text += promise.promise + ": " + violation + "\n";
    }
  }
  return text;
}

TEST_F(DemoTest, KeepsAllPromisesThroughTenNightsWithACrashAndAnOffNight) {
  const absl::StatusOr<Verdict> verdict = RunDemo(Parts(), watcher_);
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_TRUE(verdict->holds()) << ViolationsOf(*verdict);
  ASSERT_EQ(watcher_.nights.size(), 10U);
  EXPECT_EQ(watcher_.nights[2].killed_after, 2);
  EXPECT_FALSE(watcher_.nights[5].run.late);
  EXPECT_TRUE(watcher_.nights[6].run.late);
  for (const NightReport& night : watcher_.nights) {
    EXPECT_GT(night.run.jobs_deleted, 0);
    EXPECT_GT(night.run.held, 0);
  }
  EXPECT_GT(watcher_.figures.submitted_while_cleaning, 0);
}

TEST_F(DemoTest, SeesAnOutputThatSomebodyTouchedInTheMeantime) {
  class Vandal : public Watcher {
   public:
    explicit Vandal(const FarmPaths& paths) : paths_(paths) {}
    void OnNight(const NightReport&, const DemoCalendar&) override {
      std::ofstream(paths_.outputs / "render-1.mp4") << "something else";
    }
    const FarmPaths& paths_;
  };
  Vandal vandal(paths_);
  const absl::StatusOr<Verdict> verdict = RunDemo(Parts(), vandal);
  ASSERT_TRUE(verdict.ok()) << verdict.status();
  EXPECT_FALSE(verdict->holds());
  EXPECT_EQ(ViolationsOf(*verdict),
            "Outputs are untouchable: " +
                (paths_.outputs / "render-1.mp4").string() + " has changed\n");
}

TEST_F(DemoTest, EndsWhenItIsAskedToStopWhileTheFarmIsBuilt) {
  DemoParts parts = Parts();
  parts.stop_requested = [] { return true; };
  EXPECT_TRUE(absl::IsAborted(RunDemo(parts, watcher_).status()));
}

TEST_F(DemoTest, EndsWhenItIsAskedToStopInTheNight) {
  DemoParts parts = Parts();
  parts.stop_requested = [&] { return watcher_.farm.jobs > 0; };
  EXPECT_TRUE(absl::IsAborted(RunDemo(parts, watcher_).status()));
}

TEST_F(DemoTest, SaysWhyTheDaemonFailed) {
  DemoParts parts = Parts();
  parts.open = [](const Config&, const Naming&, OpenMode) {
    return absl::StatusOr<Database>(absl::DataLossError("malformed"));
  };
  const absl::Status status = RunDemo(parts, watcher_).status();
  EXPECT_EQ(MessageOf(status), "the daemon has failed: malformed");
}

TEST_F(DemoTest, SaysThatANightEndedBeforeItCouldBeKilled) {
  DemoParts parts = Parts();
  parts.jobs = 14;
  const absl::Status status = RunDemo(parts, watcher_).status();
  EXPECT_NE(MessageOf(status).find("before it could be killed"),
            std::string::npos);
}

// In this process, which the other tests' nights are not.
class NightTest : public DemoTest {
 protected:
  NightTest()
      : config_(FarmConfig(paths_)),
        naming_(*Naming::Make(config_)),
        clock_(calendar_.daemon_starts),
        farm_(*SharedFarmMapping::Make()) {
    // Nobody submits anything that the clock would have to wait for.
    farm_->stop = true;
    EXPECT_TRUE(BuildFarm(paths_, calendar_, 28, [] { return false; }).ok());
  }
  absl::Status Live(const NightOrders& orders) {
    return LiveThrough({.config = config_,
                        .naming = naming_,
                        .clock = clock_,
                        .calls = calls_,
                        .open = open_,
                        .farm = *farm_,
                        .build_date = *ParseInstant(kFarmToday)},
                       orders);
  }

  Config config_;
  Naming naming_;
  SimulatedClock clock_;
  FarmOpener open_ = OpenFarm;
  SharedFarmMapping farm_;
};

TEST_F(NightTest, EndsWhenTheRunOfItsDateIsClosed) {
  const Slot& slot = calendar_.nights.front().slot;
  ASSERT_TRUE(
      Live({.date = slot.date, .until = slot.start + std::chrono::hours(1)})
          .ok());
  EXPECT_GE(clock_.Now(), slot.start);
  EXPECT_LT(clock_.Now(), slot.start + std::chrono::minutes(5));
  EXPECT_EQ(farm_->now_us, MicrosOf(clock_.Now()));
  EXPECT_FALSE(farm_->cleaning);
  EXPECT_GT(farm_->batches, 0);
}

TEST_F(NightTest, EndsAtTheInstantAtWhichTheMachineGoesOff) {
  const Instant off = calendar_.daemon_starts + std::chrono::hours(2);
  ASSERT_TRUE(Live({.until = off}).ok());
  EXPECT_EQ(clock_.Now(), off);
}

TEST_F(NightTest, SaysWhyTheRunWasNotClosedInTime) {
  const Slot& slot = calendar_.nights.front().slot;
  const absl::Status early = Live({.date = slot.date, .until = slot.start});
  EXPECT_EQ(early.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(MessageOf(early).find("nothing was due"), std::string::npos);
}

TEST_F(NightTest, TellsTheTroubleThatTheDaemonHad) {
  const Slot& slot = calendar_.nights.front().slot;
  int opened = 0;
  open_ = [&](const Config& config, const Naming& naming, OpenMode mode) {
    if (++opened == 1) return OpenFarm(config, naming, mode);
    return absl::StatusOr<Database>(absl::UnavailableError("not there"));
  };
  const absl::Status status =
      Live({.date = slot.date, .until = slot.start + std::chrono::hours(1)});
  EXPECT_NE(MessageOf(status).find("not there"), std::string::npos);
}

}  // namespace
}  // namespace retentiond
