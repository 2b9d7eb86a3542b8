#include "run/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "run/lease_holder.h"
#include "testing/run/daemon_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(DaemonTest, RunsAtThreeAndNotBefore) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  EXPECT_THAT(database_.Ids(), SizeIs(2));
  LiveUntil(*daemon, slot().start + seconds(1));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  ASSERT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(Runs()[0].slot, slot().date);
  EXPECT_FALSE(Runs()[0].late);
}

TEST_F(DaemonTest, DeletesNothingBySurpriseOnAFirstStart) {
  AddJob("old", BeforeCutoff(1));
  const auto daemon = Start();
  LiveUntil(*daemon, clock_.Now() + hours(1));
  EXPECT_THAT(database_.Ids(), ElementsAre("old"));
  EXPECT_EQ(*database_.Open().state->LastSlot(), slot().date - days(1));
  EXPECT_EQ(observer_.waits.back(), slot().start);
}

TEST_F(DaemonTest, RunsOnceANightForAYear) {
  KeepStateInMemory();
  AddJob("young", slot().cutoff + days(800));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + days(365) - seconds(1));
  EXPECT_THAT(Runs(), SizeIs(365));
  EXPECT_EQ(CountEvents("run-begin"), 365);
}

TEST_F(DaemonTest, MakesUpTheLatestMissedNightOnceAfterSettling) {
  AddJob("young", slot().cutoff + days(30));
  { LiveUntil(*Start(), slot().start + minutes(1)); }
  clock_.set_synchronised(true);
  clock_.Reboot(days(3), minutes(1));
  const Instant up = clock_.Now();
  const auto daemon = Start();
  LiveUntil(*daemon, up + minutes(9));
  EXPECT_THAT(Runs(), SizeIs(1));
  LiveUntil(*daemon, up + minutes(11));
  ASSERT_THAT(Runs(), SizeIs(2));
  EXPECT_EQ(Runs()[0].slot, slot().date + days(3));
  EXPECT_TRUE(Runs()[0].late);
  EXPECT_THAT(observer_.missed,
              ElementsAre(slot().date + days(1), slot().date + days(2)));
  EXPECT_EQ(CountEvents("missed"), 1);
}

TEST_F(DaemonTest, ResumesARunThatWasBegunAtOnce) {
  for (int i = 10; i < 30; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  AddJob("young", slot().cutoff);
  database_.lock_held = seconds(1);
  observer_.at_batch = [this] { stop_ = true; };
  { LiveUntil(*Start(), slot().start + seconds(1)); }
  EXPECT_THAT(database_.Ids(), SizeIs(::testing::Gt(1U)));
  stop_ = false;
  observer_.at_batch = nullptr;
  const auto daemon = Start();
  daemon->Turn();
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_THAT(Runs(), SizeIs(1));
}

TEST_F(DaemonTest, ServesUntilItIsStopped) {
  AddJob("young", slot().cutoff);
  clock_.set_on_advance([this](Instant now) {
    if (now >= slot().start + minutes(5)) stop_ = true;
  });
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  EXPECT_THAT(Runs(), SizeIs(1));
}

TEST_F(DaemonTest, StopsRightAfterTheRunInWhichItWasAskedTo) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  observer_.at_begin = [this] { stop_ = true; };
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  EXPECT_EQ(Runs()[0].finished, std::nullopt);
}

TEST_F(DaemonTest, SaysAtTheStartWhatIsWrongWithTheDatabase) {
  database_.script().Fail("Open", 1, absl::NotFoundError("no such file"));
  EXPECT_EQ(MakeDaemon()->Serve().code(), absl::StatusCode::kNotFound);
  config_.schedule.timezone = "Mars/Olympus";
  EXPECT_FALSE(MakeDaemon()->Start().ok());
}

