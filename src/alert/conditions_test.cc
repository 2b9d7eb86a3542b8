#include "alert/conditions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::chrono::year;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class ConditionsTest : public testing::Test {
 protected:
  static RunRecord RunOf(RunOutcome outcome) {
    RunRecord run;
    run.slot = LocalDate(year(2026) / 3 / 16);
    run.slot_start = std::chrono::sys_days(year(2026) / 3 / 16) + hours(3);
    run.cutoff = run.slot_start - days(7);
    run.started = run.slot_start;
    run.finished = run.slot_start + seconds(48);
    run.outcome = outcome;
    run.jobs_total = 300;
    run.expired = 122;
    run.jobs_deleted = 122;
    run.files_deleted = 1;
    run.bytes_freed = 2048;
    run.held = 3;
    return run;
  }
  static std::vector<RunRecord> Earlier(const std::vector<std::int64_t>& held) {
    std::vector<RunRecord> runs;
    for (const std::int64_t count : held) {
      runs.push_back(RunOf(RunOutcome::kSuccess));
      runs.back().held = count;
    }
    return runs;
  }
  static std::vector<std::string> Found(const AlertReport& report) {
    std::vector<std::string> found;
    for (const auto& condition : report.conditions) {
      found.emplace_back(NameOf(condition.kind));
    }
    return found;
  }
  static std::vector<std::string> End(const RunRecord& run) {
    return Found(ReportOfEnd(run, {}));
  }
};

TEST_F(ConditionsTest, AGoodRunIsToldOfAndEndsTheRest) {
  const AlertReport report = ReportOfEnd(RunOf(RunOutcome::kSuccess), {});
  EXPECT_THAT(report.conditions, IsEmpty());
  EXPECT_THAT(
      report.looked_at,
      ElementsAre("blocked", "falling-behind", "held-growing", "large-run",
                  "late", "missed", "run-failed", "run-partial", "slow",
                  "undatable-rows", "window-cut"));
  ASSERT_THAT(report.notices, SizeIs(1));
  EXPECT_EQ(report.notices[0].key, "run-success");
  EXPECT_EQ(report.notices[0].text,
            "The cleanup of 2026-03-16: 122 jobs and 1 file deleted, 2.0 KiB "
            "freed, in 48 s; 3 jobs held.");
}

TEST_F(ConditionsTest, AFailedRunNamesItsFirstErrors) {
  RunRecord run = RunOf(RunOutcome::kFailed);
  run.jobs_deleted = 20;
  run.undatable = 2;
  run.errors = {"a", "b", "c", "d", "e"};
  const AlertReport report = ReportOfEnd(run, {});
  EXPECT_THAT(Found(report), ElementsAre("run-failed"));
  EXPECT_THAT(
      report.conditions[0].text,
      AllOf(HasSubstr("102 jobs that had expired stayed; 3 jobs held, 2 "
                      "without a readable creation time."),
            HasSubstr("\na\nb\nc\n... and 2 more: `retentiond runs --json`")));
  EXPECT_THAT(report.notices, IsEmpty());
  // It made up for nothing, and saw not everything.
  EXPECT_THAT(report.looked_at, Not(Contains("missed")));
  EXPECT_THAT(report.looked_at, Not(Contains("undatable-rows")));
}

TEST_F(ConditionsTest, APartialRunNamesWhatWasLeft) {
  RunRecord run = RunOf(RunOutcome::kPartial);
  run.errors = {"/tmp/nexrender: is missing"};
  run.marks = {kMarkWindowCut, kMarkSlow};
  EXPECT_THAT(End(run), ElementsAre("run-partial", "window-cut", "slow"));
  EXPECT_THAT(ReportOfEnd(run, {}).conditions[0].text,
              HasSubstr("\n/tmp/nexrender: is missing"));
}

