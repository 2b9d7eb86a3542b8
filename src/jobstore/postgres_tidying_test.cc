#include "jobstore/postgres_tidying.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "testing/jobstore/postgres_job_store_fixture.h"

namespace retentiond {
namespace {

using std::chrono::seconds;
using testing::Pair;
using testing::StartsWith;
using testing::UnorderedElementsAre;

// What is deleted is counted when the server gets to it.
constexpr char kFlush[] = "SELECT pg_stat_force_next_flush()";

class PostgresTidyingTest : public PostgresJobStoreTest {
 protected:
  PostgresTidyingTest() {
    farm_.Execute(R"sql(
CREATE TABLE "Job"(id int PRIMARY KEY, status text, "createdAt" timestamptz);
CREATE TABLE log(job int REFERENCES "Job" ON DELETE CASCADE, line text)
  PARTITION BY RANGE (job);
CREATE INDEX ON log(job);
CREATE TABLE log_a PARTITION OF log FOR VALUES FROM (0) TO (50);
CREATE TABLE log_b PARTITION OF log FOR VALUES FROM (50) TO (101);
INSERT INTO "Job" SELECT i, 'FAILED', CASE WHEN i <= 90 THEN
  timestamptz '2026-01-01Z' ELSE '2026-03-12Z' END FROM generate_series(1, 100) i;
INSERT INTO log SELECT id, repeat('x', 1000) FROM "Job", generate_series(1, 9)
)sql");
    farm_.Execute(kFlush);
  }
  ~PostgresTidyingTest() override {
    store_.reset();
    farm_.Execute("ROLLBACK");
  }

