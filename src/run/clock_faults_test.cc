// Clock faults as they come in the wild, lived through by the whole daemon. The
// fixture checks at every deletion that the job was seven days old in truth, so
// each of these fails when the rule that it is about is taken out of the guard
// (tools/mutants does that).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "testing/run/living_farm.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::Le;

constexpr Micros kTenYears = days(3653);

// Eight o'clock in the evening; the daemon has lived through two nights.
class ClockFaultTest : public LivingFarmTest {
 protected:
  void SetUp() override {
    LivingFarmTest::SetUp();
    StartDaemon();
    Live(days(2));
    ASSERT_EQ(Successes(), 2);
    ASSERT_THAT(OldestAge(), Le(days(8)));
  }
};

TEST_F(ClockFaultTest, BlocksWhileTheClockIsTenYearsAhead) {
  Step(kTenYears);
  LiveWithoutDeleting(days(3));
  EXPECT_TRUE(IsBlocked());
  EXPECT_THAT(Runs().front().blocked, ElementsAre("stepped"));
  // Once it is right again the next night runs as usual.
  Step(-kTenYears);
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(OldestAge(), Le(days(8)));
  EXPECT_EQ(CountEvents("clock-cleared"), 1);
}

TEST_F(ClockFaultTest, BlocksWhileTheClockIsOneDayAhead) {
  Step(days(1));
  LiveWithoutDeleting(days(3));
  EXPECT_TRUE(IsBlocked());
  Step(-days(1));
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
}

TEST_F(ClockFaultTest, BlocksWhileTheClockIsBehind) {
  for (const Micros step : {Micros(hours(20)), Micros(days(300))}) {
    submits_ = false;  // what is stamped meanwhile looks old for good
    Step(-step);
    LiveWithoutDeleting(days(2));
    submits_ = true;
    Step(step);
    Live(days(1));
    EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
    EXPECT_THAT(OldestAge(), Le(days(8)));
  }
}

