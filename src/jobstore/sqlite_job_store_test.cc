#include "jobstore/sqlite_job_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/sqlite_farm.h"

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

Belongings RecordNothing(const std::vector<Job>&) { return {}; }

class SqliteJobStoreTest : public testing::Test {
 protected:
  void MakeJobs(const std::string& options = "") {
    farm_.Execute(
        "CREATE TABLE Job(id TEXT PRIMARY KEY, status TEXT, createdAt, "
        "outputPath TEXT, nexrenderConfig JSON)" +
        options);
  }

  void AddJob(const std::string& id, const std::string& created,
              const std::string& state = "COMPLETED") {
    farm_.Execute("INSERT INTO Job(id, status, createdAt) VALUES('" + id +
                  "', '" + state + "', " + created + ")");
  }

  // `count` expired jobs, the oldest first: j00001, j00002, ...
  void AddExpired(int count) {
    farm_.Execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
        "i < " +
        std::to_string(count) +
        ") INSERT INTO Job(id, status, "
        "createdAt) SELECT printf('j%05d', i), 'COMPLETED', 1767225600 + i "
        "FROM n");
  }

  void OpenStore(OpenMode mode = OpenMode::kReadWrite) {
    auto store = farm_.Open(mode);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  SurveyTotals Survey(const JobVisitor& visit = nullptr) {
    const auto totals = store_->Survey(TestSurvey(), visit);
    EXPECT_TRUE(totals.ok()) << totals.status();
    return *totals;
  }

  Batch Delete(std::int64_t row_limit = 500, DryRun dry_run = DryRun::kNo) {
    auto batch =
        store_->DeleteBatch(TestBatch(row_limit, dry_run), RecordNothing);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return *std::move(batch);
  }

  std::string OpenError() {
    const auto store = farm_.Open();
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument);
    return MessageOf(store.status());
  }

  SqliteFarm farm_;
  std::unique_ptr<SqliteJobStore> store_;
};

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

// --- refusals

TEST_F(SqliteJobStoreTest, HoldsTheOneJobThatATriggerProtects) {
  MakeJobs();
  AddExpired(5);
  farm_.Execute(
      "CREATE TRIGGER keep BEFORE DELETE ON Job WHEN OLD.id = "
      "'j00003' BEGIN SELECT RAISE(ABORT, 'protected'); END");
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs,
              ElementsAre("j00001", "j00002", "j00004", "j00005"));
  EXPECT_THAT(result->held,
              ElementsAre(Pair("j00003", HasSubstr("refused its deletion"))));
  EXPECT_THAT(result->held.at("j00003"), HasSubstr("protected"));
}

TEST_F(SqliteJobStoreTest, HoldsTheJobThatATriggerSilentlyKeeps) {
  MakeJobs();
  AddExpired(3);
  farm_.Execute(
      "CREATE TRIGGER keep BEFORE DELETE ON Job WHEN OLD.id = "
      "'j00002' BEGIN SELECT RAISE(IGNORE); END");
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, ElementsAre("j00001", "j00003"));
  EXPECT_THAT(result->held, ElementsAre(Pair("j00002", HasSubstr("trigger"))));
}

TEST_F(SqliteJobStoreTest, HoldsTheJobWhoseDependentsATriggerSilentlyKeeps) {
  MakeJobs();
  farm_.Execute("CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE)");
  AddExpired(1);
  farm_.Execute(
      "INSERT INTO Log SELECT 'j00001' FROM pragma_function_list "
      "LIMIT 25;"
      "CREATE TRIGGER keep BEFORE DELETE ON Log "
      "BEGIN SELECT RAISE(IGNORE); END");
  OpenStore();
  for (const std::int64_t row_limit : {10, 500}) {
    const auto result = CleanUp(*store_, row_limit);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_THAT(result->jobs, IsEmpty());
    EXPECT_THAT(result->held, SizeIs(1));
  }
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM Log"), 25);
}

