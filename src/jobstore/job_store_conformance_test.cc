// What every JobStore must do; what every StateStore must do is in
// state_store_conformance_test.cc. FarmKinds lists the databases.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/jobstore/conformance.h"

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class JobStoreConformanceTest : public ConformanceTest {
 protected:
  // The classes that a survey shows, by id.
  std::map<std::string, JobClass> Classes() {
    std::map<std::string, JobClass> classes;
    Survey([&](const Job& job) {
      classes[job.id.text] = job.job_class;
      return absl::OkStatus();
    });
    return classes;
  }
};

INSTANTIATE_TEST_SUITE_P(All, JobStoreConformanceTest,
                         testing::ValuesIn(FarmKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(JobStoreConformanceTest, SurveysAnEmptyTable) {
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.total, 0);
  EXPECT_EQ(totals.expired, 0);
  EXPECT_EQ(totals.oldest_kept, std::nullopt);
  BeginRun();
  EXPECT_TRUE(Delete(Request())->finished);
}

TEST_P(JobStoreConformanceTest, TellsTheClassesApartAtTheCutoff) {
  Insert("before", kTick);
  Insert("at", Micros(0));
  Insert("after", -kTick);
  Insert("rendering", kTick, 0, "RENDERING");
  Insert("rendering-at", Micros(0), 0, "RENDERING");
  EXPECT_THAT(Classes(), UnorderedElementsAre(
                             testing::Pair("before", JobClass::kExpired),
                             testing::Pair("at", JobClass::kRecent),
                             testing::Pair("after", JobClass::kRecent),
                             testing::Pair("rendering", JobClass::kInWork),
                             testing::Pair("rendering-at", JobClass::kRecent)));
}

TEST_P(JobStoreConformanceTest, CallsAJobUndatableOnlyMoreThanADayAhead) {
  InsertUndatable("unreadable");
  Insert("day-ahead", -(kSlotStart - kCutoff) - hours(24));
  Insert("further-ahead", -(kSlotStart - kCutoff) - hours(24) - kTick);
  EXPECT_THAT(Classes(),
              UnorderedElementsAre(
                  testing::Pair("unreadable", JobClass::kUndatable),
                  testing::Pair("day-ahead", JobClass::kRecent),
                  testing::Pair("further-ahead", JobClass::kUndatable)));
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.undatable, 2);
  EXPECT_EQ(totals.ahead, 1);
}

TEST_P(JobStoreConformanceTest, CountsWhatItSurveys) {
  Insert("old", days(2));
  Insert("older", days(3), 0, "FAILED");
  Insert("cancelled", days(1), 0, "CANCELLED");
  Insert("queued", days(4), 0, "QUEUED");
  Insert("rendering", days(5), 0, "RENDERING");
  Insert("young", -days(1));
  Insert("after-start", -days(7) - kTick);
  InsertUndatable("unreadable");
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.total, 8);
  EXPECT_EQ(totals.expired, 3);
  EXPECT_EQ(totals.in_work, 2);
  EXPECT_EQ(totals.undatable, 1);
  EXPECT_EQ(totals.ahead, 0);
  EXPECT_EQ(totals.datable_before_start, 6);
  EXPECT_EQ(totals.oldest_kept, kCutoff - days(5));
  ASSERT_EQ(totals.in_work_jobs.size(), 2U);
  EXPECT_EQ(totals.in_work_jobs[0].id.text, "rendering");
  EXPECT_EQ(totals.in_work_jobs[1].id.text, "queued");
}

TEST_P(JobStoreConformanceTest, NamesAtMostTwentyJobsInWorkTheOldestOnes) {
  for (int i = 1; i <= 21; ++i) {
    Insert(fmt::format("job-{}", i), hours(i), 0, "RENDERING");
  }
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.in_work, 21);
  ASSERT_EQ(totals.in_work_jobs.size(), 20U);
  EXPECT_EQ(totals.in_work_jobs.front().id.text, "job-21");
  EXPECT_EQ(totals.in_work_jobs.back().id.text, "job-2");
}

TEST_P(JobStoreConformanceTest, ShowsEachJobOnceWithItsFields) {
  Insert("a", kTick);
  std::vector<Job> seen;
  Survey([&](const Job& job) {
    seen.push_back(job);
    return absl::OkStatus();
  });
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].id.text, "a");
  EXPECT_EQ(seen[0].created, kCutoff - kTick);
  EXPECT_EQ(seen[0].state, "COMPLETED");
  EXPECT_THAT(seen[0].fields,
              ElementsAre(ElementsAre("/renders/a.mp4"), ElementsAre("uid-a")));
}