TEST_F(ClockFaultTest, BlocksOnAClockThatIsBehindAfterAReboot) {
  submits_ = false;
  TurnOff(hours(1), -days(30));
  LiveWithoutDeleting(days(2));
  submits_ = true;
  TurnOff(minutes(5), days(30));
  // No anchor was set behind: only the two days lived there are unseen here.
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  clock_.set_synchronised(true);
  Live(days(1));
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

// The slot that is made up lies before either reading, so that only the anchor
// tells that the clock went back.
TEST_F(ClockFaultTest, MakesNoSlotUpByAClockThatWentBack) {
  clock_.set_synchronised(true);
  TurnOff(hours(20));
  Live(minutes(5));
  clock_.set_synchronised(false);
  TurnOff(minutes(5), -hours(4));
  LiveWithoutDeleting(hours(3));
  EXPECT_THAT(Runs().front().blocked, ElementsAre("behind-anchor"));
  // It has come to where it was.
  Live(hours(2));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
}

TEST_F(ClockFaultTest, KeepsADayMoreWhenTheClockIsADayAheadAfterAReboot) {
  TurnOff(hours(1), days(1));
  Live(days(6));
  EXPECT_GE(Successes(), 7);
  // It is believed at last, and the history is seven days by its reckoning.
  Live(days(3));
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

TEST_F(ClockFaultTest, DoesNotWipeAfterARebootInAnotherDecade) {
  // A dead battery; the farm stamps jobs by the wrong clock at once.
  TurnOff(hours(1), kTenYears);
  LiveWithoutDeleting(hours(167));
  EXPECT_TRUE(IsBlocked());
  EXPECT_THAT(Runs().front().blocked, ElementsAre("unseen-time-too-long"));
  EXPECT_EQ(CountEvents("run-blocked"), 8);
  // After a week there is nothing left to lose, and it goes on by itself.
  Live(hours(25));
  EXPECT_EQ(CountEvents("clock-cleared"), 1);
  Live(days(1));
  EXPECT_FALSE(IsBlocked());
  EXPECT_THAT(OldestAge(), Le(days(9)));
}

TEST_F(ClockFaultTest, ClearsAtOnceWhenATimeServiceAgrees) {
  Step(kTenYears);
  LiveWithoutDeleting(days(2));
  Step(-kTenYears + hours(1));  // not as it was: only the service can tell
  LiveWithoutDeleting(hours(12));
  clock_.set_synchronised(true);
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

TEST_F(ClockFaultTest, ClearsABlockThatNothingElseClearsAfterAWeek) {
  Step(days(2));
  LiveWithoutDeleting(hours(160));
  Live(days(3));
  EXPECT_FALSE(IsBlocked());
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

TEST_F(ClockFaultTest, ClearsABlockInPiecesWhenTheMachineIsOffAtNight) {
  Step(kTenYears);
  Live(hours(10));
  EXPECT_TRUE(IsBlocked());
  for (int day = 0; day < 15; ++day) {
    TurnOff(hours(12));
    Live(hours(12));
  }
  EXPECT_FALSE(IsBlocked());
}

// --- machines that were off

TEST_F(ClockFaultTest, KeepsSevenSeenDaysAfterFiveDaysOff) {
  TurnOff(days(5));
  least_age_ = days(12);  // for five of them nobody knows
  Live(days(6));
  EXPECT_GE(Successes(), 7);
  EXPECT_THAT(OldestAge(), Le(days(13)));
  least_age_ = days(7);
  Live(days(3));
  EXPECT_THAT(OldestAge(), Le(days(8)));
  EXPECT_EQ(CountEvents("clock-cleared"), 1);
}

TEST_F(ClockFaultTest, CleansAsUsualAfterFiveDaysOffWithATimeService) {
  clock_.set_synchronised(true);
  TurnOff(days(5));
  Live(hours(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

TEST_F(ClockFaultTest, BlocksForAWeekAfterThreeWeeksOff) {
  TurnOff(days(21));
  LiveWithoutDeleting(hours(167));
  EXPECT_TRUE(IsBlocked());
  Live(days(2));
  EXPECT_FALSE(IsBlocked());
  EXPECT_THAT(OldestAge(), Le(days(9)));
}

TEST_F(ClockFaultTest, CleansAsUsualAfterThreeWeeksOffWithATimeService) {
  clock_.set_synchronised(true);
  TurnOff(days(21));
  Live(hours(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(OldestAge(), Le(days(8)));
  EXPECT_EQ(CountEvents("missed"), 1);
}

TEST_F(ClockFaultTest, KeepsUnderFourteenDaysWhenOffTwelveHoursEveryNight) {
  for (int day = 1; day <= 30; ++day) {
    TurnOff(hours(12));
    Live(minutes(30));  // the run is made up, after settling
    EXPECT_FALSE(IsBlocked()) << day;
    EXPECT_THAT(OldestAge(), Le(days(14))) << day;
    Live(hours(12) - minutes(31));
  }
  EXPECT_EQ(Successes(), 32);
}

// --- what is no fault

TEST_F(ClockFaultTest, CleansAFarmThatWasIdleForThreeWeeks) {
  submits_ = false;
  Live(days(21));
  EXPECT_EQ(Jobs(), 0);
  EXPECT_EQ(Successes(), 23);
}

TEST_F(ClockFaultTest, KeepsRowsOfTheFutureAndDeletesTheOthers) {
  database_.Insert({.id = "future",
                    .created = clock_.Now() + days(400),
                    .fields = {{}, {}}});
  observer_.at_batch = nullptr;
  Live(days(9));
  EXPECT_THAT(database_.Ids(), Contains("future"));
  EXPECT_EQ(Successes(), 11);
  EXPECT_EQ(Runs().front().undatable, 1);
  database_.Erase("future");
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

// --- what was kept of the past

TEST_F(ClockFaultTest, TrustsTheStateDirectoryWhereTheDatabaseWasRestored) {
  // From a backup of last year; the copy of the anchor is today's.
  const Anchor old{clock_.Now() - days(365), "long ago", hours(1)};
  StopDaemon();
  {
    const Database database = database_.Open();
    ASSERT_TRUE(database.state->WriteAnchor(old).ok());
    ASSERT_TRUE(database.state->WriteNote("seen-time", "").ok());
    ASSERT_TRUE(database.state->SetLastSlot(slot().date - days(365)).ok());
  }
  StartDaemon();
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

TEST_F(ClockFaultTest, BlocksWhenTheMachineWasRestoredFromASnapshot) {
  // Its boot goes on as if nothing had been, and the clock has been corrected:
  // to the daemon that is a step.
  Step(days(3));
  LiveWithoutDeleting(days(1));
  EXPECT_TRUE(IsBlocked());
}

TEST_F(ClockFaultTest, ReportsAnAnchorThatCannotBeRead) {
  StopDaemon();
  ASSERT_TRUE(
      database_.Open()
          .state->WriteAnchor({Instant{} - hours(1), "boot-1", hours(1)})
          .ok());
  std::filesystem::remove_all(config_.state_directory);
  StartDaemon();
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(observer_.begun.back().clock_facts,
              Contains("anchor-unreadable"));
}

TEST_F(ClockFaultTest, DoesNotWipeWhenTheAnchorIsLostAndTheClockIsWrong) {
  StopDaemon();
  {
    const Database database = database_.Open();
    ASSERT_TRUE(
        database.state->WriteAnchor({Instant{} - hours(1), "boot-1", hours(1)})
            .ok());
    ASSERT_TRUE(database.state->WriteNote("seen-time", "").ok());
  }
  std::filesystem::remove_all(config_.state_directory);
  // The farm has stamped a job by the wrong clock before the daemon starts.
  TurnOff(hours(1), kTenYears);
  LiveWithoutDeleting(days(4));
  EXPECT_TRUE(IsBlocked());
  EXPECT_THAT(Runs().front().blocked, ElementsAre("would-delete-all"));
}

// A clone shares the database with its original, and has been up for longer.
TEST_F(ClockFaultTest, DoubtsTheClockOfAClonedMachine) {
  StopDaemon();
  clock_.Reboot(hours(5) - days(50), days(50));
  StartDaemon();
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(observer_.begun.back().clock_facts, Contains("unseen-time"));
  StopDaemon();
  clock_.Reboot(kTenYears - days(50), days(50));
  StartDaemon();
  LiveWithoutDeleting(days(2));
  EXPECT_TRUE(IsBlocked());
}

// --- servers

TEST_F(ClockFaultTest, AsksAServerOnAnotherMachineAndNoneOnThis) {
  Instant server_time;
  database_.server = [&] { return ServerClock{server_time, false}; };
  TurnOff(days(21));
  server_time = clock_.Now();
  LiveWithoutDeleting(hours(1));
  EXPECT_TRUE(IsBlocked());
  // The clock of a container on this machine, under an address of its own.
  database_.server = [this] { return ServerClock{clock_.Now(), true}; };
  LiveWithoutDeleting(hours(1));
  EXPECT_TRUE(IsBlocked());
  database_.server = [this] {
    return ServerClock{clock_.Now() + seconds(1), true};
  };
  Live(hours(1));
  EXPECT_FALSE(IsBlocked());
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

TEST_F(ClockFaultTest, BlocksWhileAServerOnAnotherMachineIsAnHourOff) {
  database_.server = [this] {
    return ServerClock{clock_.Now() - hours(1) - minutes(1), true};
  };
  LiveWithoutDeleting(days(2));
  EXPECT_THAT(Runs().front().blocked, ElementsAre("server-off"));
  database_.server = [this] {
    return ServerClock{clock_.Now() - minutes(30), true};
  };
  Live(days(1));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(observer_.begun.back().clock_facts, Contains("server-skewed"));
}

// --- first starts

class FirstStartTest : public LivingFarmTest {};

TEST_F(FirstStartTest, CleansYearsOfBacklogAtTheFirstThree) {
  for (int day = 0; day < 1000; ++day) {
    database_.Insert({.id = "backlog" + std::to_string(day),
                      .created = clock_.Now() - days(30 + day),
                      .fields = {{}, {}}});
  }
  observer_.at_batch = nullptr;
  StartDaemon();
  Live(hours(7));
  EXPECT_THAT(Jobs(), Gt(1000));
  Live(hours(2));
  EXPECT_EQ(Successes(), 1);
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

// A farm that was idle for longer than the history: no job bears witness, and
// nobody else does.
TEST_F(FirstStartTest, WaitsAWeekWhereNothingBearsWitness) {
  submits_ = false;
  Step(days(30));
  StartDaemon();
  LiveWithoutDeleting(days(7));
  EXPECT_THAT(Runs().front().blocked, ElementsAre("would-delete-all"));
  EXPECT_EQ(CountEvents("clock-cleared"), 0);
  Live(days(2));
  EXPECT_GE(Successes(), 1);
  EXPECT_EQ(Jobs(), 0);
  EXPECT_EQ(CountEvents("clock-cleared"), 1);
}

TEST_F(FirstStartTest, RunsTheNextNightWhenAClockOfAnotherDecadeIsMended) {
  Step(kTenYears);
  submits_ = false;
  StartDaemon();
  LiveWithoutDeleting(hours(2));
  EXPECT_GT(*database_.Open().state->LastSlot(), slot().date + days(3000));
  Step(-kTenYears);
  submits_ = true;
  clock_.set_synchronised(true);
  Live(days(1));
  EXPECT_EQ(Successes(), 1);
  EXPECT_EQ(Runs().front().slot, slot().date);
  EXPECT_THAT(OldestAge(), Le(days(8)));
  EXPECT_EQ(CountEvents("last-slot-set-back"), 1);
}

TEST_F(FirstStartTest, RunsAfterAWeekWhereNobodyConfirmsTheMendedClock) {
  Step(kTenYears);
  StartDaemon();
  Live(hours(2));
  Step(-kTenYears);
  LiveWithoutDeleting(days(6));
  Live(days(3));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_EQ(CountEvents("last-slot-set-back"), 1);
}

// The run of a slot ten years ahead was begun, and is resumed when the clock is
// right: by a cutoff that is then still to come.
TEST_F(FirstStartTest, ResumesARunOfAnotherDecadeByACutoffOfToday) {
  Step(kTenYears);
  clock_.set_synchronised(true);  // by a server that was wrong itself
  StartDaemon();
  observer_.at_begin = [this] { stop_ = true; };
  Live(hours(8) + minutes(20));
  ASSERT_EQ(observer_.begun.size(), 1U);
  StopDaemon();
  stop_ = false;
  observer_.at_begin = nullptr;
  Step(-kTenYears);
  clock_.set_synchronised(true);
  StartDaemon();
  Live(days(2));
  EXPECT_THAT(Jobs(), Gt(7 * 7));
  EXPECT_EQ(Runs().front().outcome, RunOutcome::kSuccess);
  EXPECT_THAT(OldestAge(), Le(days(8)));
}

}  // namespace
}  // namespace retentiond
