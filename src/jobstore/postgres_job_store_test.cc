// The PostgreSQL job store beside live work, with few rights, and its advice.
#include "jobstore/postgres_job_store.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/postgres_job_store_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Code = absl::StatusCode;

constexpr std::chrono::seconds kPatience{60};

// --- beside live work

TEST_F(PostgresJobStoreTest, PassesByWhatOthersHaveLockedAndComesBack) {
  MakeJobs();
  AddExpired(3);
  OpenStore();
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  farm_.Execute("BEGIN; SELECT 1 FROM \"Job\" WHERE id = 'j2' FOR UPDATE");
  const auto first = store_->DeleteBatch(TestBatch(500), RecordNothing);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_THAT(first->jobs, SizeIs(2));
  farm_.Execute("COMMIT");
  const auto second = store_->DeleteBatch(TestBatch(500), RecordNothing);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_THAT(second->jobs, ElementsAre(JobId{"j2"}));
  EXPECT_TRUE(store_->DeleteBatch(TestBatch(500), RecordNothing)->finished);
}

TEST_F(PostgresJobStoreTest, NamesWhatStaysLockedToTheEnd) {
  MakeJobs();
  AddExpired(2);
  farm_.Execute("BEGIN; SELECT 1 FROM \"Job\" WHERE id = 'j2' FOR UPDATE");
  for (const RowLocks locks : {RowLocks::kTaken, RowLocks::kNone}) {
    farm_.locks = locks;
    OpenStore();
    EXPECT_THAT(Clean().held,
                ElementsAre(Pair("j2", HasSubstr("another transaction"))));
  }
  farm_.Execute("ROLLBACK");
  EXPECT_EQ(farm_.Text("SELECT id FROM \"Job\""), "j2");
}

TEST_F(PostgresJobStoreTest, KeepsAJobThatChangesBetweenReadingAndDeletion) {
  MakeJobs();
  farm_.Execute(
      "CREATE TABLE log(job text REFERENCES \"Job\" ON DELETE CASCADE)");
  AddExpired(2);
  farm_.Execute("INSERT INTO log VALUES('j1'), ('j2')");
  farm_.locks = RowLocks::kNone;
  OpenStore();
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  // The batch has read its jobs when it waits for this row of one of them.
  farm_.Execute("BEGIN; SELECT 1 FROM log WHERE job = 'j1' FOR UPDATE");
  std::atomic<bool> done{false};
  std::thread other([&] {
    while (!done &&
           farm_.Int("SELECT count(*) FROM pg_locks WHERE NOT granted AND "
                     "transactionid IN (SELECT transactionid FROM pg_locks "
                     "WHERE pid = pg_backend_pid())") == 0) {
      std::this_thread::yield();
    }
    farm_.Execute(
        "UPDATE \"Job\" SET status = 'QUEUED' WHERE id = 'j1'; COMMIT");
  });
  const auto batch = store_->DeleteBatch(TestBatch(500), RecordNothing);
  done = true;
  other.join();
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_THAT(batch->jobs, ElementsAre(JobId{"j2"}));
  EXPECT_EQ(farm_.Text("SELECT id FROM \"Job\""), "j1");
  EXPECT_EQ(farm_.Text("SELECT job FROM log"), "j1");
}

TEST_F(PostgresJobStoreTest, StopsWhenAForeignKeyIsMade) {
  MakeJobs();
  AddExpired(1);
  OpenStore();
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  farm_.Execute("CREATE TABLE log(job text REFERENCES \"Job\")");
  EXPECT_EQ(store_->DeleteBatch(TestBatch(9), RecordNothing).status().code(),
            Code::kFailedPrecondition);
}

