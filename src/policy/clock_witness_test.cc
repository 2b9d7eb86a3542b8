// The clock guard over many boots, with servers as witnesses, and what comes of
// its verdict: the last slot and the cutoff.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "testing/policy/clock_guard_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Micros kTick{1};

// --- unseen time over many boots

// Off for twelve hours every night, for a month, without a time service.
TEST_F(ClockGuardTest, NeverDoubtsMoreThanAWeekOfAMachineThatIsOffAtNight) {
  StayUp(Micros(0), Micros(0));
  for (int night = 1; night <= 30; ++night) {
    input_.now.wall += hours(12);
    input_.now.boot_id = "boot" + std::to_string(night);
    input_.now.boot_time = Micros(0);
    Pass(minutes(10));
    const GuardVerdict verdict = AssessAndKeep();
    EXPECT_FALSE(verdict.blocked()) << night;
    // The fifteenth night back is confirmed.
    EXPECT_EQ(verdict.unseen, hours(12) * std::min(night, 14)) << night;
    Pass(hours(12) - minutes(10));
    AssessAndKeep();
  }
}

// Off for fourteen: more than eight days of unseen time stand for good, and
// must not block for good.
TEST_F(ClockGuardTest, StopsBlockingAMachineThatIsOffMoreThanItIsUp) {
  bool blocked = false;
  StayUp(Micros(0), Micros(0));
  for (int night = 1; night <= 60; ++night) {
    input_.now.wall += hours(14);
    input_.now.boot_id = "boot" + std::to_string(night);
    input_.now.boot_time = Micros(0);
    AssessAndKeep();
    Pass(hours(10));
    const GuardVerdict verdict = AssessAndKeep();
    EXPECT_LE(verdict.unseen, days(10));
    blocked = verdict.blocked();
  }
  EXPECT_FALSE(blocked);
  EXPECT_GT(AssessAndKeep().unseen, days(9));
}

TEST_F(ClockGuardTest, BlocksOnAStepInABootThatHasNoAnchor) {
  Reboot(hours(1), hours(12));
  AssessAndKeep();
  Pass(hours(1));
  input_.now.wall += days(3653);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kStepped});
}

TEST_F(ClockGuardTest, BlocksOnAStepBeforeThereIsAnAnchor) {
  LoseAnchor(AnchorState::kNone);
  AssessAndKeep();
  Pass(hours(1));
  input_.now.wall -= days(1);
  EXPECT_EQ(Facts(), (FactSet{ClockFact::kFirstStart, ClockFact::kStepped,
                              ClockFact::kBehindAnchor}));
}

// Set wrong and back to where it was, before there is an anchor: nobody says
// that it was right there.
TEST_F(ClockGuardTest, ConfirmsNoClockThatIsOnlySetBackToWhereItWas) {
  LoseAnchor(AnchorState::kNone);
  AssessAndKeep();
  input_.now.wall += days(10);
  AssessAndKeep();
  input_.now.wall -= days(10);
  EXPECT_FALSE(AssessAndKeep().cleared);  // the rows were not asked
  input_.would_delete_all = false;
  const GuardVerdict back = AssessAndKeep();
  EXPECT_TRUE(back.cleared);
  EXPECT_FALSE(back.confirmed);
  input_.now.wall += days(10);
  AssessAndKeep();
  input_.now.kernel_synchronised = true;
  EXPECT_TRUE(AssessAndKeep().confirmed);
}

TEST_F(ClockGuardTest, ReportsACopyOfTheAnchorThatCannotBeRead) {
  input_.copy_unreadable = true;
  EXPECT_EQ(Facts(), FactSet{ClockFact::kAnchorUnreadable});
  EXPECT_TRUE(Assess().may_anchor());
}

// --- servers

class ServerWitnessTest : public ClockGuardTest {
 protected:
  void Serve(Micros ahead, bool elsewhere = true) {
    input_.server = ServerClock{input_.now.wall + ahead, elsewhere};
  }
};

TEST_F(ServerWitnessTest, ReportsMoreThanAMinuteAndBlocksOnMoreThanAnHour) {
  for (const int sign : {1, -1}) {
    Serve(sign * Micros(std::chrono::seconds(60)));
    EXPECT_EQ(Facts(), FactSet{});
    Serve(sign * (Micros(std::chrono::seconds(60)) + kTick));
    EXPECT_EQ(Facts(), FactSet{ClockFact::kServerSkewed});
    EXPECT_TRUE(Assess().may_anchor());
    Serve(sign * Micros(hours(1)));
    EXPECT_EQ(Facts(), FactSet{ClockFact::kServerSkewed});
    Serve(sign * (Micros(hours(1)) + kTick));
    EXPECT_EQ(Facts(), FactSet{ClockFact::kServerOff});
    EXPECT_TRUE(Assess().blocked());
    EXPECT_FALSE(Assess().may_anchor());
  }
}

TEST_F(ServerWitnessTest, AsksNoServerOfThisMachine) {
  Reboot(hours(1), days(1));
  Serve(Micros(0), /*elsewhere=*/false);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
  Serve(days(1), /*elsewhere=*/false);
  EXPECT_EQ(Facts(), FactSet{ClockFact::kUnseenTime});
}

