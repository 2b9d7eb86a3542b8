// What the run and the daemon bring to the alert desk, and when they see to it.
#include "run/alert_desk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "testing/run/cleanup_fixture.h"
#include "testing/run/daemon_fixture.h"
#include "testing/run/recording_desk.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::IsEmpty;
using testing::SizeIs;

class RunAlertsTest : public CleanupTest {
 protected:
  void SetUp() override {
    CleanupTest::SetUp();
    desk_ = &recording_;
  }
  std::int64_t Waiting() {
    return database_.Open().state->ViewOutbox()->pending;
  }

  RecordingDesk recording_;
};

TEST_F(RunAlertsTest, TellsOfTheRunAsItIsClosed) {
  AddTwenty();
  recording_.report.notices = {{kNoticeRunSuccess, "all is well"}};
  recording_.report.channels = {{"slack", AlertChannel::Takes::kAll}};
  MustRun();
  ASSERT_THAT(recording_.reported, SizeIs(1));
  EXPECT_EQ(recording_.reported[0].outcome, RunOutcome::kSuccess);
  EXPECT_EQ(recording_.reported[0].jobs_deleted, 20);
  EXPECT_EQ(Waiting(), 1);
}

TEST_F(RunAlertsTest, TellsNothingOfARunThatCouldNotBeClosed) {
  recording_.report.notices = {{kNoticeRunSuccess, "all is well"}};
  recording_.report.channels = {{"slack", AlertChannel::Takes::kAll}};
  database_.script().Fail("CloseRun", 1, absl::UnavailableError("away"));
  EXPECT_FALSE(Run().ok());
  EXPECT_EQ(Waiting(), 0);
}

TEST_F(RunAlertsTest, TellsOfABlockWithItsRecord) {
  AddJob("old", BeforeCutoff(1));  // the first run would delete every job
  recording_.report.conditions = {{AlertKind::kBlocked, "", "the clock"}};
  recording_.report.channels = {{"slack", AlertChannel::Takes::kAll}};
  EXPECT_EQ(MustRun().outcome, RunOutcome::kBlocked);
  EXPECT_EQ(recording_.reported[0].outcome, RunOutcome::kBlocked);
  EXPECT_EQ(Waiting(), 1);
}

TEST_F(RunAlertsTest, SeesToThemWhenTheRunBegins) {
  recording_.has_work = true;
  MustRun();
  EXPECT_EQ(recording_.tended, 1);
}

TEST_F(RunAlertsTest, SeesToThemWhileTheRunGoesOn) {
  AddTwenty();
  recording_.has_work = true;
  observer_.at_batch = [this] { clock_.Advance(seconds(10)); };
  MustRun();
  EXPECT_GE(recording_.tended, static_cast<int>(observer_.batches.size()));
}