  VacuumOutcome TidyUp(Micros longest = seconds(20)) {
    const auto done = store_->TidyUp({"Job", "log"}, longest);
    EXPECT_TRUE(done.ok()) << done.status();
    return done.value_or(VacuumOutcome());
  }
  TableSize SizeOf(const std::string& table) {
    const auto sizes = store_->TableSizes();
    EXPECT_TRUE(sizes.ok()) << sizes.status();
    for (const TableSize& size : sizes.value_or(std::vector<TableSize>())) {
      if (size.table == table) return size;
    }
    ADD_FAILURE() << table;
    return {};
  }
};

TEST_F(PostgresTidyingTest, FindsAllDeadRowsCounted) {
  OpenStore();
  Clean(/*row_limit=*/30);
  EXPECT_EQ(farm_.Int("SELECT pg_stat_get_dead_tuples('\"Job\"'::regclass)"),
            90);
}

TEST_F(PostgresTidyingTest, VacuumsEachTableAndShowsIt) {
  OpenStore();
  const TableSize jobs_before = SizeOf("Job");
  const TableSize logs_before = SizeOf("log");
  EXPECT_GT(logs_before.bytes, 900 * 1000);
  EXPECT_EQ(jobs_before.dead_rows, 0);
  Clean();
  EXPECT_EQ(SizeOf("Job").dead_rows, 90);
  EXPECT_EQ(SizeOf("log").dead_rows, 9 * 90);
  EXPECT_THAT(TidyUp(), UnorderedElementsAre(Pair("Job", kVacuumDone),
                                             Pair("log", kVacuumDone)));
  EXPECT_EQ(SizeOf("Job").dead_rows, 0);
  EXPECT_EQ(SizeOf("log").dead_rows, 0);
  EXPECT_LT(SizeOf("log").bytes, logs_before.bytes);
}

TEST_F(PostgresTidyingTest, SaysWhichTablesOthersHaveLocked) {
  OpenStore();
  Clean();
  farm_.Execute("BEGIN; LOCK TABLE \"Job\", log_a IN SHARE MODE");
  EXPECT_THAT(TidyUp(),
              UnorderedElementsAre(
                  Pair("Job", "skipped: others have it locked"),
                  Pair("log", "skipped in part: others have it locked")));
  farm_.Execute("ROLLBACK");
  EXPECT_THAT(TidyUp(), UnorderedElementsAre(Pair("Job", kVacuumDone),
                                             Pair("log", kVacuumDone)));
}

TEST_F(PostgresTidyingTest, SaysWhichTablesTheRoleDoesNotOwn) {
  farm_.Execute(
      "DROP ROLE IF EXISTS keeper; CREATE ROLE keeper LOGIN;"
      "CREATE SCHEMA retentiond AUTHORIZATION keeper;"
      "GRANT USAGE ON SCHEMA public TO keeper;"
      "GRANT SELECT, DELETE ON \"Job\", log TO keeper");
  farm_.role = "keeper";
  OpenStore();
  EXPECT_THAT(TidyUp(),
              UnorderedElementsAre(
                  Pair("Job", "skipped: the role does not own the table"),
                  Pair("log", "skipped: the role does not own the table")));
  farm_.Execute("ALTER TABLE log_a OWNER TO keeper");
  EXPECT_EQ(TidyUp().at("log"),
            "skipped in part: the role does not own all its partitions");
  store_.reset();
  farm_.Execute("DROP OWNED BY keeper CASCADE; DROP ROLE keeper");
}

TEST_F(PostgresTidyingTest, HasNothingToDoWhereNoPartitionIsLeft) {
  OpenStore();
  farm_.Execute("DROP TABLE log_a, log_b");
  EXPECT_EQ(TidyUp().at("log"), kVacuumDone);
  EXPECT_EQ(SizeOf("log").bytes, 0);
}

TEST_F(PostgresTidyingTest, StopsWhenThereIsNoTime) {
  OpenStore();
  EXPECT_THAT(TidyUp(Micros(0)),
              UnorderedElementsAre(Pair("Job", "skipped: out of time"),
                                   Pair("log", "skipped: out of time")));
  // What the server is slow at is cancelled.
  farm_.Execute(
      "CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM pg_sleep(0.2); RETURN $1; END $$;"
      "SET statement_timeout = 0");
  farm_.Execute(
      "CREATE STATISTICS s ON (slow(status)), \"createdAt\" FROM \"Job\"");
  EXPECT_THAT(TidyUp(std::chrono::milliseconds(400)),
              UnorderedElementsAre(Pair("Job", "skipped: out of time"),
                                   Pair("log", "skipped: out of time")));
}

TEST_F(PostgresTidyingTest, SaysWhatElseTheServerRefuses) {
  farm_.Execute(
      "CREATE FUNCTION fails(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE 'no'; END $$");
  farm_.Execute(
      "CREATE STATISTICS s ON (fails(status)), \"createdAt\" FROM \"Job\"");
  OpenStore();
  const VacuumOutcome outcome = TidyUp();
  EXPECT_THAT(outcome.at("Job"), StartsWith("skipped: database "));
  EXPECT_EQ(outcome.at("log"), kVacuumDone);
}

TEST_F(PostgresTidyingTest, PassesOverATableThatIsGone) {
  OpenStore();
  const auto done = store_->TidyUp({"old", "Job"}, seconds(20));
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_THAT(*done, UnorderedElementsAre(Pair("Job", kVacuumDone),
                                          Pair("old", "skipped: it is gone")));
}

TEST_F(PostgresTidyingTest, SaysThatTheConnectionIsLost) {
  OpenStore();
  farm_.Execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
      "current_database() AND pid <> pg_backend_pid()");
  EXPECT_EQ(store_->TidyUp({"Job"}, seconds(20)).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(PostgresTidyingTest, AsksCitusForTheSizeOfADistributedTable) {
  farm_.Execute(R"sql(
CREATE TABLE pg_dist_partition(logicalrelid regclass);
INSERT INTO pg_dist_partition VALUES ('log');
CREATE FUNCTION citus_total_relation_size(regclass) RETURNS bigint
  LANGUAGE sql AS 'SELECT 12345')sql");
  const auto connection = PostgresConnection::Open(farm_.parameters());
  ASSERT_TRUE(connection.ok()) << connection.status();
  const auto catalog = ReadPostgresCatalog(**connection, "");
  ASSERT_TRUE(catalog.ok()) << catalog.status();
  const auto sizes = PostgresTableSizes(**connection, *catalog, {"log", "Job"},
                                        Distribution::kPossible);
  ASSERT_TRUE(sizes.ok()) << sizes.status();
  EXPECT_EQ((*sizes)[0].bytes, 12345);
  EXPECT_EQ((*sizes)[0].dead_rows, std::nullopt);
  EXPECT_GT((*sizes)[1].bytes, 0);
  EXPECT_EQ((*sizes)[1].dead_rows, 0);
}

}  // namespace
}  // namespace retentiond
