// The daemon as a service: signals, reloads, the watchdog, the status line, and
// schedules and zones that change under it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "run/daemon.h"
#include "testing/run/daemon_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// --- reloads

TEST_F(DaemonTest, TakesAChangedTimeOfDayFromTheNextDateOn) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start - hours(1));
  config_.schedule.at = hours(2) + minutes(30);
  reload_ = true;
  LiveUntil(*daemon, slot().start);
  EXPECT_THAT(Runs(), IsEmpty());
  EXPECT_THAT(service_.said, ElementsAre("reloading", "ready"));
  LiveUntil(*daemon, slot().start + seconds(1));
  EXPECT_THAT(Runs(), SizeIs(1));
  const Instant next = slot().start + days(1) - minutes(30);
  LiveUntil(*daemon, next);
  EXPECT_THAT(Runs(), SizeIs(1));
  LiveUntil(*daemon, next + seconds(1));
  EXPECT_THAT(Runs(), SizeIs(2));
}

TEST_F(DaemonTest, TakesItFromTheNextDateOnOverARestartToo) {
  AddJob("young", slot().cutoff + days(30));
  { LiveUntil(*Start(), slot().start - hours(1)); }
  config_.schedule.at = hours(2) + minutes(30);
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start - minutes(1));
  EXPECT_THAT(Runs(), IsEmpty());
  LiveUntil(*daemon, slot().start + minutes(1));
  EXPECT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(observer_.waits.back(), slot().start + days(1) - minutes(30));
}

TEST_F(DaemonTest, RunsNoDateTwiceAfterAChangeOfZone) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + hours(1));
  config_.schedule.timezone = "America/Los_Angeles";
  reload_ = true;
  // Its 03:00 of the same date would be at 10:00Z.
  LiveUntil(*daemon, slot().start + days(1));
  EXPECT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(observer_.waits.back(), slot().start + days(1) + hours(7));
}

TEST_F(DaemonTest, KeepsTheOldConfigurationWhenTheNewOneIsWrong) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  load_settings_ = [] {
    return absl::InvalidArgumentError("retentiond.toml:3: unknown key");
  };
  reload_ = true;
  LiveUntil(*daemon, slot().start + seconds(1));
  EXPECT_THAT(service_.said, ElementsAre("reloading", "ready"));
  EXPECT_THAT(service_.status,
              Contains(HasSubstr("keeping the old configuration")));
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  EXPECT_THAT(Runs(), SizeIs(1));
}

TEST_F(DaemonTest, KeepsTheOldConfigurationWhenTheNewDatabaseIsNotThere) {
  const auto daemon = Start();
  daemon->Turn();
  config_.schedule.at = hours(5);
  reload_ = true;
  database_.script().Fail("Open", 1, absl::NotFoundError("no such file"));
  daemon->Turn();
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  EXPECT_EQ(observer_.waits.back(), slot().start);
  // It goes away between the check and the adoption.
  reload_ = true;
  database_.script().Fail("Open", 2, absl::NotFoundError("no such file"));
  daemon->Turn();
  EXPECT_THAT(observer_.troubles, SizeIs(2));
  LiveUntil(*daemon, slot().start + minutes(1));
  EXPECT_EQ(observer_.waits.back(), slot().start + days(1));
}

TEST_F(DaemonTest, AdoptsACheckedConfigurationWhenTheServerIsBack) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start - hours(1));
  config_.schedule.at = hours(5);
  reload_ = true;
  database_.script().Fail("Open", 2, absl::UnavailableError("restarting"));
  daemon->Turn();
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  LiveUntil(*daemon, slot().start + minutes(1));
  EXPECT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(observer_.waits.back(), slot().start + days(1) + hours(2));
}

TEST_F(DaemonTest, ReloadsInTheMiddleOfARunAndAdoptsAfterIt) {
  for (int i = 10; i < 30; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  AddJob("young", slot().cutoff + days(6));
  database_.lock_held = seconds(1);
  const auto daemon = Start();
  observer_.at_batch = [this] {
    config_.schedule.at = hours(5);
    reload_ = true;
    observer_.at_batch = nullptr;
    wakeup_.Notify();
  };
  std::vector<std::string> said;
  observer_.at_phase = [&](const std::string& phase) {
    if (phase == "close") said = service_.said;
  };
  LiveUntil(*daemon, slot().start + minutes(30));
  EXPECT_THAT(said, ElementsAre("reloading", "ready"));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_EQ(observer_.waits.back(), slot().start + days(1) + hours(2));
}

TEST_F(DaemonTest, TriesAgainAtOnceWithANewConfiguration) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  database_.script().Fail("Open", 1, absl::UnavailableError("away"));
  daemon->Turn();
  EXPECT_THAT(Runs(), IsEmpty());
  reload_ = true;
  daemon->Turn();
  EXPECT_THAT(Runs(), SizeIs(1));
}