TEST_F(DaemonTest, TriesAgainWithGrowingPausesWhenTheDatabaseIsAway) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  const auto daemon = Start();
  daemon->Turn();  // the first start
  const int opened = database_.script().Count("Open");
  LiveUntil(*daemon, slot().start);
  for (int i = 1; i <= 5; ++i) {
    database_.script().Fail("Open", i, absl::UnavailableError("away"));
  }
  // 1, 2, 4, 8 and 16 seconds.
  LiveUntil(*daemon, slot().start + seconds(30));
  EXPECT_THAT(database_.Ids(), SizeIs(2));
  EXPECT_THAT(observer_.troubles, SizeIs(5));
  LiveUntil(*daemon, slot().start + seconds(35));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_GE(database_.script().Count("Open"), opened + 6);
}

TEST_F(DaemonTest, PausesLongerWhenTheDatabaseIsThereAndRefuses) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  database_.script().Fail("Open", 1, absl::PermissionDeniedError("no"));
  LiveUntil(*daemon, slot().start + seconds(14));
  EXPECT_THAT(database_.Ids(), SizeIs(2));
  LiveUntil(*daemon, slot().start + seconds(16));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
}

TEST_F(DaemonTest, ResumesWithinSecondsARunWhoseConnectionIsLost) {
  for (int i = 10; i < 30; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  AddJob("young", slot().cutoff);
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  database_.script().Fail("DeleteBatch", 2, absl::UnavailableError("lost"));
  LiveUntil(*daemon, slot().start + seconds(5));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  ASSERT_THAT(Runs(), SizeIs(1));
  EXPECT_EQ(Runs()[0].outcome, RunOutcome::kSuccess);
  EXPECT_EQ(Runs()[0].jobs_deleted, 20);
}

TEST_F(DaemonTest, WaitsAtTheStartForADatabaseThatIsNotUpYet) {
  AddJob("young", slot().cutoff);
  for (int i = 1; i <= 4; ++i) {
    database_.script().Fail("Open", i, absl::UnavailableError("away"));
  }
  clock_.set_on_advance([this](Instant now) {
    if (now >= slot().start + minutes(5)) stop_ = true;
  });
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  EXPECT_THAT(Runs(), SizeIs(1));
  EXPECT_THAT(observer_.troubles, SizeIs(4));
  // Its manager is not kept waiting, and shown what it waits for.
  EXPECT_THAT(service_.said, ElementsAre("ready", "ready", "stopping"));
  EXPECT_EQ(service_.status[0], "away, trying again in 1 s");
  EXPECT_EQ(service_.status[3], "away, trying again in 8 s");
}

TEST_F(DaemonTest, SaysWhatIsWrongWithADatabaseThatItWaitedFor) {
  database_.script().Fail("Open", 1, absl::UnavailableError("away"));
  database_.script().Fail("Open", 2, absl::PermissionDeniedError("password"));
  EXPECT_EQ(MakeDaemon()->Serve().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(DaemonTest, CanBeStoppedWhileItWaitsForTheDatabase) {
  for (int i = 1; i <= 100; ++i) {
    database_.script().Fail("Open", i, absl::UnavailableError("away"));
  }
  const Instant begin = clock_.Now();
  clock_.set_on_advance([&](Instant now) {
    if (now >= begin + minutes(5)) stop_ = true;
  });
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  EXPECT_LE(clock_.Now(), begin + minutes(6));
  EXPECT_EQ(service_.said.back(), "stopping");
}

TEST_F(DaemonTest, TriesANewConfigurationAtOnceWhileItWaits) {
  Start();  // its tables are there
  for (int i = 1; i <= 6; ++i) {
    database_.script().Fail("Open", i, absl::UnavailableError("away"));
  }
  const Instant begin = clock_.Now();
  Micros waited{0};
  clock_.set_on_advance([&](Instant now) {
    reload_ = service_.status.size() == 6;  // a pause of 32 s has begun
    stop_ = !observer_.waits.empty();
    if (!stop_) waited = now - begin;
  });
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  EXPECT_EQ(waited, seconds(1 + 2 + 4 + 8 + 16 + 15));
}

TEST_F(DaemonTest, TriesABlockedRunEveryMinuteUntilTheClockIsRight) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff + days(6));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + minutes(1));
  clock_.StepWall(days(3650));
  LiveUntil(*daemon, clock_.Now() + minutes(5));
  EXPECT_THAT(observer_.blocked, SizeIs(5));
  EXPECT_EQ(CountEvents("run-blocked"), 1);
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
  clock_.StepWall(-days(3650));
  LiveUntil(*daemon, slot().start + days(1) + minutes(1));
  ASSERT_THAT(Runs(), SizeIs(::testing::Ge(2U)));
  EXPECT_EQ(Runs()[0].slot, slot().date + days(1));
  EXPECT_EQ(Runs()[0].outcome, RunOutcome::kSuccess);
}