TEST_F(SqliteJobStoreTest, HoldsJobsThatTheCommitRefuses) {
  MakeJobs();
  farm_.Execute(
      "CREATE TABLE Note(job TEXT DEFAULT 'nobody' REFERENCES Job "
      "ON DELETE SET DEFAULT)");
  AddExpired(2);
  farm_.Execute("INSERT INTO Note VALUES('j00001')");
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, ElementsAre("j00002"));
  EXPECT_THAT(result->held,
              ElementsAre(Pair("j00001", HasSubstr("FOREIGN KEY"))));
}

TEST_F(SqliteJobStoreTest, SaysBusyWhenAnotherHoldsTheLock) {
  MakeJobs();
  AddExpired(1);
  auto connection = SqliteConnection::Open(farm_.path(), OpenMode::kReadWrite);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE((*connection)->Execute("PRAGMA busy_timeout = 0").ok());
  ASSERT_EQ(BeginTestRun(*connection), absl::OkStatus());
  auto store = SqliteJobStore::Open(*connection, farm_.layout);
  ASSERT_TRUE(store.ok());
  store_ = *std::move(store);
  Survey();
  farm_.Execute("BEGIN IMMEDIATE");
  EXPECT_EQ(store_->DeleteBatch(TestBatch(1), RecordNothing).status().code(),
            absl::StatusCode::kAborted);
  farm_.Execute("COMMIT");
  EXPECT_THAT(Delete().jobs, SizeIs(1));
}

// --- shapes of tables

TEST_F(SqliteJobStoreTest, CleansATableWithoutRowid) {
  farm_.Execute(
      "CREATE TABLE Job(tenant INT, id TEXT, status TEXT, createdAt, "
      "PRIMARY KEY(tenant, id)) WITHOUT ROWID;"
      "CREATE TABLE Log(tenant INT, job TEXT, FOREIGN KEY(tenant, job) "
      "REFERENCES Job ON DELETE CASCADE);"
      "CREATE TABLE Invoice(tenant INT, job TEXT, FOREIGN KEY(tenant, job) "
      "REFERENCES Job);"
      "INSERT INTO Job VALUES(1, 'a', 'FAILED', '2026-01-01 00:00:00'), "
      "(2, 'a', 'FAILED', '2026-01-02 00:00:00'), "
      "(3, 'a', 'FAILED', '2026-01-03 00:00:00'), "
      "(3, 'b', 'FAILED', '2026-03-15 00:00:00');"
      "INSERT INTO Log VALUES(1, 'a'), (2, 'a'), (3, 'a'), (3, 'b');"
      "INSERT INTO Invoice VALUES(2, 'a')");
  farm_.layout.id = {"tenant", "id"};
  OpenStore();
  const auto result = CleanUp(*store_, 2);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, ElementsAre("[1,\"a\"]", "[3,\"a\"]"));
  EXPECT_THAT(result->held,
              ElementsAre(Pair("[2,\"a\"]", HasSubstr("Invoice"))));
  EXPECT_EQ(farm_.Text("SELECT tenant || job FROM Log"), "2a,3b");
}

TEST_F(SqliteJobStoreTest, CleansATableWithoutPrimaryKey) {
  farm_.Execute(
      "CREATE TABLE Job(id, status TEXT, createdAt);"
      "INSERT INTO Job VALUES('a', 'FAILED', 1767225600), "
      "('a', 'FAILED', 1767225600), (NULL, 'FAILED', 1767225600), "
      "(x'00ff', 'QUEUED', 1767225600)");
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, ElementsAre("", "a", "a"));
  EXPECT_EQ(farm_.Text("SELECT hex(id) FROM Job"), "00FF");
}