// --- zones

class ZoneUpdateTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    MakeTree(root_path(), {Dir("zones")});
    setenv("TZDIR", InRoot("zones").c_str(), 1);
    Install("GMT-2");
    config_.schedule.timezone = "Town";
    AddJob("young", slot().cutoff + days(30));
  }
  void TearDown() override {
    unsetenv("TZDIR");
    DaemonTest::TearDown();
  }
  void Install(const std::string& zone) {
    std::filesystem::copy_file("/usr/share/zoneinfo/Etc/" + zone,
                               InRoot("zones/fresh"));
    std::filesystem::rename(InRoot("zones/fresh"), InRoot("zones/Town"));
  }
};

TEST_F(ZoneUpdateTest, NoticesAnUpdateOnDisk) {
  const auto daemon = Start();
  daemon->Turn();
  daemon->Turn();
  EXPECT_EQ(observer_.waits.back(), slot().start - hours(2));
  Install("GMT-1");  // the law was changed
  daemon->Turn();
  EXPECT_EQ(observer_.waits.back(), slot().start - hours(1));
  EXPECT_EQ(CountEvents("zone-data"), 1);
  EXPECT_THAT(observer_.notices, ElementsAre(HasSubstr("Town have changed")));
  LiveUntil(*daemon, slot().start);
  EXPECT_THAT(Runs(), SizeIs(1));
}

TEST_F(ZoneUpdateTest, AuditsAnUpdateThatComesWhileTheServerIsAway) {
  const auto daemon = Start();
  daemon->Turn();
  Install("GMT-1");
  database_.script().Fail("Open", 1, absl::UnavailableError("restarting"));
  daemon->Turn();
  EXPECT_EQ(CountEvents("zone-data"), 0);
  LiveUntil(*daemon, clock_.Now() + minutes(1));
  EXPECT_EQ(CountEvents("zone-data"), 1);
}

TEST_F(ZoneUpdateTest, RunsNoDateTwiceWhenTheRulesMoveItsSlot) {
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start - hours(1) - minutes(30));
  EXPECT_THAT(Runs(), SizeIs(1));
  Install("GMT-1");
  LiveUntil(*daemon, slot().start + hours(12));
  EXPECT_THAT(Runs(), SizeIs(1));
}

TEST_F(ZoneUpdateTest, KeepsTheRulesWhenTheNewFileIsBroken) {
  const auto daemon = Start();
  daemon->Turn();
  std::filesystem::remove(InRoot("zones/Town"));
  MakeTree(InRoot("zones"), {File("Town", "half a file")});
  daemon->Turn();
  daemon->Turn();
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  EXPECT_EQ(observer_.waits.back(), slot().start - hours(2));
}

// --- signs of life

TEST_F(DaemonTest, IsAliveThroughoutALongSurveyAndALongSweep) {
  for (int i = 10; i < 40; ++i) {
    AddJob("job" + std::to_string(i), slot().cutoff + days(1));
  }
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  calls_ = ScriptedCalls([this](const FileCall&) {
    clock_.Advance(seconds(1));
    return 0;
  });
  at_question_ = [this] { clock_.Advance(seconds(1)); };
  const std::size_t before = service_.alive.size();
  const Micros begin = clock_.BootTime();
  daemon->Turn();
  EXPECT_GT(clock_.BootTime() - begin, seconds(60));
  Micros longest{0};
  for (std::size_t i = before; i < service_.alive.size(); ++i) {
    longest = std::max(longest, service_.alive[i] - service_.alive[i - 1]);
  }
  EXPECT_LE(longest, seconds(16));  // the sleep before the turn
  EXPECT_GT(service_.alive.size() - before, 10U);
}

