#include "policy/seen_time.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Micros kTick{1};

// An account that began at noon, one hour after boot "a".
class SeenTimeTest : public testing::Test {
 protected:
  SeenTimeTest() { seen_ = BeginSeenTime(now_); }

  void Look() { seen_ = Observe(seen_, now_); }
  void Pass(Micros time) {
    now_.wall += time;
    now_.boot_time += time;
  }
  void PassAndLook(Micros time) {
    Pass(time);
    Look();
  }
  void Reboot(const std::string& boot, Micros off) {
    now_.wall += off;
    now_.boot_id = boot;
    now_.boot_time = Micros(0);
  }
  Micros Unseen() const { return UnseenUntil(seen_, now_.wall); }
  Micros Seen() const { return SeenBetween(seen_, seen_.since, now_.wall); }

  ClockReading now_{*ParseInstant("2026-03-15T12:00:00Z"), "a",
                    Micros(hours(1))};
  SeenTime seen_;
};

TEST_F(SeenTimeTest, SeesWhatPassesInOneBoot) {
  PassAndLook(hours(5));
  PassAndLook(hours(2));
  EXPECT_EQ(Seen(), hours(7));
  EXPECT_EQ(Unseen(), Micros(0));
  EXPECT_EQ(seen_.stretches.size(), 1U);
}

TEST_F(SeenTimeTest, CountsTheTimeOffAsUnseenAndTheUptimeAsSeen) {
  PassAndLook(hours(5));
  Reboot("b", hours(12));
  PassAndLook(minutes(30));
  EXPECT_EQ(Unseen(), hours(12));
  EXPECT_EQ(Seen(), hours(5) + minutes(30));
}

TEST_F(SeenTimeTest, CountsWhatPassedSinceTheLastLookBeforeTheEndAsUnseen) {
  Pass(minutes(50));
  Reboot("b", hours(1));
  Look();
  EXPECT_EQ(Unseen(), hours(1) + minutes(50));
}

TEST_F(SeenTimeTest, CreditsABootThatBeganAtTheLastReading) {
  Reboot("b", -minutes(2));
  Pass(hours(1));
  Look();
  EXPECT_EQ(Seen(), hours(1) - minutes(2));
  EXPECT_EQ(Unseen(), Micros(0));
}

TEST_F(SeenTimeTest, CreditsNoBootThatBeganBeforeTheLastReading) {
  Reboot("b", -minutes(2) - kTick);
  Pass(hours(1));
  Look();
  EXPECT_EQ(Seen(), Micros(0));
  EXPECT_EQ(Unseen(), hours(1) - minutes(2) - kTick);
}

TEST_F(SeenTimeTest, CountsAStepForwardAsUnseen) {
  PassAndLook(hours(1));
  now_.wall += days(1);
  PassAndLook(minutes(10));
  // The stretch begins at the look.
  EXPECT_EQ(Unseen(), days(1) + minutes(10));
  EXPECT_TRUE(SteppedWithinBoot(seen_, now_));
}

TEST_F(SeenTimeTest, ForgetsAStepThatIsTakenBack) {
  for (const Micros step : {Micros(days(1)), Micros(-hours(3))}) {
    PassAndLook(hours(5));
    now_.wall += step;
    PassAndLook(minutes(10));
    EXPECT_TRUE(SteppedWithinBoot(seen_, now_));
    now_.wall -= step;
    PassAndLook(minutes(10));
    EXPECT_FALSE(SteppedWithinBoot(seen_, now_));
    EXPECT_EQ(Unseen(), Micros(0));
  }
}

TEST_F(SeenTimeTest, RecognisesTheRightClockAfterAStepBackBehindItsBeginning) {
  const Instant begin = now_.wall;
  PassAndLook(hours(1));
  now_.wall = begin - days(30);
  Look();
  EXPECT_TRUE(SteppedWithinBoot(seen_, now_));
  now_.wall = begin + hours(1);
  Look();
  EXPECT_FALSE(SteppedWithinBoot(seen_, now_));
}

TEST_F(SeenTimeTest, KnowsNoStepOfABootThatIsNewToIt) {
  now_.boot_id = "b";
  EXPECT_FALSE(SteppedWithinBoot(seen_, now_));
}

TEST_F(SeenTimeTest, DoesNotTakeTheFutureOfAWrongClockForSeen) {
  PassAndLook(hours(1));
  now_.wall += days(10);  // wrong from here
  PassAndLook(hours(5));
  now_.wall -= days(10);
  Reboot("b", minutes(5));
  Look();
  // Off over the ten days that the wrong clock had shown.
  Reboot("c", days(11));
  Look();
  EXPECT_GT(Unseen(), days(11));
}

TEST_F(SeenTimeTest, CutsTheStretchOfAnotherBootThatReachesBeyondThePresent) {
  PassAndLook(hours(10));
  Reboot("b", -hours(4));
  Look();
  EXPECT_EQ(Seen(), hours(6));
  Reboot("c", hours(5));
  Look();
  EXPECT_EQ(Unseen(), hours(5));
}

TEST_F(SeenTimeTest, KeepsOneAccountForTwoMachinesThatTakeTurns) {
  for (int hour = 0; hour < 48; ++hour) {
    Pass(hours(1));
    const ClockReading other{now_.wall + std::chrono::seconds(1), "z",
                             Micros(days(100)) + hours(hour)};
    seen_ = Observe(seen_, hour % 2 == 0 ? other : now_);
  }
  // But for the first hour: until then only "a" had been there.
  EXPECT_LE(Unseen(), hours(1));
  EXPECT_EQ(seen_.stretches.size(), 2U);
}

TEST_F(SeenTimeTest, ForgetsWhatLies168SeenHoursBack) {
  Reboot("b", days(3));
  Look();
  PassAndLook(hours(168) - minutes(2) - kTick);
  EXPECT_EQ(Unseen(), days(3));
  PassAndLook(kTick);
  EXPECT_EQ(Unseen(), Micros(0));
  EXPECT_EQ(seen_.since, now_.wall - (hours(168) - minutes(2)));
}

// Up for fifty days before anybody looked: the clock may have been set wrong in
// the last minute of them.
TEST_F(SeenTimeTest, ConfirmsNothingByUptimeThatNobodyWatched) {
  Reboot("b", days(3653));
  Pass(days(50));
  Look();
  EXPECT_EQ(Unseen(), days(3653));
  PassAndLook(hours(168) - minutes(2) - kTick);
  EXPECT_EQ(Unseen(), days(3653));
  PassAndLook(kTick);
  EXPECT_EQ(Unseen(), Micros(0));
}

TEST_F(SeenTimeTest, StaysSmallOverManyReboots) {
  for (int i = 0; i < 500; ++i) {
    Reboot("boot" + std::to_string(i), minutes(1));
    PassAndLook(minutes(5));
  }
  EXPECT_LE(seen_.stretches.size(), 200U);
  // What was dropped counts as unseen.
  EXPECT_GE(Unseen(), minutes(500) + 300 * minutes(5));
}

TEST_F(SeenTimeTest, ToleratesADriftOfTwoMinutes) {
  ClockReading later = now_;
  later.boot_time += hours(24);
  for (const int sign : {1, -1}) {
    later.wall = now_.wall + hours(24) + sign * Micros(minutes(2));
    EXPECT_TRUE(KeptStep(now_, later));
    later.wall += sign * kTick;
    EXPECT_FALSE(KeptStep(now_, later));
  }
}

}  // namespace
}  // namespace retentiond