TEST_F(DaemonTest, KeepsTheAnchorEveryHourOnceARunHasSetIt) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start - minutes(1));
  EXPECT_EQ(*database_.Open().state->ReadAnchor(), std::nullopt);
  LiveUntil(*daemon, slot().start + hours(2));
  const auto anchor = *database_.Open().state->ReadAnchor();
  ASSERT_TRUE(anchor.has_value());
  EXPECT_GT(anchor->wall, slot().start + minutes(50));
}

TEST_F(DaemonTest, KeepsTheAnchorInTheDatabaseWhenTheStateDirectoryIsMissing) {
  MakeTree(root_path(), {File("state", "in the way")});
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + minutes(1));
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  EXPECT_TRUE(database_.Open().state->ReadAnchor()->has_value());
}

TEST_F(DaemonTest, StandsByWhileAnotherLeadsAndTakesOverAfterThirtySeconds) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  ASSERT_TRUE(database_.Open().state->TakeLease("another", std::nullopt).ok());
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + seconds(29));
  EXPECT_THAT(database_.Ids(), SizeIs(2));
  LiveUntil(*daemon, slot().start + seconds(40));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
}

TEST_F(DaemonTest, StandsByAsLongAsTheOtherRenews) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  const absl::StatusOr<Lease> other =
      database_.Open().state->TakeLease("another", std::nullopt);
  const auto daemon = Start();
  for (int i = 0; i < 20; ++i) {
    LiveUntil(*daemon, slot().start + seconds(10 * i));
    ASSERT_TRUE(database_.Open().state->RenewLease(*other).ok());
  }
  EXPECT_THAT(database_.Ids(), SizeIs(2));
}

TEST_F(DaemonTest, TakesOverFromADeadProcessOfThisMachineAtOnce) {
  AddJob("old", BeforeCutoff(1));
  AddJob("young", slot().cutoff);
  std::string dead = LeaseHolderOfThisProcess("farm", clock_.BootId());
  dead += "0";  // another start time: that process is gone
  ASSERT_TRUE(database_.Open().state->TakeLease(dead, std::nullopt).ok());
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + seconds(1));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
}

TEST_F(DaemonTest, StandsByWhenItsLeaseIsTakenInTheMiddle) {
  for (int i = 10; i < 30; ++i) {
    AddJob("old" + std::to_string(i), BeforeCutoff(1));
  }
  AddJob("young", slot().cutoff);
  observer_.at_batch = [this] {
    const Database other = database_.Open();
    ASSERT_TRUE(
        other.state->TakeLease("another", *other.state->ViewLease()).ok());
    observer_.at_batch = nullptr;
  };
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + seconds(20));
  EXPECT_THAT(observer_.batches, SizeIs(1));
  // The other never renews: the run is taken back and finished.
  LiveUntil(*daemon, slot().start + minutes(2));
  EXPECT_THAT(database_.Ids(), ElementsAre("young"));
}

TEST_F(DaemonTest, FindsThatAnotherHasRunTheSlot) {
  AddJob("old", BeforeCutoff(1));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  ASSERT_TRUE(database_.Open().state->SetLastSlot(slot().date).ok());
  LiveUntil(*daemon, slot().start + minutes(1));
  EXPECT_THAT(Runs(), IsEmpty());
}

TEST_F(DaemonTest, StopsASurveyThatItWasAskedToStop) {
  AddJob("old", BeforeCutoff(1));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start);
  stop_ = true;
  EXPECT_EQ(daemon->Turn(), Micros(0));
  EXPECT_THAT(observer_.troubles, IsEmpty());
}

}  // namespace
}  // namespace retentiond
