#include "jobstore/sqlite_job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/sqlite_farm.h"
#include "testing/jobstore/sqlite_job_store_fixture.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// --- survey

TEST_F(SqliteJobStoreTest, CountsNothingInAnEmptyTable) {
  MakeJobs();
  OpenStore();
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.total, 0);
  EXPECT_EQ(totals.oldest_kept, std::nullopt);
  EXPECT_TRUE(Delete().finished);
}

TEST_F(SqliteJobStoreTest, ComparesInstantsWhateverTheirForm) {
  MakeJobs();
  const Instant cutoff = TestCutoff();
  const auto millis = [&](milliseconds d) {
    return std::to_string(MicrosOf(cutoff + d) / 1000);
  };
  AddJob("before-iso", "'2026-03-09T02:59:59.999+00:00'");
  AddJob("before-ms", millis(milliseconds(-1)));
  AddJob("before-sql", "'2026-03-09 02:59:59'");
  AddJob("before-s", "1773025199");
  AddJob("before-real", "1773025199.5");
  AddJob("at-iso", "'2026-03-09T05:00:00.000+02:00'");
  AddJob("at-ms", millis(milliseconds(0)));
  AddJob("at-sql", "'2026-03-09 03:00:00'");
  AddJob("at-s", "1773025200");
  AddJob("after-ms", millis(milliseconds(1)));
  OpenStore();
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.total, 10);
  EXPECT_EQ(totals.expired, 5);
  EXPECT_EQ(totals.undatable, 0);
  EXPECT_EQ(totals.oldest_kept, cutoff);
  EXPECT_THAT(Delete().jobs, SizeIs(5));
  EXPECT_EQ(farm_.Text("SELECT id FROM Job ORDER BY id"),
            "after-ms,at-iso,at-ms,at-s,at-sql");
}

TEST_F(SqliteJobStoreTest, KeepsAndCountsUndatableJobs) {
  MakeJobs();
  AddJob("null", "NULL");
  AddJob("garbage", "'last week'", "RENDERING");
  AddJob("zero", "0");
  AddJob("blob", "x'00'");
  AddJob("at-24h", "'2026-03-17 03:00:00'");
  AddJob("over-24h", "'2026-03-17 03:00:00.001'");
  OpenStore();
  const SurveyTotals totals = Survey([](const Job& job) {
    EXPECT_EQ(job.created.has_value(), job.id.text == "at-24h");
    EXPECT_EQ(job.job_class, job.id.text == "at-24h" ? JobClass::kRecent
                                                     : JobClass::kUndatable);
    return absl::OkStatus();
  });
  EXPECT_EQ(totals.undatable, 5);
  EXPECT_EQ(totals.ahead, 1);
  EXPECT_EQ(totals.in_work, 0);
  EXPECT_TRUE(Delete().finished);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM Job"), 6);
}

TEST_F(SqliteJobStoreTest, HoldsJobsInWorkAndNamesTheOldestTwenty) {
  MakeJobs();
  for (int i = 10; i < 35; ++i) {
    AddJob("w" + std::to_string(i),
           "'2026-01-" + std::to_string(i % 3 + 10) + " 00:00:00'",
           i % 2 == 0 ? "RENDERING" : "completed");
  }
  farm_.Execute("INSERT INTO Job(id, createdAt) VALUES('null', 1767225600)");
  OpenStore();
  const SurveyTotals totals = Survey();
  EXPECT_EQ(totals.expired, 0);
  EXPECT_EQ(totals.in_work, 26);
  ASSERT_THAT(totals.in_work_jobs, SizeIs(20));
  EXPECT_EQ(totals.in_work_jobs[0].id.text, "null");
  EXPECT_TRUE(std::is_sorted(
      totals.in_work_jobs.begin(), totals.in_work_jobs.end(),
      [](const Job& a, const Job& b) { return a.created < b.created; }));
  EXPECT_EQ(totals.oldest_kept, totals.in_work_jobs[0].created);
}

