// What an observer is told besides the events that the log shows.
#include "run/observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "testing/run/cleanup_fixture.h"
#include "testing/run/daemon_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::SizeIs;

class RunObservedTest : public CleanupTest {};

TEST_F(RunObservedTest, IsToldWhatASurveyFound) {
  AddTwenty();
  AddJob("working", BeforeCutoff(30), "RENDERING");
  MustRun();
  ASSERT_THAT(observer_.surveys, SizeIs(1));
  EXPECT_EQ(observer_.surveys[0].total, 22);
  EXPECT_EQ(observer_.surveys[0].oldest_kept, BeforeCutoff(30));
  EXPECT_EQ(observer_.backlogs.front().jobs, 20);
  EXPECT_EQ(observer_.backlogs.front().oldest, BeforeCutoff(1) + minutes(10));
}

TEST_F(RunObservedTest, SeesTheBacklogShrinkAndGrowYounger) {
  AddTwenty();
  MustRun();
  ASSERT_GT(observer_.backlogs.size(), 3U);
  for (std::size_t i = 1; i < observer_.backlogs.size(); ++i) {
    const Backlog& before = observer_.backlogs[i - 1];
    const Backlog& after = observer_.backlogs[i];
    EXPECT_LE(after.jobs, before.jobs);
    EXPECT_EQ(after.oldest.has_value(), after.jobs > 0);
    if (after.jobs > 0) {
      EXPECT_GE(after.oldest, before.oldest);
    }
  }
  // The last batch but one left some, which are older than what went.
  EXPECT_GT(observer_.backlogs[1].oldest, BeforeCutoff(1) + minutes(10));
  EXPECT_EQ(observer_.backlogs.back().jobs, 0);
}

TEST_F(RunObservedTest, IsToldWhyTheDatabaseIsLeftAlone) {
  AddTwenty();
  database_.script().Fail("DeleteBatch", 1, absl::AbortedError("locked"));
  MustRun();
  EXPECT_EQ(observer_.pauses.front(), "the database is busy");
  EXPECT_THAT(observer_.pauses, Contains("the farm is writing"));
}

TEST_F(RunObservedTest, IsToldHowFarAServerElsewhereIsAhead) {
  AddJob("young", slot().cutoff);
  database_.server = [this] {
    return ServerClock{.wall = clock_.Now() + seconds(20), .elsewhere = true};
  };
  MustRun();
  ASSERT_TRUE(observer_.clock.has_value());
  EXPECT_EQ(observer_.clock->server_ahead, seconds(20));
}

TEST_F(RunObservedTest, IsToldOfNoSkewWhereTheServerIsNoWitness) {
  AddJob("young", slot().cutoff);
  database_.server = [this] {
    return ServerClock{.wall = clock_.Now(), .elsewhere = false};
  };
  MustRun();
  ASSERT_TRUE(observer_.clock.has_value());
  EXPECT_EQ(observer_.clock->server_ahead, std::nullopt);
}

class DaemonObservedTest : public DaemonTest {};

TEST_F(DaemonObservedTest, IsToldOfAnEmptyPast) {
  AddJob("young", slot().cutoff + days(30));
  Start();
  ASSERT_THAT(observer_.histories, SizeIs(1));
  EXPECT_EQ(observer_.histories[0].last_run, std::nullopt);
  EXPECT_EQ(observer_.histories[0].last_success, std::nullopt);
  ASSERT_TRUE(observer_.clock.has_value());
  EXPECT_EQ(observer_.clock->kernel_synchronised, clock_.Synchronised());
}

TEST_F(DaemonObservedTest, IsToldOfThePastAtARestart) {
  AddJob("young", slot().cutoff + days(30));
  { LiveUntil(*Start(), slot().start + minutes(1)); }
  observer_.histories.clear();
  Start();
  ASSERT_THAT(observer_.histories, SizeIs(1));
  const History& history = observer_.histories[0];
  ASSERT_TRUE(history.last_success.has_value());
  EXPECT_EQ(history.last_success->slot, slot().date);
  EXPECT_EQ(history.last_ended->id, history.last_success->id);
  EXPECT_EQ(history.last_run->id, history.last_success->id);
  EXPECT_EQ(history.audit_head->seq, Audit().back().seq);
}

TEST_F(DaemonObservedTest, IsToldOfTheRunThatJustEnded) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  LiveUntil(*daemon, slot().start + minutes(1));
  ASSERT_FALSE(observer_.histories.empty());
  EXPECT_TRUE(observer_.histories.back().last_success.has_value());
}

TEST_F(DaemonObservedTest, IsToldOfTheSettingsAtTheStartAndAfterAReload) {
  AddJob("young", slot().cutoff + days(30));
  const auto daemon = Start();
  ASSERT_THAT(observer_.settings, SizeIs(1));
  config_.schedule.window = hours(1);
  reload_ = true;
  LiveUntil(*daemon, clock_.Now() + minutes(1));
  ASSERT_THAT(observer_.settings, SizeIs(2));
  EXPECT_EQ(observer_.settings[1]->config.schedule.window, hours(1));
}

}  // namespace
}  // namespace retentiond