TEST_F(ServerWitnessTest, ConfirmsTheClockWithinAMinute) {
  Reboot(hours(1), days(3653));
  Serve(std::chrono::seconds(60));
  EXPECT_EQ(Facts(), FactSet{});
  Serve(std::chrono::seconds(61));
  EXPECT_EQ(Facts(),
            (FactSet{ClockFact::kUnseenTimeTooLong, ClockFact::kServerSkewed}));
  LoseAnchor(AnchorState::kNone);
  input_.would_delete_all = true;
  Serve(Micros(0));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kFirstStart});
}

TEST_F(ServerWitnessTest, BlocksThoughTheKernelIsContent) {
  input_.now.kernel_synchronised = true;
  Serve(hours(2));
  EXPECT_EQ(Facts(), FactSet{ClockFact::kServerOff});
}

TEST_F(ServerWitnessTest, IsOverruledAfter168HoursAndStaysSo) {
  Serve(hours(2));
  EXPECT_TRUE(AssessAndKeep().blocked());
  Pass(hours(168));
  Serve(hours(2));
  EXPECT_TRUE(AssessAndKeep().cleared);
  EXPECT_FALSE(Assess().blocked());
  EXPECT_FALSE(Assess().cleared);  // told once
  Pass(hours(24));
  Serve(hours(2));
  EXPECT_FALSE(AssessAndKeep().blocked());
  // In the end it agrees; later it is off again, and that counts anew.
  Serve(Micros(0));
  EXPECT_FALSE(AssessAndKeep().doubt_since.has_value());
  Serve(hours(2));
  EXPECT_TRUE(AssessAndKeep().blocked());
}

// --- a last slot that lies ahead

TEST_F(ClockGuardTest, FindsALastSlotAheadWrongWhenAWitnessSaysSo) {
  input_.slot_ahead = true;
  const GuardVerdict doubt = AssessAndKeep();
  EXPECT_EQ(Facts(), FactSet{ClockFact::kSlotAhead});
  EXPECT_FALSE(doubt.blocked());
  EXPECT_FALSE(doubt.slot_is_wrong);
  EXPECT_FALSE(doubt.may_anchor());
  input_.now.kernel_synchronised = true;
  EXPECT_TRUE(Assess().slot_is_wrong);
  input_.now.kernel_synchronised = false;
  Pass(hours(168) - kTick);
  EXPECT_FALSE(Assess().slot_is_wrong);
  Pass(kTick);
  EXPECT_TRUE(Assess().slot_is_wrong);
  EXPECT_TRUE(Assess().cleared);
}

TEST_F(ClockGuardTest, LeavesTheLastSlotWhileAnotherDoubtStands) {
  input_.slot_ahead = true;
  input_.now.kernel_synchronised = true;
  input_.server = ServerClock{input_.now.wall + hours(2), true};
  EXPECT_FALSE(Assess().slot_is_wrong);
}

// --- the cutoff

class GuardedCutoffTest : public testing::Test {
 protected:
  const Instant start_ = *ParseInstant("2026-03-16T03:00:00Z");
  Slot slot_{.date = {}, .start = start_, .cutoff = start_ - days(7)};

  static GuardVerdict Unseen(Micros time) {
    GuardVerdict verdict;
    verdict.unseen = time;
    return verdict;
  }
};

TEST_F(GuardedCutoffTest, IsTheSlotsOwnWithoutADoubt) {
  EXPECT_EQ(CutoffBy({}, slot_, start_), slot_.cutoff);
  EXPECT_EQ(CutoffBy({}, slot_, start_ + days(3)), slot_.cutoff);
  slot_.cutoff -= hours(1);  // the spring's week
  EXPECT_EQ(CutoffBy({}, slot_, start_), slot_.cutoff);
  slot_.cutoff += hours(3);  // the shortest
  EXPECT_EQ(CutoffBy({}, slot_, start_), slot_.cutoff);
}

TEST_F(GuardedCutoffTest, IsEarlierByTheUnseenTime) {
  EXPECT_EQ(CutoffBy(Unseen(days(3)), slot_, start_), slot_.cutoff - days(3));
}

TEST_F(GuardedCutoffTest, CreditsTheTimeSinceTheSlotBegan) {
  EXPECT_EQ(CutoffBy(Unseen(days(3)), slot_, start_ + hours(5)),
            slot_.cutoff - days(3) + hours(5));
  EXPECT_EQ(CutoffBy(Unseen(hours(3)), slot_, start_ + hours(5)), slot_.cutoff);
}

TEST_F(GuardedCutoffTest, IsNotMovedTwiceWhenARunIsResumed) {
  const Instant moved = CutoffBy(Unseen(days(3)), slot_, start_);
  slot_.cutoff = moved;
  EXPECT_EQ(CutoffBy(Unseen(days(3)), slot_, start_), moved);
}

TEST_F(GuardedCutoffTest, IsSevenDaysBackForARunOfASlotThatIsStillToCome) {
  // Begun under a clock ten years ahead, resumed under the right one.
  const Instant now = start_ - days(3653);
  EXPECT_EQ(CutoffBy({}, slot_, now), now - days(7));
}

}  // namespace
}  // namespace retentiond