TEST_F(SqliteJobStoreTest, TakesReservedWordsAndQuotesInNames) {
  farm_.Execute(
      "CREATE TABLE \"order\"(\"select\" TEXT PRIMARY KEY, \"gro\"\"up\" TEXT, "
      "\"it's\", rowid TEXT);"
      "CREATE TABLE \"a.b \"\"c\"\"\"(\"from\" TEXT REFERENCES \"order\" "
      "ON DELETE CASCADE, \"x'y\" INTEGER PRIMARY KEY);"
      "CREATE TABLE \"it's\"(\"where\" REFERENCES \"a.b \"\"c\"\"\" "
      "ON DELETE RESTRICT);"
      "INSERT INTO \"order\" VALUES('a', 'FAILED', 1767225600, 'r'), "
      "('b', 'FAILED', 1767225600, 'r');"
      "INSERT INTO \"a.b \"\"c\"\"\" VALUES('a', 1), ('b', 2);"
      "INSERT INTO \"it's\" VALUES(2)");
  farm_.layout.table = "ORDER";
  farm_.layout.id = {"Select"};
  farm_.layout.status = "GRO\"UP";
  farm_.layout.created = "it's";
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, ElementsAre("a"));
  EXPECT_THAT(result->rows,
              UnorderedElementsAre(Pair("order", 1), Pair("a.b \"c\"", 1)));
  EXPECT_THAT(result->held, ElementsAre(Pair("b", HasSubstr("it's"))));
}

TEST_F(SqliteJobStoreTest, DeletesDeclaredDependents) {
  MakeJobs();
  farm_.Execute("CREATE TABLE render_log(Job_ID TEXT, line TEXT)");
  AddExpired(2);
  AddJob("new", "1773662400");
  farm_.Execute("INSERT INTO render_log SELECT id, 'x' FROM Job");
  farm_.layout.declared = {{"Render_Log", {"job_id"}}};
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->rows,
              UnorderedElementsAre(Pair("Job", 2), Pair("render_log", 2)));
  EXPECT_EQ(farm_.Text("SELECT job_id FROM render_log"), "new");
}

TEST_F(SqliteJobStoreTest, LeavesTriggersAndViewsWorking) {
  MakeJobs();
  farm_.Execute(
      "CREATE VIEW Finished AS SELECT id FROM Job WHERE status = 'COMPLETED';"
      "CREATE TABLE Stat(deleted INT); INSERT INTO Stat VALUES(0);"
      "CREATE TRIGGER count_deleted AFTER DELETE ON Job BEGIN UPDATE Stat SET "
      "deleted = deleted + 1; END");
  AddExpired(3);
  AddJob("new", "1773662400");
  OpenStore();
  const auto result = CleanUp(*store_);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(farm_.Text("SELECT id FROM Finished"), "new");
  EXPECT_EQ(farm_.Int("SELECT deleted FROM Stat"), 3);
  EXPECT_THAT(result->rows, ElementsAre(Pair("Job", 3)));
}

TEST_F(SqliteJobStoreTest, CleansInBothJournalModes) {
  for (const char* mode : {"WAL", "DELETE"}) {
    SCOPED_TRACE(mode);
    farm_.Execute(
        std::string("DROP TABLE IF EXISTS Job; PRAGMA journal_mode = ") + mode);
    MakeJobs();
    AddExpired(20);
    OpenStore();
    const auto result = CleanUp(*store_, 5);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(farm_.Int("SELECT count(*) FROM Job"), 0);
    EXPECT_TRUE(store_->TidyUp().ok());
    store_.reset();
  }
}

// --- the render manager's own databases

class RenderManagerTest : public testing::TestWithParam<const char*> {};

