#include "run/log_observer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <sstream>

#include "policy/zone.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using ::testing::HasSubstr;

class LogObserverTest : public RunTest {
 protected:
  std::string TakeLog() {
    const std::string text = stream_.str();
    stream_.str("");
    return text;
  }

  std::ostringstream stream_;
  std::shared_ptr<spdlog::logger> log_ = std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_st>(stream_));
  LogObserver log_observer_{log_, absl::UTCTimeZone()};
};

TEST_F(LogObserverTest, TellsTheNextRunOnce) {
  log_observer_.OnWait(slot().start);
  EXPECT_THAT(TakeLog(), HasSubstr("next run at=2040-03-16T03:00:00+00:00"));
  log_observer_.OnWait(slot().start);
  EXPECT_EQ(TakeLog(), "");
}

TEST_F(LogObserverTest, TellsMissedNights) {
  log_observer_.OnMissed({slot().date, slot().date + std::chrono::days(1)});
  EXPECT_THAT(TakeLog(), HasSubstr("missed slots=2040-03-16,2040-03-17"));
}

TEST_F(LogObserverTest, TellsARunFromItsBeginToItsEnd) {
  RunRecord run{.slot = slot().date, .cutoff = slot().cutoff};
  run.clock_facts = {"unsynchronised"};
  log_observer_.OnRunBegin(run);
  EXPECT_THAT(TakeLog(), HasSubstr("clock facts=unsynchronised"));
  log_observer_.OnPhase(run);
  Batch batch{.id = BatchId(1)};
  batch.held.push_back({JobId{"a"}, "Invoice", "a row refers to it"});
  const Governor governor(Governor::Manner::kNormal, {});
  log_observer_.OnBatch(run, batch, governor);
  log_observer_.OnPause(governor);
  const std::string text = TakeLog();
  EXPECT_THAT(text, HasSubstr("held job=a reason=\"a row refers to it\""));
  EXPECT_THAT(text, HasSubstr("pace=\"full speed\""));
  log_observer_.OnBatch(run, Batch{}, governor);
  log_observer_.OnPause(governor);
  EXPECT_EQ(TakeLog(), "");
  FilesOutcome files;
  files.errors = {"unlink a: I/O error"};
  log_observer_.OnFiles(run, files);
  EXPECT_THAT(TakeLog(), HasSubstr("leaving it for the next night"));
  run.outcome = RunOutcome::kPartial;
  run.errors = {"a root is missing"};
  log_observer_.OnRunEnd(run);
  EXPECT_THAT(TakeLog(), HasSubstr("first=\"a root is missing\""));
  run.outcome.reset();
  run.errors.clear();
  log_observer_.OnRunEnd(run);
  EXPECT_THAT(TakeLog(), HasSubstr("outcome=open"));
}

TEST_F(LogObserverTest, TellsABlockOnceUntilItsFactsChange) {
  RunRecord run{.slot = slot().date};
  run.blocked = {"stepped"};
  log_observer_.OnBlocked(run);
  EXPECT_THAT(TakeLog(), HasSubstr("facts=stepped"));
  log_observer_.OnBlocked(run);
  EXPECT_EQ(TakeLog(), "");
  run.blocked = {"stepped", "behind-anchor"};
  log_observer_.OnBlocked(run);
  EXPECT_THAT(TakeLog(), HasSubstr("stepped,behind-anchor"));
}

TEST_F(LogObserverTest, TellsOfARunThatIsLateSlowOrCut) {
  RunRecord run{.slot = slot().date, .late = true};
  log_observer_.OnRunBegin(run);
  EXPECT_THAT(TakeLog(), HasSubstr("[warning] run begins"));
  run.outcome = RunOutcome::kPartial;
  run.marks = {kMarkSlow, kMarkWindowCut};
  log_observer_.OnRunEnd(run);
  const std::string text = TakeLog();
  EXPECT_THAT(text, HasSubstr("[error] run marked slot=2040-03-16 mark=slow: "
                              "it took more than three times"));
  EXPECT_THAT(text, HasSubstr("mark=window-cut: the window ended"));
}

TEST_F(LogObserverTest, TellsWhatBecameOfTheTables) {
  RunRecord run{.slot = slot().date};
  run.tables.push_back({.table = "Job",
                        .bytes_before = 16384,
                        .bytes_after = 8192,
                        .dead_rows_before = 1,
                        .dead_rows_after = {},
                        .vacuum = "skipped: out of time"});
  log_observer_.OnRunEnd(run);
  EXPECT_THAT(TakeLog(),
              HasSubstr("table name=\"Job\" bytes_before=16384 "
                        "bytes_after=8192 dead_rows_before=1 "
                        "dead_rows_after=? vacuum=\"skipped: out of time\""));
}