TEST_P(JobStoreConformanceTest, StopsTheSurveyAtTheVisitorsError) {
  Insert("a", kTick);
  Insert("b", kTick);
  int visits = 0;
  const absl::Status stop = absl::CancelledError("enough");
  EXPECT_EQ(jobs()
                .Survey(At(),
                        [&](const Job&) {
                          ++visits;
                          return stop;
                        })
                .status(),
            stop);
  EXPECT_EQ(visits, 1);
}

TEST_P(JobStoreConformanceTest, ShowsNewcomersOnce) {
  Insert("known", kTick);
  Survey();
  Insert("newcomer", -days(6));
  const auto newcomers = [&] {
    std::set<std::string> ids;
    EXPECT_OK(jobs().VisitNewcomers([&](const Job& job) {
      ids.insert(job.id.text);
      return absl::OkStatus();
    }));
    return ids;
  };
  EXPECT_EQ(newcomers().count("newcomer"), 1U);
  Insert("next", -days(6));
  EXPECT_EQ(newcomers().count("next"), 1U);
}

TEST_P(JobStoreConformanceTest, ReturnsTheErrorOfANewcomersVisitor) {
  Survey();
  Insert("newcomer", -days(6));
  const absl::Status stop = absl::CancelledError("enough");
  EXPECT_EQ(jobs().VisitNewcomers([&](const Job&) { return stop; }), stop);
}

TEST_P(JobStoreConformanceTest, FindsAJobByItsId) {
  Insert("old", kTick);
  Insert("young", -kTick);
  EXPECT_EQ((*jobs().Find({"old"}, At()))->job_class, JobClass::kExpired);
  EXPECT_EQ((*jobs().Find({"young"}, At()))->job_class, JobClass::kRecent);
  EXPECT_EQ(*jobs().Find({"none"}, At()), std::nullopt);
}

TEST_P(JobStoreConformanceTest, DeletesOnlyWhatHasExpiredOldestFirst) {
  Insert("newer", hours(1), 2);
  Insert("oldest", days(3), 3);
  Insert("at", Micros(0), 1);
  Insert("rendering", days(9), 1, "RENDERING");
  InsertUndatable("unreadable");
  BeginRun();
  Survey();
  const Totals totals = DeleteAll(500);
  EXPECT_THAT(totals.jobs, ElementsAre("oldest", "newer"));
  EXPECT_THAT(totals.rows,
              ElementsAre(testing::Pair("Job", 2), testing::Pair("JobLog", 5)));
  EXPECT_THAT(farm_->JobIds(), ElementsAre("at", "rendering", "unreadable"));
  EXPECT_EQ(farm_->CountRows("JobLog"), 2);
}

TEST_P(JobStoreConformanceTest, KeepsToTheRowLimit) {
  // Three jobs of four rows each.
  for (int i = 1; i <= 3; ++i) Insert(fmt::format("job-{}", i), hours(i), 3);
  BeginRun();
  Survey();
  const auto jobs_in_batch = [&](std::int64_t row_limit) {
    BatchRequest request = Request(row_limit);
    request.dry_run = DryRun::kYes;
    jobs().Rewind();
    return Delete(request)->jobs.size();
  };
  EXPECT_EQ(jobs_in_batch(7), 1U);
  EXPECT_EQ(jobs_in_batch(8), 2U);
  EXPECT_EQ(jobs_in_batch(9), 2U);
  EXPECT_EQ(jobs_in_batch(12), 3U);
  jobs().Rewind();
  const Totals totals = DeleteAll(8);
  EXPECT_EQ(totals.jobs.size(), 3U);
  EXPECT_EQ(totals.batches, 2);
  EXPECT_EQ(totals.parts, 0);
}

TEST_P(JobStoreConformanceTest, DeletesALargeJobInParts) {
  Insert("large", hours(2), 10);
  Insert("next", hours(1), 1);
  BeginRun();
  Survey();
  const Totals totals = DeleteAll(4);
  EXPECT_THAT(totals.jobs, ElementsAre("large", "next"));
  EXPECT_EQ(totals.rows.at("Job"), 2);
  EXPECT_EQ(totals.rows.at("JobLog"), 11);
  EXPECT_GE(totals.parts, 2);
  EXPECT_EQ(AuditOf("part").size(), static_cast<std::size_t>(totals.parts));
  EXPECT_THAT(AuditOf("part").front().facts,
              HasSubstr("\"part_of\":\"large\""));
  EXPECT_EQ(NewestRun().jobs_deleted, 2);
  EXPECT_EQ(NewestRun().rows_deleted, totals.rows);
}

