#include "run/service_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/zone.h"
#include "run/observer_list.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ServiceStatusTest : public RunTest {
 protected:
  RunRecord Run() const { return {.slot = slot().date, .phase = "batches"}; }
  const std::vector<std::string>& lines() const { return service_.status; }

  ServiceStatus status_{service_, absl::UTCTimeZone()};
};

TEST_F(ServiceStatusTest, SaysEachLineOnce) {
  status_.OnWait(slot().start);
  status_.OnWait(slot().start);
  EXPECT_THAT(lines(), ElementsAre("next run 2040-03-16T03:00:00+00:00"));
}

TEST_F(ServiceStatusTest, SaysWhatTheLastRunCameTo) {
  RunRecord run = Run();
  status_.OnHistory({.last_run = run});
  status_.OnWait(slot().start);
  EXPECT_EQ(lines().back(),
            "next run 2040-03-16T03:00:00+00:00; last run 2040-03-16: open, 0 "
            "jobs");
  run.outcome = RunOutcome::kPartial;
  run.jobs_deleted = 7;
  status_.OnRunEnd(run);
  status_.OnWait(slot().start);
  EXPECT_EQ(lines().back(),
            "next run 2040-03-16T03:00:00+00:00; last run 2040-03-16: partial, "
            "7 jobs");
  status_.OnHistory({});
  status_.OnWait(slot().start);
  EXPECT_EQ(lines().back(), "next run 2040-03-16T03:00:00+00:00");
}

TEST_F(ServiceStatusTest, SaysHowFarARunHasCome) {
  RunRecord run = Run();
  status_.OnRunBegin(run);
  EXPECT_EQ(lines().back(), "cleaning 2040-03-16: batches");
  run.expired = 200;
  run.jobs_deleted = 99;
  const Governor governor(Governor::Manner::kNormal, {});
  status_.OnBatch(run, {}, governor);
  EXPECT_EQ(lines().back(), "cleaning 2040-03-16: batches, 49 % of 200 jobs");
  run.phase = "orphans";
  status_.OnPhase(run);
  EXPECT_EQ(lines().back(), "cleaning 2040-03-16: orphans, 49 % of 200 jobs");
}

TEST_F(ServiceStatusTest, SaysWhatKeepsItFromCleaning) {
  RunRecord run = Run();
  run.blocked = {"stepped", "behind-anchor"};
  status_.OnBlocked(run);
  EXPECT_EQ(lines().back(),
            "nothing is deleted until the clock is right again; 2040-03-16 is "
            "blocked by the clock: stepped, behind-anchor");
  status_.OnStandby("another");
  EXPECT_EQ(lines().back(), "standing by: another leads");
  run.outcome = RunOutcome::kBlocked;
  status_.OnHistory({.last_run = run});
  status_.OnWait(slot().start);
  EXPECT_EQ(lines().back(),
            "next run 2040-03-16T03:00:00+00:00; 2040-03-16 is blocked by the "
            "clock: stepped, behind-anchor");
  status_.OnTrouble(absl::UnavailableError("away"), "trying again");
  EXPECT_EQ(lines().back(), "away, trying again");
}

TEST_F(ServiceStatusTest, SaysTimesInTheZoneOfTheSchedule) {
  status_.OnSchedule({.zone = *LoadZone("Europe/Helsinki")});
  status_.OnWait(slot().start);
  EXPECT_EQ(lines().back(), "next run 2040-03-16T05:00:00+02:00");
}

TEST_F(ServiceStatusTest, IsToldOfEverythingThroughAList) {
  RecordingObserver other;
  ObserverList list({&other, &status_});
  list.OnMissed({slot().date});
  list.OnFiles({}, {});
  list.OnNotice("a notice");
  list.OnSettings(nullptr);
  list.OnClock({});
  list.OnSurvey({}, {});
  list.OnBacklog({});
  list.OnPause(Governor(Governor::Manner::kNormal, {}));
  list.OnHistory({});
  EXPECT_THAT(lines(), IsEmpty());
  list.OnStandby("another");
  list.OnBlocked(Run());
  list.OnTrouble(absl::AbortedError("locked"), "trying again");
  list.OnRunBegin(Run());
  list.OnRunEnd(Run());
  list.OnSchedule({.zone = absl::UTCTimeZone()});
  list.OnWait(slot().start);
  EXPECT_EQ(lines().size(), 5U);
  EXPECT_THAT(other.missed, ElementsAre(slot().date));
  EXPECT_THAT(other.notices, ElementsAre("a notice"));
  EXPECT_EQ(other.leaders.size() + other.blocked.size() +
                other.troubles.size() + other.begun.size() +
                other.ended.size() + other.waits.size(),
            6U);
  EXPECT_EQ(other.settings.size() + other.surveys.size() +
                other.backlogs.size() + other.pauses.size() +
                other.histories.size(),
            5U);
  EXPECT_TRUE(other.clock.has_value());
}

// What sd_notify does where there is no service manager: nothing.
TEST(ServiceNotifierTest, NeedsNoServiceManager) {
  ServiceNotifier service;
  service.Ready();
  service.Status("waiting");
  service.Alive();
  service.Reloading();
  service.Stopping();
}

}  // namespace
}  // namespace retentiond