TEST_P(RenderManagerTest, DeletesWhatIsOlderThanSevenDays) {
  SqliteFarm farm;
  const std::filesystem::path copy = farm.directory() / "copy.db";
  std::filesystem::copy_file(std::filesystem::path(RETENTIOND_SOURCE_DIR) /
                                 "tests" / "data" / GetParam(),
                             copy);
  auto connection = SqliteConnection::Open(copy, OpenMode::kReadWrite);
  ASSERT_TRUE(connection.ok()) << connection.status();
  farm.layout.fields = {"nexrenderConfig.uid"};
  ASSERT_EQ(BeginTestRun(*connection), absl::OkStatus());
  auto store = SqliteJobStore::Open(*connection, farm.layout);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto totals = (*store)->Survey(TestSurvey(), nullptr);
  ASSERT_TRUE(totals.ok()) << totals.status();
  EXPECT_EQ(totals->total, 300);
  EXPECT_EQ(totals->expired, 121);
  EXPECT_EQ(totals->in_work, 1);
  EXPECT_EQ(totals->undatable, 0);
  ASSERT_THAT(totals->in_work_jobs, SizeIs(1));
  EXPECT_THAT(totals->in_work_jobs[0].fields[0], ElementsAre("uid250"));
  const auto result = CleanUp(**store, 50);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->rows, ElementsAre(Pair("Job", 121)));
  EXPECT_EQ((*connection)->QueryInt("SELECT count(*) FROM Job").value(), 179);
  EXPECT_EQ((*connection)->QueryInt("SELECT count(*) FROM User").value(), 1);
}

INSTANTIATE_TEST_SUITE_P(Forms, RenderManagerTest,
                         testing::Values("render-manager-iso.db",
                                         "render-manager-ms.db"),
                         [](const auto& instance) {
                           return std::string(instance.param).find("iso") ==
                                          std::string::npos
                                      ? "Milliseconds"
                                      : "IsoText";
                         });

// --- finding one job

TEST_F(SqliteJobStoreTest, FindsAJobByTheTextOfItsKey) {
  farm_.Execute(
      "CREATE TABLE Job(id, status TEXT, createdAt);"
      "INSERT INTO Job VALUES('a', 'FAILED', 1767225600), "
      "(17, 'QUEUED', 1767225600), (x'0aff', 'QUEUED', NULL), "
      "('x''0', 'odd', NULL), ('x''zz''', 'odd', NULL)");
  OpenStore();
  const auto find = [&](const std::string& id) {
    const auto job = store_->Find({id}, TestSurvey());
    EXPECT_TRUE(job.ok()) << job.status();
    return *job;
  };
  ASSERT_TRUE(find("a").has_value());
  EXPECT_EQ(find("a")->job_class, JobClass::kExpired);
  EXPECT_EQ(find("17")->job_class, JobClass::kInWork);
  EXPECT_EQ(find("x'0aff'")->job_class, JobClass::kUndatable);
  EXPECT_EQ(find("x'0")->state, "odd");
  EXPECT_EQ(find("x'zz'")->state, "odd");
  EXPECT_FALSE(find("gone").has_value());
}

TEST_F(SqliteJobStoreTest, FindsAJobByAllColumnsOfItsKey) {
  farm_.Execute(
      "CREATE TABLE Job(tenant INT, id, status TEXT, createdAt, "
      "PRIMARY KEY(tenant, id));"
      "INSERT INTO Job VALUES(1, 'a', 'FAILED', 1767225600), "
      "(1, x'00', 'FAILED', 1767225600), (NULL, 'a', 'FAILED', 0)");
  farm_.layout.id = {"tenant", "id"};
  OpenStore();
  const auto find = [&](const std::string& id) {
    return store_->Find({id}, TestSurvey())->has_value();
  };
  EXPECT_TRUE(find("[1,\"a\"]"));
  EXPECT_TRUE(find("[\"1\",\"x'00'\"]"));
  EXPECT_FALSE(find("[2,\"a\"]"));
  EXPECT_FALSE(find("[1]"));
  EXPECT_FALSE(find("a"));
  std::vector<std::string> ids;
  Survey([&](const Job& job) {
    ids.push_back(job.id.text);
    return absl::OkStatus();
  });
  EXPECT_THAT(ids, ElementsAre("[1,\"a\"]", "[1,\"x'00'\"]", "[null,\"a\"]"));
}

// --- opening