TEST_F(ConditionsTest, AWindowThatWasTooShortSaysWhenTheRestIsGone) {
  RunRecord run = RunOf(RunOutcome::kPartial);
  run.marks = {kMarkWindowCut};
  run.jobs_total = 1000 + 700 + 3;
  run.expired = 1000;
  run.jobs_deleted = 300;
  EXPECT_THAT(ReportOfEnd(run, {}).conditions[1].text,
              HasSubstr("700 jobs that had expired stayed; 3 jobs held. The "
                        "window ended first, and the rest waits: at this pace "
                        "it is gone in 4 nights, while about 100 jobs a night "
                        "expire."));
  run.jobs_deleted = 100;
  const AlertReport report = ReportOfEnd(run, {});
  EXPECT_THAT(Found(report),
              ElementsAre("run-partial", "window-cut", "falling-behind"));
  EXPECT_THAT(report.conditions[1].text,
              HasSubstr("waits: about 100 jobs a night expire, and no fewer "
                        "than the window is long enough for."));
  EXPECT_EQ(report.conditions[2].text,
            "900 jobs have expired and are still there, about 100 jobs a night "
            "expire, and the cleanup of 2026-03-16 deleted 100 until its "
            "window ended. A longer `schedule.window` drains more.");
  // A database that others have emptied meanwhile.
  run.jobs_total = 0;
  EXPECT_THAT(End(run), ElementsAre("run-partial", "window-cut"));
}

TEST_F(ConditionsTest, SaysWhatALargeRunWillDelete) {
  Announcement ahead;
  Preview& preview = ahead.preview;
  preview.slot = {.date = LocalDate(year(2026) / 3 / 16),
                  .start = RunOf(RunOutcome::kFailed).slot_start,
                  .cutoff = {}};
  preview.totals.total = 3000;
  preview.to_delete = 1200;
  preview.dependents = {{.table = "JobLog", .rows = 2400},
                        {.table = "Note", .rows = 0}};
  preview.files = 1;
  preview.job_directories = 1;
  preview.bytes = 2048;
  AlertReport report = ReportOfAhead(ahead);
  EXPECT_THAT(report.looked_at, ElementsAre("large-run"));
  EXPECT_THAT(Found(report), ElementsAre("large-run"));
  EXPECT_EQ(report.conditions[0].text,
            "The cleanup of 2026-03-16, at 2026-03-16T03:00:00Z, is the first "
            "on this database: 1,200 of 3,000 jobs, 2,400 rows of JobLog, "
            "1 file in 1 directory of jobs, 2.0 KiB.\nIt runs unless the "
            "service is stopped (`systemctl stop retentiond`); `retentiond "
            "plan` shows the whole.");
  ahead.usual = 7;
  preview.job_directories = 2;
  preview.orphans = 1;
  preview.largest = {{"/tmp/nexrender/a", 1024}, {"/tmp/nexrender/b", 512}};
  preview.blocked = {"unheard-of"};
  report = ReportOfAhead(ahead);
  EXPECT_THAT(report.conditions[0].text,
              AllOf(HasSubstr("deletes at least ten times as much as usual "
                              "(7 jobs): 1,200 of"),
                    HasSubstr("1 file in 2 directories of jobs and 1 entry "
                              "that belong to no job, 2.0 KiB. The largest:\n"
                              "/tmp/nexrender/a (1.0 KiB)\n"
                              "/tmp/nexrender/b (512 B)\n"
                              "The clock guard would block it: unheard-of.")));
  preview.orphans = 2;
  EXPECT_THAT(ReportOfAhead(ahead).conditions[0].text,
              HasSubstr(" and 2 entries that belong"));
}

TEST_F(ConditionsTest, ARunLikeTheOthersIsTheEndOfALargeOne) {
  const AlertReport report = ReportOfAhead(std::nullopt);
  EXPECT_THAT(report.looked_at, ElementsAre("large-run"));
  EXPECT_THAT(report.conditions, IsEmpty());
}

TEST_F(ConditionsTest, CountsUndatableRows) {
  RunRecord run = RunOf(RunOutcome::kSuccess);
  run.undatable = 1;
  EXPECT_THAT(End(run), ElementsAre("undatable-rows"));
}