TEST_F(DaemonTest, ShowsTheNextRunTheLastResultAndTheProgress) {
  for (int i = 10; i < 30; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  AddJob("young", slot().cutoff + days(6));
  database_.lock_held = seconds(1);
  {
    const auto daemon = Start();
    LiveUntil(*daemon, slot().start);
    EXPECT_EQ(service_.status.back(), "next run 2040-03-16T03:00:00+00:00");
    LiveUntil(*daemon, slot().start + minutes(1));
  }
  EXPECT_THAT(service_.status, Contains("cleaning 2040-03-16: survey"));
  EXPECT_THAT(service_.status,
              Contains(::testing::MatchesRegex(
                  "cleaning 2040-03-16: batches, [1-9][0-9]? % of 20 jobs")));
  const std::string waiting =
      "next run 2040-03-17T03:00:00+00:00; last run 2040-03-16: success, 20 "
      "jobs";
  EXPECT_EQ(service_.status.back(), waiting);
  // And after a restart.
  service_.status.clear();
  Start()->Turn();
  EXPECT_THAT(service_.status, ElementsAre(waiting));
}

TEST_F(DaemonTest, SaysThatItStops) {
  stop_ = true;
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  EXPECT_THAT(service_.said, ElementsAre("ready", "stopping"));
}

TEST_F(DaemonTest, StopsAndStartsThoughItCannotNoteTheTime) {
  const auto daemon = Start();
  database_.script().Fail("Open", 1, absl::UnavailableError("away"));
  daemon->Stop();
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  database_.script().Fail("WriteNote", 1, absl::UnavailableError("away"));
  daemon->Stop();
  EXPECT_THAT(observer_.troubles, SizeIs(2));
  database_.script().Fail("ReadAnchor", 1, absl::UnavailableError("away"));
  EXPECT_TRUE(MakeDaemon()->Start().ok());
  EXPECT_THAT(observer_.troubles, SizeIs(3));
}

// --- stopped in each phase

class StopInPhaseTest : public DaemonTest,
                        public testing::WithParamInterface<const char*> {};

TEST_P(StopInPhaseTest, ComesToTheSameEndAfterARestart) {
  for (int i = 10; i < 30; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  AddJob("young", slot().cutoff + days(6));
  MakeTree(InRoot("temp"), {Dir("gone", {File("frame.png")})});
  database_.lock_held = seconds(1);
  observer_.at_phase = [this](const std::string& phase) {
    if (phase == GetParam()) stop_ = true;
  };
  LiveUntil(*Start(), slot().start + minutes(1));
  ASSERT_TRUE(stop_);
  stop_ = false;
  observer_.at_phase = nullptr;
  // A run that was not begun yet is made up after settling.
  LiveUntil(*Start(), clock_.Now() + minutes(12));
  ASSERT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(Runs()[0].outcome, RunOutcome::kSuccess);
  EXPECT_EQ(Runs()[0].jobs_deleted, 20);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_FALSE(Exists("temp/gone"));
  EXPECT_FALSE(Exists("logs/old29.log"));
  EXPECT_TRUE(Exists("temp/young/frame.png"));
  EXPECT_EQ(CountEvents("run-begin"), 1);
  EXPECT_EQ(CountEvents("run-end"), 1);
  EXPECT_THAT(Runs()[0].phases_s,
              Not(Contains(::testing::Key(HasSubstr("interrupted")))));
}

INSTANTIATE_TEST_SUITE_P(Phases, StopInPhaseTest,
                         testing::Values("survey", "recover", "batches",
                                         "orphans", "tidy-up", "close"),
                         [](const testing::TestParamInfo<const char*>& phase) {
                           std::string name = phase.param;
                           std::erase(name, '-');
                           return name;
                         });

// --- dates that were run under another clock

TEST_F(DaemonTest, RunsNoDateAgainThatWasRunUnderAClockAhead) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + days(1) + minutes(1));
  ASSERT_THAT(Runs(), SizeIs(2));
  // The clock is found to be right now, and the last slot is set back.
  ASSERT_TRUE(database_.Open().state->SetLastSlot(slot().date).ok());
  clock_.StepWall(-days(1));
  clock_.set_synchronised(true);
  LiveUntil(*daemon, slot().start + days(2) + minutes(1));
  EXPECT_THAT(Runs(), SizeIs(3));
  EXPECT_EQ(Runs()[0].slot, slot().date + days(2));
  EXPECT_THAT(observer_.notices, Contains(HasSubstr("was completed before")));
}

TEST_F(DaemonTest, FindsOnlyAtTheClaimThatAnotherHasRunTheSlot) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  database_.script().Before("BeginRun", 1, [this] {
    return database_.Open().state->SetLastSlot(slot().date);
  });
  LiveUntil(*daemon, slot().start + minutes(1));
  EXPECT_THAT(Runs(), IsEmpty());
  EXPECT_EQ(observer_.waits.back(), slot().start + days(1));
}

// --- slow runs

TEST_F(DaemonTest, MarksARunThatTookThriceTheMedian) {
  AddJob("young", slot().cutoff + days(6));
  const auto daemon = Start();
  for (int night = 0; night < 8; ++night) {
    AddJob("job" + std::to_string(night), BeforeCutoff(1));
    const Micros takes = night == 7 ? seconds(301) : seconds(100);
    observer_.at_batch = [this, takes] {
      clock_.Advance(takes);
      observer_.at_batch = nullptr;
    };
    LiveUntil(*daemon, slot().start + days(night) + minutes(10));
  }
  ASSERT_THAT(Runs(), SizeIs(8));
  EXPECT_THAT(Runs()[0].marks, ElementsAre("slow"));
  EXPECT_THAT(Runs()[1].marks, IsEmpty());
  EXPECT_EQ(observer_.ended.back().marks, Runs()[0].marks);
}

}  // namespace
}  // namespace retentiond