TEST_P(JobStoreConformanceTest, TakesAJobThatJustFitsAsAWhole) {
  Insert("fits", hours(1), 3);
  BeginRun();
  Survey();
  EXPECT_EQ(DeleteAll(4).parts, 0);
}

TEST_P(JobStoreConformanceTest, ServesARowLimitOfOne) {
  Insert("large", hours(2), 2);
  Insert("bare", hours(1));
  BeginRun();
  Survey();
  const Totals totals = DeleteAll(1);
  EXPECT_THAT(totals.jobs, ElementsAre("large", "bare"));
  EXPECT_EQ(totals.parts, 2);
}

TEST_P(JobStoreConformanceTest, LeavesTheRestOfAJobThatGoesBackToWork) {
  Insert("large", hours(2), 5);
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request(2))->part);
  farm_->SetState("large", "RENDERING");
  DeleteAll(2);
  EXPECT_THAT(farm_->JobIds(), ElementsAre("large"));
  EXPECT_EQ(farm_->CountRows("JobLog"), 3);
}

TEST_P(JobStoreConformanceTest, ADryRunCountsWhatTheRealRunDeletes) {
  for (int i = 1; i <= 9; ++i) Insert(fmt::format("job-{}", i), hours(i), i);
  farm_->InsertInvoice("job-5");
  BeginRun();
  Survey();
  const std::size_t records = Audit().size();
  const Totals dry = DeleteAll(10, DryRun::kYes);
  EXPECT_EQ(farm_->JobIds().size(), 9U);
  EXPECT_EQ(farm_->CountRows("JobLog"), 45);
  EXPECT_EQ(Audit().size(), records);
  EXPECT_EQ(NewestRun().jobs_deleted, 0);

  jobs().Rewind();
  const Totals real = DeleteAll(10);
  EXPECT_EQ(dry.jobs, real.jobs);
  EXPECT_EQ(dry.rows, real.rows);
  EXPECT_EQ(dry.held, real.held);
}

TEST_P(JobStoreConformanceTest, ADryRunNeedsNoLease) {
  Insert("old", kTick);
  Survey();
  BatchRequest request = Request();
  request.dry_run = DryRun::kYes;
  const absl::StatusOr<Batch> batch = Delete(request);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->jobs.size(), 1U);
  EXPECT_EQ(batch->id, std::nullopt);
  EXPECT_EQ(batch->audit_seq, std::nullopt);
}

TEST_P(JobStoreConformanceTest, HoldsAJobThatARowRefersToWhichStays) {
  Insert("billed", hours(2), 2);
  Insert("free", hours(1));
  farm_->InsertInvoice("billed");
  BeginRun();
  Survey();
  const Totals totals = DeleteAll(500);
  EXPECT_THAT(totals.jobs, ElementsAre("free"));
  EXPECT_THAT(totals.held, ElementsAre("billed"));
  EXPECT_THAT(farm_->JobIds(), ElementsAre("billed"));
  EXPECT_EQ(farm_->CountRows("JobLog"), 2);
}

TEST_P(JobStoreConformanceTest, NamesTheTableThatHoldsAJob) {
  Insert("billed", hours(2));
  farm_->InsertInvoice("billed");
  BeginRun();
  Survey();
  const absl::StatusOr<Batch> batch = Delete(Request());
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_EQ(batch->held.size(), 1U);
  EXPECT_EQ(batch->held[0].id.text, "billed");
  EXPECT_EQ(batch->held[0].table, "Invoice");
  EXPECT_NE(batch->held[0].reason, "");
  EXPECT_EQ(batch->id, std::nullopt);
  EXPECT_THAT(AuditOf("batch"), IsEmpty());
}

TEST_P(JobStoreConformanceTest, PassesOverAJobThatChangedSinceTheSurvey) {
  Insert("restarted", hours(3), 1);
  Insert("gone", hours(2));
  Insert("old", hours(1));
  BeginRun();
  Survey();
  farm_->SetState("restarted", "QUEUED");
  EraseByFarm("gone");
  EXPECT_THAT(DeleteAll(500).jobs, ElementsAre("old"));
  EXPECT_THAT(farm_->JobIds(), ElementsAre("restarted"));
}

TEST_P(JobStoreConformanceTest, LeavesAJobToAnEarlierCutoff) {
  Insert("between", hours(1));
  BeginRun();
  Survey();
  BatchRequest request = Request();
  request.cutoff = kCutoff - hours(1);
  const absl::StatusOr<Batch> batch = Delete(request);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->jobs, IsEmpty());
  EXPECT_THAT(farm_->JobIds(), ElementsAre("between"));
}

}  // namespace
}  // namespace retentiond