TEST_F(LogObserverTest, TellsWhoLeadsOnceUntilItWaitsAgain) {
  log_observer_.OnStandby("another");
  EXPECT_THAT(TakeLog(), HasSubstr("standing by: leader=another"));
  log_observer_.OnStandby("another");
  EXPECT_EQ(TakeLog(), "");
  log_observer_.OnWait(slot().start);
  TakeLog();
  log_observer_.OnStandby("another");
  EXPECT_NE(TakeLog(), "");
}

TEST_F(LogObserverTest, TellsTimesInTheZoneOfTheSchedule) {
  log_observer_.OnWait(slot().start);
  TakeLog();
  log_observer_.OnSchedule({.zone = *LoadZone("Europe/Helsinki")});
  log_observer_.OnWait(slot().start);
  EXPECT_THAT(TakeLog(), HasSubstr("next run at=2040-03-16T05:00:00+02:00"));
}

TEST_F(LogObserverTest, TellsNotices) {
  log_observer_.OnNotice("the configuration was read anew");
  EXPECT_THAT(TakeLog(), HasSubstr("[info] the configuration was read anew"));
}

TEST_F(LogObserverTest, EndsATroubleInWhatIsDoneAboutIt) {
  log_observer_.OnTrouble(absl::AbortedError("locked"), "trying again");
  EXPECT_THAT(TakeLog(), HasSubstr("locked, trying again"));
}

TEST_F(LogObserverTest, GivesLinesTheirPriorityInTheJournal) {
  setenv("JOURNAL_STREAM", "8:1", 1);
  testing::internal::CaptureStderr();
  const auto log = MakeLog();
  log->info("good");
  log->warn("odd");
  log->error("bad");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "<6>good\n<4>odd\n<3>bad\n");
  unsetenv("JOURNAL_STREAM");
}

TEST_F(LogObserverTest, GivesLinesATimeAndALevelElsewhere) {
  unsetenv("JOURNAL_STREAM");
  testing::internal::CaptureStderr();
  MakeLog()->error("bad");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("error   bad"));
}

TEST(RunObserverTest, NeedsNoMethodOfItsOwn) {
  RunObserver observer;
  observer.OnWait(Instant{});
  observer.OnMissed({});
  observer.OnRunBegin({});
  observer.OnPhase({});
  observer.OnBatch({}, {}, Governor(Governor::Manner::kNormal, {}));
  observer.OnFiles({}, {});
  observer.OnBlocked({});
  observer.OnRunEnd({});
  observer.OnStandby("");
  observer.OnSchedule({});
  observer.OnNotice("");
  observer.OnSettings(nullptr);
  observer.OnHistory({});
  observer.OnClock({});
  observer.OnSurvey({}, {});
  observer.OnBacklog({});
  observer.OnPause(Governor(Governor::Manner::kNormal, {}));
  observer.OnDelivery("", "");
  observer.OnOutbox(0);
  observer.OnTrouble(absl::OkStatus(), "");
}

TEST_F(LogObserverTest, TellsWhatBecameOfAnAlert) {
  log_observer_.OnDelivery("slack", "");
  EXPECT_THAT(TakeLog(), HasSubstr("alert delivered channel=slack"));
  log_observer_.OnDelivery("slack", "it answered HTTP 500");
  EXPECT_THAT(TakeLog(), HasSubstr("alert not delivered channel=slack: it "
                                   "answered HTTP 500, trying again later"));
}

TEST_F(LogObserverTest, TellsWhatBecameOfAPartition) {
  const RunRecord run;
  const Governor governor(Governor::Manner::kNormal, {});
  Batch batch;
  batch.partition = {.kind = PartitionStep::Kind::kDropped,
                     .name = "job_4",
                     .jobs = 7,
                     .reason = ""};
  log_observer_.OnBatch(run, batch, governor);
  EXPECT_THAT(TakeLog(), HasSubstr("partition dropped name=\"job_4\" jobs=7"));
  batch.partition->kind = PartitionStep::Kind::kStays;
  batch.partition->reason = "its jobs were changed meanwhile";
  log_observer_.OnBatch(run, batch, governor);
  EXPECT_THAT(TakeLog(), HasSubstr("its jobs were changed meanwhile, going"));
  batch.partition->kind = PartitionStep::Kind::kLeaving;
  log_observer_.OnBatch(run, batch, governor);
  EXPECT_EQ(TakeLog(), "");
}

}  // namespace
}  // namespace retentiond
