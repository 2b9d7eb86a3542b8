// The SQLite job store on databases of odd shapes, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobstore/sqlite_job_store.h"
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
    EXPECT_TRUE(store_->TidyUp({}, Micros::max()).ok());
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
  ASSERT_TRUE(store_->TidyUp({"Job"}, Micros::max()).ok());
  const auto after = store_->Size();
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->reclaimable_bytes, 0);
  EXPECT_EQ(after->size_bytes, before->size_bytes - before->reclaimable_bytes);
}

}  // namespace
}  // namespace retentiond