TEST_F(SqliteJobStoreTest, EveryJobIsFinishedWithoutAStateColumn) {
  farm_.Execute("CREATE TABLE Job(id INTEGER PRIMARY KEY, createdAt)");
  farm_.Execute("INSERT INTO Job VALUES(7, '2026-01-01 00:00:00')");
  farm_.layout.status.reset();
  OpenStore();
  EXPECT_EQ(Survey().expired, 1);
  EXPECT_THAT(Delete().jobs, ElementsAre(JobId{"7"}));
}

TEST_F(SqliteJobStoreTest, CountsJobsOlderThanTheDaemon) {
  MakeJobs();
  AddJob("before", "'2026-03-16 02:59:59'");
  AddJob("at", "'2026-03-16 03:00:00'");
  AddJob("never", "NULL");
  OpenStore();
  EXPECT_EQ(Survey().datable_before_start, 1);
}

TEST_F(SqliteJobStoreTest, ReadsTheFieldsOfEveryJob) {
  MakeJobs();
  farm_.Execute(
      "ALTER TABLE Job ADD COLUMN \"config.dotted\" TEXT;"
      "ALTER TABLE Job ADD COLUMN outputs JSONB;"
      "INSERT INTO Job VALUES('a', 'COMPLETED', 1767225600, '[\"no json\"]', "
      "'{\"uid\":\"u1\",\"n\":5}', 'dots', '[\"/x\",\"/y\"]')");
  farm_.layout.fields = {
      "id",      "outputPath",           "nexrenderConfig.uid",
      "missing", "nexrenderConfig.gone", "config.dotted",
      "outputs"};
  OpenStore();
  std::vector<FieldValue> fields;
  Survey([&](const Job& job) {
    fields = job.fields;
    return absl::OkStatus();
  });
  EXPECT_THAT(fields,
              ElementsAre(ElementsAre("a"), ElementsAre("[\"no json\"]"),
                          ElementsAre("u1"), IsEmpty(), IsEmpty(),
                          ElementsAre("dots"), ElementsAre("/x", "/y")));
}

TEST_F(SqliteJobStoreTest, VisitsEveryJobOfManySlices) {
  MakeJobs();
  AddExpired(5000);
  OpenStore();
  std::vector<std::string> ids;
  EXPECT_EQ(Survey([&](const Job& job) {
              ids.push_back(job.id.text);
              return absl::OkStatus();
            }).total,
            5000);
  EXPECT_EQ(std::unique(ids.begin(), ids.end()) - ids.begin(), 5000);
}