TEST_F(RunAlertsTest, GoesOnWhereTheyCannotBeSeenTo) {
  AddTwenty();
  recording_.has_work = true;
  database_.script().Fail("ViewOutbox", 1, absl::InternalError("damaged"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(observer_.troubles, SizeIs(1));
}

class DaemonAlertsTest : public DaemonTest {
 protected:
  void SetUp() override {
    DaemonTest::SetUp();
    desk_ = &recording_;
  }
  void AwayFor(Micros time) {
    const Instant until = clock_.Now() + time;
    while (clock_.Now() < until) {
      database_.script().Fail("Open", 1, absl::UnavailableError("away"));
      clock_.Sleep(std::max<Micros>(daemon_->Turn(), Micros(1)), wakeup_);
    }
  }
  void Begin() { daemon_ = Start(); }

  RecordingDesk recording_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(DaemonAlertsTest, BringsHowEachTurnHasEnded) {
  AddJob("young", slot().cutoff);
  Begin();
  daemon_->Turn();
  ASSERT_THAT(recording_.turns, SizeIs(1));
  EXPECT_TRUE(recording_.turns[0].ok());
  EXPECT_EQ(recording_.tended, 0);
  LiveUntil(*daemon_, slot().start + minutes(1));
  EXPECT_EQ(recording_.reported[0].outcome, RunOutcome::kSuccess);
}

TEST_F(DaemonAlertsTest, OpensTheDatabaseWhereThereIsWork) {
  Begin();
  recording_.has_work = true;
  const int opened = database_.script().Count("Open");
  daemon_->Turn();
  EXPECT_EQ(recording_.tended, 1);
  recording_.has_work = false;
  daemon_->Turn();
  // The first turn had looked at what is due, too.
  EXPECT_GT(database_.script().Count("Open"), opened);
  EXPECT_EQ(recording_.tended, 1);
}

TEST_F(DaemonAlertsTest, KeepsThemInMemoryWhileTheDatabaseIsAway) {
  Begin();
  daemon_->Turn();
  recording_.has_work = true;
  database_.script().Fail("Open", 1, absl::UnavailableError("away"));
  daemon_->Turn();
  EXPECT_EQ(recording_.from_memory, 1);
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  // Not asked again at once.
  daemon_->Turn();
  EXPECT_EQ(recording_.from_memory, 2);
  EXPECT_EQ(recording_.tended, 0);
  clock_.Advance(minutes(1));
  daemon_->Turn();
  EXPECT_EQ(recording_.tended, 1);
}

TEST_F(DaemonAlertsTest, TellsOfTheDatabaseThatKeepsARunFromBeginning) {
  Begin();
  daemon_->Turn();  // the first start is noted
  clock_.StepWall(slot().start - clock_.Now());
  recording_.has_work = true;
  AwayFor(minutes(14));
  EXPECT_EQ(recording_.overdue_turns, 0);
  EXPECT_GT(recording_.from_memory, 0);
  EXPECT_FALSE(recording_.turns.back().ok());
  AwayFor(minutes(30));
  ASSERT_TRUE(recording_.overdue.has_value());
  EXPECT_EQ(recording_.overdue->date, slot().date);
}

TEST_F(DaemonAlertsTest, IsNotLateWhileAnotherLeads) {
  Begin();
  ASSERT_TRUE(database_.Open().state->TakeLease("another", std::nullopt).ok());
  clock_.StepWall(slot().start + hours(1) - clock_.Now());
  daemon_->Turn();
  EXPECT_EQ(recording_.overdue_turns, 0);
}

class LooksAheadTest : public DaemonAlertsTest {
 protected:
  void SetUp() override {
    DaemonAlertsTest::SetUp();
    config_.alerts.command = {"/bin/true"};
    AddJob("young", slot().cutoff);
    AddJob("old", BeforeCutoff(1));
    clock_.StepWall(slot().start - hours(13) - clock_.Now());
    Begin();
  }
};

TEST_F(LooksAheadTest, SaysHoursAheadWhatALargeRunWillDelete) {
  LiveUntil(*daemon_, slot().start - kAnnounceAhead);
  EXPECT_THAT(recording_.ahead, IsEmpty());
  LiveUntil(*daemon_, slot().start - kAnnounceAhead + minutes(15));
  ASSERT_THAT(recording_.ahead, SizeIs(1));
  ASSERT_TRUE(recording_.ahead[0].has_value());
  EXPECT_EQ(recording_.ahead[0]->preview.slot.date, slot().date);
  EXPECT_EQ(recording_.ahead[0]->preview.to_delete, 1);
  // Once for each slot.
  LiveUntil(*daemon_, slot().start + hours(1));
  EXPECT_THAT(recording_.ahead, SizeIs(1));
  EXPECT_THAT(database_.Ids(), testing::ElementsAre("young"));
  LiveUntil(*daemon_, slot().start + hours(13));
  ASSERT_THAT(recording_.ahead, SizeIs(2));
  EXPECT_FALSE(recording_.ahead[1].has_value());
}

TEST_F(LooksAheadTest, IsSilentWhereNobodyCouldActAnyMore) {
  daemon_->Turn();
  clock_.StepWall(slot().start - kAnnounceUntil - clock_.Now());
  LiveUntil(*daemon_, slot().start - minutes(1));
  EXPECT_THAT(recording_.ahead, IsEmpty());
}

TEST_F(LooksAheadTest, TriesAgainInAnHour) {
  daemon_->Turn();
  clock_.StepWall(slot().start - hours(10) - clock_.Now());
  database_.script().Fail("Survey", 1, absl::InternalError("damaged"));
  daemon_->Turn();
  EXPECT_THAT(recording_.ahead, IsEmpty());
  EXPECT_THAT(observer_.troubles, SizeIs(1));
  EXPECT_TRUE(recording_.turns.back().ok());
  clock_.Advance(hours(1) - Micros(1));
  daemon_->Turn();
  EXPECT_THAT(recording_.ahead, IsEmpty());
  clock_.Advance(Micros(1));
  daemon_->Turn();
  EXPECT_THAT(recording_.ahead, SizeIs(1));
}

TEST_F(LooksAheadTest, IsEndedByTheSlot) {
  daemon_->Turn();
  clock_.StepWall(slot().start - hours(10) - clock_.Now());
  database_.script().Before("Survey", 1, [this] {
    clock_.StepWall(slot().start - clock_.Now());
    return absl::OkStatus();
  });
  daemon_->Turn();
  EXPECT_THAT(recording_.ahead, IsEmpty());
  EXPECT_THAT(observer_.troubles, IsEmpty());
}

TEST_F(LooksAheadTest, LooksAtNothingWhereNobodyIsTold) {
  config_.alerts = {};
  Begin();
  LiveUntil(*daemon_, slot().start);
  EXPECT_THAT(recording_.ahead, IsEmpty());
}

TEST_F(DaemonAlertsTest, SettlesThemAtTheEnd) {
  Begin();
  daemon_->Stop();
  EXPECT_EQ(recording_.settled, 1);
  database_.script().Fail("ViewOutbox", 1, absl::InternalError("damaged"));
  daemon_->Stop();
  EXPECT_EQ(recording_.settled, 2);
  EXPECT_THAT(observer_.troubles, SizeIs(1));
}

TEST_F(DaemonAlertsTest, TellsThatTheDatabaseIsNotThereAtTheStart) {
  database_.script().Fail("Open", 1, absl::UnavailableError("away"));
  int asked = 0;
  at_question_ = [&] { stop_ = ++asked > 2; };
  recording_.has_work = true;
  EXPECT_TRUE(MakeDaemon()->Serve().ok());
  ASSERT_FALSE(recording_.turns.empty());
  EXPECT_EQ(recording_.turns[0].code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(recording_.from_memory, 1);
}

}  // namespace
}  // namespace retentiond
