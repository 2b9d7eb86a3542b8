#include "run/clock_watch.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;

class ClockWatchTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    database_opened_ = database_.Open();
    directory_ = *StateDirectory::Open(InRoot("state"), "one", "/farm.db");
  }
  ClockWatch Watch() {
    return {clock_, *database_opened_.state, &*directory_, build_date_};
  }
  Anchor AnchorAt(Instant wall) const {
    return {.wall = wall,
            .boot_id = clock_.BootId(),
            .boot_time = clock_.BootTime()};
  }

  Database database_opened_;
  std::optional<StateDirectory> directory_;
};

TEST_F(ClockWatchTest, HasNoAnchorAtFirst) {
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_FALSE(watch.has_anchor());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kFirstStart));
}

TEST_F(ClockWatchTest, TakesTheLaterOfTwoAnchors) {
  // A restored database carries an old one.
  ASSERT_TRUE(
      database_opened_.state->WriteAnchor(AnchorAt(clock_.Now() - days(30)))
          .ok());
  ASSERT_TRUE(directory_->WriteAnchor(AnchorAt(clock_.Now() + hours(1))).ok());
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kBehindAnchor));
}

TEST_F(ClockWatchTest, ReportsAnAnchorThatCannotBeRead) {
  std::ofstream(directory_->path() / "anchor.json") << "{";
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  EXPECT_TRUE(watch.Assess({}).facts.contains(ClockFact::kAnchorUnreadable));
  database_.script().Fail("ReadAnchor", 1, absl::DataLossError("no number"));
  EXPECT_TRUE(Watch().Load().ok());
}

TEST_F(ClockWatchTest, SaysWhenTheStateCannotBeAsked) {
  database_.script().Fail("ReadAnchor", 1, absl::AbortedError("locked"));
  EXPECT_EQ(Watch().Load().code(), absl::StatusCode::kAborted);
}

TEST_F(ClockWatchTest, SetsBothAnchorsWhileTheClockIsTrusted) {
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(watch.Settle(watch.Assess({})).ok());
  EXPECT_EQ(*database_opened_.state->ReadAnchor(), AnchorAt(clock_.Now()));
  EXPECT_EQ(*directory_->ReadAnchor(), AnchorAt(clock_.Now()));
}

TEST_F(ClockWatchTest, LeavesTheAnchorWhileTheClockIsInDoubt) {
  const Anchor anchor = AnchorAt(clock_.Now());
  ASSERT_TRUE(database_opened_.state->WriteAnchor(anchor).ok());
  clock_.StepWall(days(365));
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(watch.Settle(watch.Assess({})).ok());
  EXPECT_EQ(*database_opened_.state->ReadAnchor(), anchor);
  EXPECT_TRUE(database_opened_.state->BlockedSince()->has_value());
}

TEST_F(ClockWatchTest, LeavesTheAnchorBeforeTheBuildDate) {
  clock_.StepWall(build_date_ - Micros(1) - clock_.Now());
  ClockWatch watch = Watch();
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(watch.Settle(watch.Assess({})).ok());
  EXPECT_FALSE(database_opened_.state->ReadAnchor()->has_value());
}

TEST_F(ClockWatchTest, KeepsTheAnchorInTheDatabaseAlone) {
  ClockWatch watch(clock_, *database_opened_.state, nullptr, build_date_);
  ASSERT_TRUE(watch.Load().ok());
  ASSERT_TRUE(watch.Settle(watch.Assess({})).ok());
  EXPECT_TRUE(watch.has_anchor());
}

}  // namespace
}  // namespace retentiond