TEST_F(SqliteJobStoreTest, AVisitorsErrorStopsTheSurvey) {
  MakeJobs();
  AddExpired(3);
  OpenStore();
  const auto fail = [](const Job&) { return absl::CancelledError("enough"); };
  EXPECT_EQ(store_->Survey(TestSurvey(), fail).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(store_->DeleteBatch(TestBatch(1), RecordNothing).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

// --- newcomers

TEST_F(SqliteJobStoreTest, ShowsJobsInsertedSinceTheSurvey) {
  MakeJobs();
  AddExpired(2000);
  OpenStore();
  std::vector<std::string> seen;
  const auto note = [&](const Job& job) {
    seen.push_back(job.id.text);
    return absl::OkStatus();
  };
  EXPECT_EQ(store_->VisitNewcomers(note).code(),
            absl::StatusCode::kFailedPrecondition);
  Survey();
  EXPECT_TRUE(store_->VisitNewcomers(note).ok());
  EXPECT_THAT(seen, IsEmpty());
  AddJob("new", "1773662400");
  EXPECT_TRUE(store_->VisitNewcomers(note).ok());
  EXPECT_THAT(seen, testing::Contains("new"));
  EXPECT_LE(seen.size(), 1001U);
  seen.clear();
  EXPECT_TRUE(store_->VisitNewcomers(note).ok());
  EXPECT_THAT(seen, IsEmpty());
}

TEST_F(SqliteJobStoreTest, ShowsNewcomersOfATableWithoutRowid) {
  MakeJobs(" WITHOUT ROWID");
  AddExpired(10);
  OpenStore();
  Survey();
  AddJob("a-new", "1773662400");
  std::vector<std::string> seen;
  EXPECT_TRUE(store_
                  ->VisitNewcomers([&](const Job& job) {
                    seen.push_back(job.id.text);
                    return absl::OkStatus();
                  })
                  .ok());
  EXPECT_THAT(seen, testing::Contains("a-new"));
}

// --- batches

TEST_F(SqliteJobStoreTest, RefusesABatchBeforeTheSurvey) {
  MakeJobs();
  OpenStore();
  store_->Rewind();
  EXPECT_EQ(store_->DeleteBatch(TestBatch(1), RecordNothing).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteJobStoreTest, DeletesTheOldestFirstAndNeverMoreThanTheLimit) {
  for (const int count : {1, 9, 10, 11, 20, 21}) {
    SCOPED_TRACE(count);
    farm_.Execute("DROP TABLE IF EXISTS Job");
    MakeJobs();
    AddExpired(count);
    OpenStore();
    Survey();
    std::vector<std::string> order;
    while (true) {
      const Batch batch = Delete(10);
      if (batch.finished) break;
      EXPECT_LE(batch.jobs.size(), 10U);
      EXPECT_TRUE(batch.id.has_value());
      for (const JobId& id : batch.jobs) order.push_back(id.text);
    }
    EXPECT_THAT(order, SizeIs(static_cast<std::size_t>(count)));
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
    EXPECT_EQ(farm_.Int("SELECT count(*) FROM Job"), 0);
  }
}

TEST_F(SqliteJobStoreTest, CountsDependentsInTheLimit) {
  MakeJobs();
  farm_.Execute("CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE)");
  AddExpired(40);
  farm_.Execute(
      "INSERT INTO Log SELECT id FROM Job UNION ALL SELECT id FROM "
      "Job UNION ALL SELECT id FROM Job WHERE id > 'j00020'");
  OpenStore();
  const auto result = CleanUp(*store_, 12);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->rows,
              UnorderedElementsAre(Pair("Job", 40), Pair("Log", 100)));
  EXPECT_LE(result->largest_batch, 12);
  EXPECT_EQ(result->parts, 0);
}

TEST_F(SqliteJobStoreTest, DeletesAJobWithTooManyDependentsInParts) {
  MakeJobs();
  farm_.Execute(
      "CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE);"
      "CREATE TABLE Shot(job TEXT REFERENCES Job ON DELETE CASCADE)");
  AddExpired(3);
  farm_.Execute(
      "INSERT INTO Log SELECT 'j00002' FROM pragma_function_list LIMIT 25;"
      "INSERT INTO Shot SELECT 'j00002' FROM pragma_function_list LIMIT 8");
  OpenStore();
  Survey();
  std::vector<std::string> story;
  while (true) {
    const Batch batch = Delete(10);
    if (batch.finished) break;
    std::int64_t rows = 0;
    for (const auto& [table, count] : batch.rows) rows += count;
    EXPECT_LE(rows, 11);
    if (batch.part) {
      EXPECT_THAT(batch.jobs, IsEmpty());
      EXPECT_TRUE(batch.id.has_value());
      EXPECT_EQ(farm_.Int("SELECT count(*) FROM Job WHERE id = 'j00002'"), 1);
    }
    story.push_back(batch.part ? "part" : "whole");
  }
  EXPECT_THAT(story,
              ElementsAre("whole", "part", "part", "part", "whole", "whole"));
  EXPECT_EQ(farm_.Dump(), "");
}

TEST_F(SqliteJobStoreTest, StopsBetweenPartsWhenTheJobIsNoLongerFinished) {
  MakeJobs();
  farm_.Execute("CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE)");
  AddExpired(1);
  farm_.Execute(
      "INSERT INTO Log SELECT 'j00001' FROM pragma_function_list LIMIT 25");
  OpenStore();
  Survey();
  EXPECT_TRUE(Delete(10).part);
  farm_.Execute("UPDATE Job SET status = 'QUEUED'");
  const Batch batch = Delete(10);
  EXPECT_FALSE(batch.part);
  EXPECT_THAT(batch.jobs, IsEmpty());
  EXPECT_TRUE(Delete(10).finished);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM Log"), 15);
}

TEST_F(SqliteJobStoreTest, ReadsAgeAndStateAgainInsideTheBatch) {
  MakeJobs();
  AddExpired(4);
  OpenStore();
  Survey();
  farm_.Execute(
      "UPDATE Job SET status = 'QUEUED' WHERE id = 'j00001';"
      "UPDATE Job SET createdAt = 1773662400 WHERE id = 'j00002';"
      "DELETE FROM Job WHERE id = 'j00003'");
  const Batch batch = Delete();
  EXPECT_THAT(batch.jobs, ElementsAre(JobId{"j00004"}));
  EXPECT_EQ(farm_.Text("SELECT id FROM Job ORDER BY id"), "j00001,j00002");
}

TEST_F(SqliteJobStoreTest, TellsWhetherOthersCommitted) {
  MakeJobs();
  AddExpired(30);
  OpenStore();
  Survey();
  EXPECT_FALSE(Delete(8).foreign_commits);
  EXPECT_FALSE(Delete(8).foreign_commits);
  AddJob("new", "1773662400");
  EXPECT_TRUE(Delete(8).foreign_commits);
  EXPECT_FALSE(Delete(8).foreign_commits);
}

TEST_F(SqliteJobStoreTest, ShowsTheRecorderTheJobsWithTheirFields) {
  MakeJobs();
  AddExpired(2);
  farm_.Execute(
      "UPDATE Job SET nexrenderConfig = '{\"uid\":\"u-' || id || "
      "'\"}'");
  farm_.layout.fields = {"nexrenderConfig.uid"};
  OpenStore();
  Survey();
  std::vector<std::string> uids;
  const auto record = [&](const std::vector<Job>& jobs) {
    Belongings belongings;
    for (const Job& job : jobs) {
      uids.push_back(job.fields[0][0]);
      belongings.refused.push_back({job.id.text, "refused-name"});
    }
    return belongings;
  };
  const auto batch = store_->DeleteBatch(TestBatch(10), record);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(uids, ElementsAre("u-j00001", "u-j00002"));
  EXPECT_THAT(batch->belongings.refused, SizeIs(2));
}

TEST_F(SqliteJobStoreTest, DeletesNothingWhenTheRecorderFails) {
  MakeJobs();
  AddExpired(2);
  OpenStore();
  Survey();
  const auto batch = store_->DeleteBatch(
      TestBatch(10), [](const std::vector<Job>&) -> absl::StatusOr<Belongings> {
        return absl::InternalError("no");
      });
  EXPECT_EQ(batch.status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM Job"), 2);
  EXPECT_THAT(Delete().jobs, SizeIs(2));
}

TEST_F(SqliteJobStoreTest, DeletesNothingWhenTheSchemaChanged) {
  MakeJobs();
  AddExpired(2);
  OpenStore();
  Survey();
  farm_.Execute("CREATE TABLE Log(job TEXT REFERENCES Job)");
  EXPECT_EQ(store_->DeleteBatch(TestBatch(10), RecordNothing).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM Job"), 2);
}

TEST_F(SqliteJobStoreTest, DryRunCountsTheSameAndChangesNothing) {
  MakeJobs();
  farm_.Execute("CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE)");
  AddExpired(50);
  farm_.Execute("INSERT INTO Log SELECT id FROM Job");
  const std::string before = farm_.Dump();
  OpenStore(OpenMode::kReadOnly);
  const auto counted = CleanUp(*store_, 20, DryRun::kYes);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(farm_.Dump(), before);
  OpenStore();
  Survey();
  while (!Delete(20, DryRun::kYes).finished) {
  }
  store_->Rewind();
  std::map<std::string, std::int64_t> rows;
  while (true) {
    const Batch batch = Delete(20);
    if (batch.finished) break;
    for (const auto& [table, count] : batch.rows) rows[table] += count;
  }
  EXPECT_EQ(rows, counted->rows);
  EXPECT_THAT(rows, UnorderedElementsAre(Pair("Job", 50), Pair("Log", 50)));
}

TEST_F(SqliteJobStoreTest, StartsOverWhenRewoundInTheMiddleOfADryRun) {
  MakeJobs();
  AddExpired(12);
  OpenStore();
  Survey();
  EXPECT_THAT(Delete(4, DryRun::kYes).jobs, SizeIs(4));
  store_->Rewind();
  EXPECT_THAT(Delete(4, DryRun::kYes).jobs.front(), JobId{"j00001"});
}

}  // namespace
}  // namespace retentiond