TEST_F(PostgresJobStoreTest, NeedsASurveyFirst) {
  MakeJobs();
  OpenStore();
  store_->Rewind();
  EXPECT_EQ(store_->DeleteBatch(TestBatch(9), RecordNothing).status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(store_->VisitNewcomers([](const Job&) { return absl::OkStatus(); })
                .code(),
            Code::kFailedPrecondition);
}

TEST_F(PostgresJobStoreTest, SaysWhetherOthersCommitted) {
  MakeJobs();
  AddExpired(9);
  OpenStore();
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  const auto foreign = [&] {
    return store_->DeleteBatch(TestBatch(1), RecordNothing)->foreign_commits;
  };
  EXPECT_FALSE(foreign());
  EXPECT_FALSE(foreign());
  Add("new", "'2026-03-15Z'");
  EXPECT_TRUE(foreign());
}

// --- rights

TEST_F(PostgresJobStoreTest, RunsWithTheLeastRights) {
  MakeJobs();
  farm_.Execute(R"sql(
CREATE TABLE log(job text REFERENCES "Job" ON DELETE CASCADE);
DROP ROLE IF EXISTS cleaner; CREATE ROLE cleaner LOGIN)sql");
  AddExpired(3);
  farm_.Execute("INSERT INTO log SELECT id FROM \"Job\"");
  farm_.role = "cleaner";
  EXPECT_THAT(Findings()["privilege"], HasSubstr("GRANT SELECT, DELETE ON"));
  const auto refused = farm_.Open();
  EXPECT_EQ(refused.status().code(), Code::kPermissionDenied);
  EXPECT_THAT(MessageOf(refused.status()),
              HasSubstr("CREATE SCHEMA retentiond AUTHORIZATION cleaner"));
  farm_.Execute(
      "CREATE SCHEMA retentiond AUTHORIZATION cleaner;"
      "GRANT USAGE ON SCHEMA public TO cleaner;"
      "GRANT SELECT, DELETE ON \"Job\", log TO cleaner");
  EXPECT_FALSE(Findings().contains("privilege"));
  OpenStore();
  EXPECT_THAT(Clean(4).rows,
              UnorderedElementsAre(Pair("Job", 3), Pair("log", 3)));
  store_.reset();
  farm_.Execute("DROP OWNED BY cleaner CASCADE; DROP ROLE cleaner");
}

TEST_F(PostgresJobStoreTest, RefusesToJudgeWhatRowSecurityHides) {
  MakeJobs();
  farm_.Execute(
      "ALTER TABLE \"Job\" ENABLE ROW LEVEL SECURITY;"
      "DROP ROLE IF EXISTS watched; CREATE ROLE watched LOGIN;"
      "CREATE SCHEMA retentiond AUTHORIZATION watched;"
      "GRANT SELECT, DELETE ON \"Job\" TO watched");
  AddExpired(1);
  farm_.role = "watched";
  EXPECT_THAT(Findings()["row-security"], HasSubstr("BYPASSRLS"));
  OpenStore();
  EXPECT_EQ(store_->Survey(TestSurvey(), nullptr).status().code(),
            Code::kPermissionDenied);
  store_.reset();
  farm_.Execute("DROP OWNED BY watched CASCADE; DROP ROLE watched");
}

// --- check

TEST_F(PostgresJobStoreTest, FindsAndMakesMissingIndexes) {
  MakeJobs();
  farm_.Execute(
      "CREATE TABLE log(job text REFERENCES \"Job\" ON DELETE CASCADE);"
      "CREATE TABLE invoice(job text CONSTRAINT \"in v\" REFERENCES \"Job\");"
      "CREATE TABLE old(job text);"
      "INSERT INTO old VALUES ('gone');"
      "ALTER TABLE log SET (autovacuum_enabled = off)");
  Add("undated", "NULL");
  farm_.layout.declared = {{"old", {"job"}}};
  const auto fixes = Findings();
  EXPECT_THAT(fixes.at("missing-index"), HasSubstr("CONCURRENTLY"));
  EXPECT_THAT(fixes.at("missing-cascade"),
              HasSubstr("DROP CONSTRAINT \"in v\""));
  EXPECT_THAT(fixes.at("missing-cascade"), HasSubstr("VALIDATE"));
  EXPECT_THAT(fixes.at("orphaned-rows"), HasSubstr("DELETE FROM"));
  EXPECT_TRUE(fixes.contains("created-not-indexed"));
  EXPECT_TRUE(fixes.contains("undatable-rows"));
  EXPECT_TRUE(fixes.contains("autovacuum-off"));
  farm_.Execute(fixes.at("missing-cascade"));
  EXPECT_FALSE(Findings().contains("missing-cascade"));
  OpenStore();
  const auto done = store_->CreateMissingIndexes();
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_THAT(*done, SizeIs(3));
  EXPECT_FALSE(Findings().contains("missing-index"));
  EXPECT_THAT(*store_->CreateMissingIndexes(), IsEmpty());
}

// --- afterwards

TEST_F(PostgresJobStoreTest, SeesWhoWaits) {
  MakeJobs();
  OpenStore();
  const auto load = store_->Load();
  ASSERT_TRUE(load.ok()) << load.status();
  EXPECT_EQ(load->waiting, 0);
  EXPECT_FALSE(load->replica_lag.has_value());

  farm_.Execute("BEGIN; LOCK TABLE \"Job\"");
  absl::Status waited;
  std::thread waiter([&] {
    const auto connection = PostgresConnection::Open(farm_.parameters());
    waited = connection.status();
    if (waited.ok()) {
      waited = (*connection)->Execute("BEGIN; LOCK TABLE \"Job\"; COMMIT");
    }
  });
  int waiting = 0;
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (waiting == 0 && std::chrono::steady_clock::now() < give_up) {
    const auto look = store_->Load();
    if (!look.ok()) break;
    waiting = look->waiting;
  }
  farm_.Execute("COMMIT");
  waiter.join();
  EXPECT_EQ(waiting, 1);
  EXPECT_TRUE(waited.ok()) << waited;
}

TEST_F(PostgresJobStoreTest, TellsItsSize) {
  MakeJobs();
  OpenStore();
  const auto size = store_->Size();
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(size->kind, "postgresql");
  EXPECT_GT(size->size_bytes, 0);
}

}  // namespace
}  // namespace retentiond