TEST_F(SqliteJobStoreTest, NamesTheTablesWhenTheJobTableIsMissing) {
  EXPECT_THAT(OpenError(), HasSubstr("the database has: none"));
  farm_.Execute(
      "CREATE TABLE jobs(id); CREATE TABLE Asset(id);"
      "CREATE VIEW Job AS SELECT * FROM jobs");
  EXPECT_THAT(OpenError(), HasSubstr("no table \"Job\" (did you mean \"jobs\"?)"
                                     "; the database has: Asset, jobs"));
}

TEST_F(SqliteJobStoreTest, NamesTheColumnsWhenOneIsMissing) {
  farm_.Execute("CREATE TABLE Job(id, created_at, state)");
  EXPECT_THAT(
      OpenError(),
      HasSubstr("jobs.created: table \"Job\" has no column \"createdAt\" "
                "(did you mean \"created_at\"?); it has: id, "
                "created_at, state"));
  farm_.layout.created = "created_at";
  EXPECT_THAT(OpenError(), HasSubstr("jobs.status"));
  farm_.layout.status = "state";
  farm_.layout.id = {"id", "xyz"};
  EXPECT_THAT(OpenError(), HasSubstr("jobs.id"));
}

TEST_F(SqliteJobStoreTest, NamesTheColumnsWhenARequiredFieldHasNone) {
  MakeJobs();
  farm_.layout.fields = {"nexrenderConfig.uid", "outputPth"};
  farm_.layout.required_fields = {"nexrenderConfig.uid"};
  OpenStore();
  farm_.layout.required_fields = {"outputPth"};
  EXPECT_THAT(OpenError(), HasSubstr("no column \"outputPth\" (did you mean "
                                     "\"outputPath\"?)"));
}

TEST_F(SqliteJobStoreTest, RefusesAnUnknownZoneAndUnfitDependents) {
  MakeJobs();
  farm_.layout.created_zone = "Mars/Olympus";
  EXPECT_THAT(OpenError(), HasSubstr("Mars/Olympus"));
  farm_.layout.created_zone = "UTC";
  farm_.layout.declared = {{"nothing", {"job"}}};
  EXPECT_THAT(OpenError(), HasSubstr("nothing"));
}

TEST_F(SqliteJobStoreTest, RefusesATableWhoseRowsCannotBeAddressed) {
  farm_.Execute("CREATE TABLE Job(rowid, _rowid_, oid, id, status, createdAt)");
  EXPECT_THAT(OpenError(), HasSubstr("hide the rowid"));
}

TEST_F(SqliteJobStoreTest, AddressesRowsByTheKeyWhereColumnsHideTheRowid) {
  farm_.Execute(
      "CREATE TABLE Job(rowid, _rowid_, oid, id TEXT PRIMARY KEY, "
      "status, createdAt);"
      "INSERT INTO Job VALUES(1, 1, 1, 'a', 'FAILED', 1767225600), "
      "(1, 1, 1, 'b', 'QUEUED', 1767225600)");
  OpenStore();
  EXPECT_THAT(CleanUp(*store_)->jobs, ElementsAre("a"));
  AddJob("c", "1773662400");
  EXPECT_TRUE(
      store_->VisitNewcomers([](const Job&) { return absl::OkStatus(); }).ok());
}

// --- afterwards

TEST_F(SqliteJobStoreTest, GivesFreePagesBackWhereTheDatabaseLetsIt) {
  farm_.Execute("PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
  MakeJobs();
  AddExpired(20000);
  OpenStore();
  ASSERT_TRUE(CleanUp(*store_, 5000).ok());
  const auto before = store_->Size();
  ASSERT_TRUE(before.ok());
  EXPECT_EQ(before->kind, "sqlite");
  EXPECT_GT(before->reclaimable_bytes, 0);
  ASSERT_TRUE(store_->TidyUp().ok());
  const auto after = store_->Size();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->reclaimable_bytes, 0);
  EXPECT_EQ(after->size_bytes, before->size_bytes - before->reclaimable_bytes);
}

}  // namespace
}  // namespace retentiond