TEST_F(ConditionsTest, KnowsWhenMoreJobsAreHeldThanUsual) {
  const auto five = Earlier({10, 10, 30, 1, 50});  // the median is 10
  EXPECT_FALSE(IsGrowing(20, five));
  EXPECT_FALSE(IsGrowing(29, five));
  EXPECT_TRUE(IsGrowing(30, five));
  const auto many = Earlier({100, 100, 100, 100, 100});
  EXPECT_FALSE(IsGrowing(200, many));
  EXPECT_TRUE(IsGrowing(201, many));
  EXPECT_FALSE(IsGrowing(1000, Earlier({0, 0, 0, 0})));
  RunRecord run = RunOf(RunOutcome::kSuccess);
  run.held = 30;
  EXPECT_THAT(Found(ReportOfEnd(run, five)), ElementsAre("held-growing"));
}

TEST_F(ConditionsTest, ABlockSaysWhy) {
  RunRecord run = RunOf(RunOutcome::kBlocked);
  run.blocked = {"unheard-of", "another"};
  const AlertReport report = ReportOfBlock(run);
  EXPECT_THAT(Found(report), ElementsAre("blocked"));
  EXPECT_EQ(report.conditions[0].text,
            "The cleanup of 2026-03-16 deletes nothing until the clock is "
            "right again: unheard-of; another.");
}

TEST_F(ConditionsTest, ARunThatBeginsIsToldOf) {
  RunRecord run = RunOf(RunOutcome::kSuccess);
  const AlertReport report = ReportOfBegin(run);
  EXPECT_THAT(report.conditions, IsEmpty());
  EXPECT_THAT(report.looked_at, ElementsAre("blocked"));
  EXPECT_EQ(report.notices[0].text,
            "The cleanup of 2026-03-16 begins: 122 of 300 jobs have expired.");
  run.late = true;
  run.started += hours(2);
  const AlertReport late = ReportOfBegin(run);
  EXPECT_THAT(Found(late), ElementsAre("late"));
  EXPECT_EQ(late.conditions[0].text,
            "The cleanup of 2026-03-16, due at 2026-03-16T03:00:00Z, has begun "
            "only at 2026-03-16T05:00:00Z.");
}

TEST_F(ConditionsTest, NamesSlotsThatWereMissedOrAreOverdue) {
  const LocalDate date(year(2026) / 3 / 16);
  EXPECT_THAT(ReportOfMissed({date - days(1), date}).conditions[0].text,
              HasSubstr("2026-03-15, 2026-03-16"));
  const AlertReport report =
      ReportOfOverdue({.date = date,
                       .start = RunOf(RunOutcome::kFailed).slot_start,
                       .cutoff = {}});
  EXPECT_THAT(Found(report), ElementsAre("late"));
}

TEST_F(ConditionsTest, NamesJobsThatWereHeldForTooLong) {
  const RunRecord run = RunOf(RunOutcome::kSuccess);
  SurveyTotals totals;
  const auto add = [&](const std::string& id, std::optional<Instant> created) {
    Job job;
    job.id.text = id;
    job.created = created;
    totals.in_work_jobs.push_back(job);
  };
  add("at", run.cutoff - kHeldTooLong);
  add("undatable", std::nullopt);
  EXPECT_THAT(ReportOfSurvey(run, totals).conditions, IsEmpty());
  EXPECT_THAT(ReportOfSurvey(run, totals).looked_at, ElementsAre("held-long"));
  for (const char* id : {"a", "b", "c"}) {
    add(id, run.cutoff - kHeldTooLong - Micros(1));
  }
  EXPECT_THAT(ReportOfSurvey(run, totals).conditions[0].text,
              HasSubstr("more than 30 days: a, b, c. Whoever"));
  add("d", run.cutoff - days(99));
  EXPECT_THAT(ReportOfSurvey(run, totals).conditions[0].text,
              HasSubstr("a, b, c, and others."));
}

}  // namespace
}  // namespace retentiond
