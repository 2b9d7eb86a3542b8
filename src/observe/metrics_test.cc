#include "observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <sstream>
#include <string>

#include "testing/run/daemon_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

double SecondsOf(Instant instant) {
  return std::chrono::duration<double>(instant.time_since_epoch()).count();
}

class MetricsTest : public ::testing::Test {
 protected:
  // The value of a series, named as the text names it; none when it is absent.
  std::optional<double> Value(const std::string& series) const {
    std::istringstream text(metrics_.Text());
    const std::string prefix = "retentiond_" + series + " ";
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with(prefix))
        return std::stod(line.substr(prefix.size()));
    }
    return std::nullopt;
  }

  static Instant At(int hour) { return Instant(hours(600'000 + hour)); }
  static RunRecord Ended(RunOutcome outcome) {
    return {.id = RunId(7),
            .slot = LocalDate(days(25'000)),
            .started = At(3),
            .finished = At(3) + minutes(5),
            .outcome = outcome,
            .jobs_total = 100,
            .jobs_deleted = 30,
            .expired = 40,
            .held = 4,
            .undatable = 2,
            .errors = {"a", "b"},
            .phases_s = {{"survey", 1.5}, {"batches", 20.0}},
            .marks = {kMarkSlow}};
  }

  Metrics metrics_{{.version = "1.2", .commit = "abc"}, At(0)};
};

TEST_F(MetricsTest, KnowsNothingOfTheFarmBeforeTheStateWasRead) {
  EXPECT_EQ(Value("build_info{commit=\"abc\",version=\"1.2\"}"), 1);
  EXPECT_EQ(Value("start_timestamp_seconds"), SecondsOf(At(0)));
  EXPECT_EQ(Value("leader"), 0);
  for (const char* series :
       {"last_run_timestamp_seconds", "last_success_timestamp_seconds",
        "next_run_timestamp_seconds", "jobs", "expired_jobs", "held_jobs",
        "audit_sequence", "clock_synchronised"}) {
    EXPECT_EQ(Value(series), std::nullopt) << series;
  }
}

TEST_F(MetricsTest, ShowsCountersFromTheFirstMoment) {
  for (const char* outcome :
       {"success", "partial", "blocked", "failed", "interrupted"}) {
    EXPECT_EQ(Value("runs_total{outcome=\"" + std::string(outcome) + "\"}"), 0);
  }
  EXPECT_EQ(Value("deleted_total{kind=\"job\"}"), 0);
  EXPECT_EQ(Value("blocked{reason=\"would-delete-all\"}"), 0);
}

TEST_F(MetricsTest, SaysZeroWhereThereWasNoRunYet) {
  metrics_.OnHistory({});
  EXPECT_EQ(Value("last_run_timestamp_seconds"), 0);
  EXPECT_EQ(Value("last_success_timestamp_seconds"), 0);
}

TEST_F(MetricsTest, RestoresTheLastRunAndTheLastSuccess) {
  RunRecord success = Ended(RunOutcome::kSuccess);
  success.finished = At(-21);
  metrics_.OnHistory({.last_run = Ended(RunOutcome::kPartial),
                      .last_ended = Ended(RunOutcome::kPartial),
                      .last_success = success,
                      .audit_head = AuditHead{AuditSeq(99), ""}});
  EXPECT_EQ(Value("last_run_timestamp_seconds"), SecondsOf(At(3) + minutes(5)));
  EXPECT_EQ(Value("last_success_timestamp_seconds"), SecondsOf(At(-21)));
  EXPECT_EQ(Value("last_run_duration_seconds"), 300);
  EXPECT_EQ(Value("last_run_phase_duration_seconds{phase=\"survey\"}"), 1.5);
  EXPECT_EQ(Value("last_run_outcome{outcome=\"partial\"}"), 1);
  EXPECT_EQ(Value("last_run_outcome{outcome=\"success\"}"), 0);
  EXPECT_EQ(Value("last_run_mark{mark=\"slow\"}"), 1);
  EXPECT_EQ(Value("last_run_mark{mark=\"window-cut\"}"), 0);
  EXPECT_EQ(Value("last_run_errors"), 2);
  EXPECT_EQ(Value("jobs"), 70);
  EXPECT_EQ(Value("held_jobs"), 4);
  EXPECT_EQ(Value("undatable_jobs"), 2);
  EXPECT_EQ(Value("expired_jobs"), 10);
  EXPECT_EQ(Value("audit_sequence"), 99);
  EXPECT_EQ(Value("oldest_expired_timestamp_seconds"), std::nullopt);
}

TEST_F(MetricsTest, ShowsOnlyThePhasesThatTheLastRunHad) {
  metrics_.OnHistory({.last_ended = Ended(RunOutcome::kSuccess)});
  RunRecord failed = Ended(RunOutcome::kFailed);
  failed.phases_s = {{"survey", 2.5}};
  metrics_.OnRunEnd(failed);
  EXPECT_EQ(Value("last_run_phase_duration_seconds{phase=\"survey\"}"), 2.5);
  EXPECT_EQ(Value("last_run_phase_duration_seconds{phase=\"batches\"}"),
            std::nullopt);
}

TEST_F(MetricsTest, RestoresABlock) {
  RunRecord run = Ended(RunOutcome::kBlocked);
  run.blocked = {"stepped"};
  metrics_.OnHistory({.last_run = run});
  EXPECT_EQ(Value("blocked{reason=\"stepped\"}"), 1);
  EXPECT_EQ(Value("blocked{reason=\"behind-anchor\"}"), 0);
  metrics_.OnRunBegin({});
  EXPECT_EQ(Value("blocked{reason=\"stepped\"}"), 0);
}

TEST_F(MetricsTest, CountsAStandingBlockOnceASlot) {
  RunRecord run{.slot = LocalDate(days(25'000)), .blocked = {"stepped"}};
  metrics_.OnBlocked(run);
  metrics_.OnBlocked(run);
  EXPECT_EQ(Value("runs_total{outcome=\"blocked\"}"), 1);
  run.slot += days(1);
  metrics_.OnBlocked(run);
  EXPECT_EQ(Value("runs_total{outcome=\"blocked\"}"), 2);
  EXPECT_EQ(Value("blocked{reason=\"stepped\"}"), 1);
}

TEST_F(MetricsTest, FollowsARun) {
  RunRecord run{.slot = LocalDate(days(25'000)), .started = At(3)};
  metrics_.OnSurvey(run, {.total = 100,
                          .expired = 40,
                          .in_work = 3,
                          .undatable = 2,
                          .oldest_kept = At(-100)});
  metrics_.OnBacklog({.jobs = 40, .oldest = At(-400)});
  run.jobs_total = 100;
  run.held = 3;
  metrics_.OnRunBegin(run);
  EXPECT_EQ(Value("leader"), 1);
  EXPECT_EQ(Value("oldest_retained_timestamp_seconds"), SecondsOf(At(-100)));
  EXPECT_EQ(Value("oldest_expired_timestamp_seconds"), SecondsOf(At(-400)));
  EXPECT_EQ(Value("expired_jobs"), 40);

  const Governor governor(Governor::Manner::kNormal, {});
  run.jobs_deleted = 2;
  metrics_.OnBatch(run,
                   {.id = BatchId(1),
                    .audit_seq = AuditSeq(5),
                    .jobs = {JobId{"a"}, JobId{"b"}},
                    .rows = {{"Job", 2}, {"JobLog", 6}},
                    .lock_wait = std::chrono::milliseconds(3),
                    .lock_held = std::chrono::milliseconds(4)},
                   governor);
  metrics_.OnPause(governor);
  metrics_.OnFiles(run, {.files = 3, .directories = 1, .bytes = 4096});
  EXPECT_EQ(Value("jobs"), 98);
  EXPECT_EQ(Value("held_jobs"), 3);
  EXPECT_EQ(Value("audit_sequence"), 5);
  EXPECT_EQ(Value("deleted_total{kind=\"job\"}"), 2);
  EXPECT_EQ(Value("deleted_total{kind=\"row\"}"), 8);
  EXPECT_EQ(Value("deleted_total{kind=\"file\"}"), 3);
  EXPECT_EQ(Value("deleted_total{kind=\"directory\"}"), 1);
  EXPECT_EQ(Value("freed_bytes_total"), 4096);
  EXPECT_EQ(Value("batch_lock_held_seconds_bucket{le=\"0.0025\"}"), 0);
  EXPECT_EQ(Value("batch_lock_held_seconds_bucket{le=\"0.005\"}"), 1);
  EXPECT_EQ(Value("batch_duration_seconds_bucket{le=\"0.005\"}"), 0);
  EXPECT_EQ(Value("batch_duration_seconds_bucket{le=\"0.01\"}"), 1);
  EXPECT_EQ(Value("pause_seconds_total{reason=\"full-speed\"}"), 0.002);

  metrics_.OnBacklog({});
  run = Ended(RunOutcome::kSuccess);
  run.orphans = 2;
  metrics_.OnRunEnd(run);
  EXPECT_EQ(Value("leader"), 0);
  EXPECT_EQ(Value("expired_jobs"), 0);
  EXPECT_EQ(Value("oldest_expired_timestamp_seconds"), std::nullopt);
  EXPECT_EQ(Value("deleted_total{kind=\"orphan\"}"), 2);
  EXPECT_EQ(Value("runs_total{outcome=\"success\"}"), 1);
  EXPECT_EQ(Value("last_success_timestamp_seconds"),
            SecondsOf(At(3) + minutes(5)));
}

// A dropped partition is no batch: its jobs went, and no lock was measured.
TEST_F(MetricsTest, CountsTheJobsOfADroppedPartition) {
  Batch batch;
  batch.partition = {.kind = PartitionStep::Kind::kDropped, .jobs = 7};
  metrics_.OnBatch({}, batch, Governor(Governor::Manner::kNormal, {}));
  EXPECT_EQ(Value("deleted_total{kind=\"job\"}"), 7);
  EXPECT_EQ(Value("batch_duration_seconds_count"), 0);
}

TEST_F(MetricsTest, TakesAnInterruptedRunForNoRunThatEnded) {
  metrics_.OnHistory({});
  metrics_.OnRunEnd({.outcome = RunOutcome::kInterrupted});
  EXPECT_EQ(Value("last_run_timestamp_seconds"), 0);
  EXPECT_EQ(Value("runs_total{outcome=\"interrupted\"}"), 1);
}

TEST_F(MetricsTest, DoesNotTakeAFailureForASuccess) {
  metrics_.OnHistory({});
  metrics_.OnRunEnd(Ended(RunOutcome::kFailed));
  EXPECT_EQ(Value("last_success_timestamp_seconds"), 0);
  EXPECT_GT(Value("last_run_timestamp_seconds"), 0);
}

TEST_F(MetricsTest, ShowsTheClock) {
  metrics_.OnClock({.facts = {ClockFact::kServerSkewed},
                    .kernel_synchronised = true,
                    .server_ahead = seconds(90),
                    .unseen = minutes(3)});
  EXPECT_EQ(Value("clock_synchronised"), 1);
  EXPECT_EQ(Value("clock_skew_seconds{witness=\"database-server\"}"), 90);
  EXPECT_EQ(Value("clock_unseen_seconds"), 180);
  EXPECT_EQ(Value("clock_fact{fact=\"server-skewed\"}"), 1);
  EXPECT_EQ(Value("clock_fact{fact=\"rows-ahead\"}"), 0);
  metrics_.OnClock({});
  EXPECT_EQ(Value("clock_synchronised"), 0);
  EXPECT_EQ(Value("clock_skew_seconds{witness=\"database-server\"}"),
            std::nullopt);
}

TEST_F(MetricsTest, CountsWhatTheLogTells) {
  metrics_.OnMissed({LocalDate(days(1)), LocalDate(days(2))});
  metrics_.OnTrouble(absl::UnavailableError("away"), "trying again");
  EXPECT_EQ(Value("missed_slots_total"), 2);
  EXPECT_EQ(Value("troubles_total{kind=\"unavailable\"}"), 1);
}

TEST_F(MetricsTest, CountsAlerts) {
  metrics_.OnDelivery("slack", "");
  metrics_.OnDelivery("slack", "it answered HTTP 500");
  metrics_.OnDelivery("slack", "it answered HTTP 500");
  metrics_.OnOutbox(3);
  EXPECT_EQ(Value("alerts_total{channel=\"slack\",result=\"delivered\"}"), 1);
  EXPECT_EQ(Value("alerts_total{channel=\"slack\",result=\"failed\"}"), 2);
  EXPECT_EQ(Value("outbox_messages"), 3);
}

TEST_F(MetricsTest, LeadsNotWhileAnotherDoes) {
  metrics_.OnRunBegin({});
  metrics_.OnStandby("another");
  EXPECT_EQ(Value("leader"), 0);
  metrics_.OnWait(At(27));
  EXPECT_EQ(Value("next_run_timestamp_seconds"), SecondsOf(At(27)));
}

// With the daemon that feeds them.
class MeasuredDaemonTest : public DaemonTest {};

TEST_F(MeasuredDaemonTest, KnowsTheLastRunAgainAfterARestart) {
  AddJob("young", slot().cutoff + days(30));
  { LiveUntil(*Start(), slot().start + minutes(1)); }
  Start();
  Metrics metrics({}, clock_.Now());
  metrics.OnHistory(observer_.histories.back());
  EXPECT_THAT(metrics.Text(),
              HasSubstr("retentiond_last_run_outcome{outcome=\"success\"} 1"));
  EXPECT_THAT(metrics.Text(), HasSubstr("retentiond_jobs 1\n"));
}

}  // namespace
}  // namespace retentiond
