// What `check` finds in a server and mends in a schema. A schema that the
// search path names before pg_catalog stands in for what a test cannot make: an
// hour-old transaction, a gigabyte of log, an extension.
#include "jobstore/postgres_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/postgres_job_store_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

class PostgresCheckTest : public PostgresJobStoreTest {
 protected:
  PostgresCheckTest() { MakeJobs(); }

  void StandIn(const std::string& sql) {
    farm_.Execute("CREATE SCHEMA stand_in; SET search_path = stand_in;" + sql +
                  ";RESET search_path; ALTER DATABASE " + farm_.name() +
                  " SET search_path = public, stand_in, pg_catalog");
  }
  std::string ConstraintOf(const std::string& table) {
    return farm_.Text(
        "SELECT pg_get_constraintdef(oid) || ' ' || conname || convalidated "
        "FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND "
        "conrelid = '" +
        table + "'::regclass");
  }
  std::optional<Finding::Level> LevelOf(const std::string& code) {
    OpenStore(OpenMode::kReadOnly);
    const std::vector<Finding> findings = store_->Check().value();
    for (const Finding& finding : findings) {
      if (finding.code == code) return finding.level;
    }
    return std::nullopt;
  }
  std::vector<std::string> AddCascade(const std::string& table) {
    OpenStore();
    const auto done = store_->AddCascade(table);
    EXPECT_TRUE(done.ok()) << done.status();
    return done.value_or(std::vector<std::string>());
  }
};

TEST_F(PostgresCheckTest, FindsTransactionsThatPinTheHorizon) {
  StandIn(
      "CREATE VIEW pg_stat_activity AS SELECT 4711 AS pid, 'ann'::name AS "
      "usename, 'report' AS application_name, now() - interval '31 minutes' AS "
      "xact_start, 'client backend' AS backend_type UNION ALL SELECT 4712, "
      "'bob', '', now() - interval '29 minutes', 'client backend'");
  EXPECT_EQ(Findings()["long-transaction"],
            "SELECT pg_terminate_backend(4711)");
}

TEST_F(PostgresCheckTest, FindsReplicationSlotsThatLag) {
  StandIn(
      "CREATE FUNCTION pg_current_wal_lsn() RETURNS pg_lsn LANGUAGE sql AS "
      "$$ SELECT '5/0'::pg_lsn $$;"
      "CREATE VIEW pg_replication_slots AS SELECT 'near'::name AS slot_name, "
      "'4/F0000000'::pg_lsn AS restart_lsn UNION ALL SELECT 'far', '1/0'");
  OpenStore(OpenMode::kReadOnly);
  const auto findings = store_->Check();
  ASSERT_TRUE(findings.ok()) << findings.status();
  std::vector<std::string> lags;
  for (const Finding& finding : *findings) {
    if (finding.code == "replication-slot-lag") lags.push_back(finding.message);
  }
  EXPECT_THAT(lags, ElementsAre(HasSubstr("slot far is 16384 MB behind")));
}

TEST_F(PostgresCheckTest, FindsThatAutovacuumIsOff) {
  // It is off in the scratch server, and then in the table too.
  const auto tables = [&] {
    OpenStore(OpenMode::kReadOnly);
    const std::vector<Finding> findings = store_->Check().value();
    std::vector<std::string> names;
    for (const Finding& finding : findings) {
      if (finding.code == "autovacuum-off") names.push_back(finding.table);
    }
    return names;
  };
  EXPECT_THAT(tables(), ElementsAre(""));
  farm_.Execute("ALTER TABLE \"Job\" SET (autovacuum_enabled = off)");
  EXPECT_THAT(tables(), ElementsAre("", "Job"));
}

TEST_F(PostgresCheckTest, TakesAServerForCitusOnlyWithItsTables) {
  StandIn("CREATE VIEW pg_extension AS SELECT 'citus'::name AS extname");
  AddExpired(1);
  constexpr char kLock[] = "BEGIN; SELECT 1 FROM \"Job\" FOR UPDATE";
  farm_.Execute(kLock);
  const auto is_put_off = [&] {
    OpenStore();
    EXPECT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
    const auto batch = store_->DeleteBatch(TestBatch(500), RecordNothing);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return batch.ok() && batch->lock_held < std::chrono::milliseconds(900);
  };
  // Row locks are passed by at once; without them the DELETE waits a second.
  EXPECT_TRUE(is_put_off());
  farm_.Execute("ROLLBACK");
  farm_.Execute("CREATE TABLE stand_in.pg_dist_partition(logicalrelid oid)");
  farm_.Execute(kLock);
  EXPECT_FALSE(is_put_off());
  farm_.Execute("ROLLBACK");
}

TEST_F(PostgresCheckTest, FindsAnIdThatTwoJobsCouldHave) {
  EXPECT_FALSE(Findings().contains("id-not-unique"));
  farm_.Execute(
      "DROP TABLE \"Job\"; CREATE TABLE \"Job\"(id text, status text, "
      "\"createdAt\" timestamptz, row int PRIMARY KEY);"
      "CREATE UNIQUE INDEX ON \"Job\"(id) WHERE id > 'x';"
      "CREATE UNIQUE INDEX ON \"Job\"(lower(id));"
      "CREATE INDEX ON \"Job\"(id)");
  EXPECT_EQ(LevelOf("id-not-unique"), Finding::Level::kError);
  farm_.Execute(Findings().at("id-not-unique"));
  EXPECT_FALSE(Findings().contains("id-not-unique"));
}

TEST_F(PostgresCheckTest, AsksTheRowsWhetherIdsRepeatWhereTheKeyHasTheTime) {
  farm_.Execute(
      "DROP TABLE \"Job\"; CREATE TABLE \"Job\"(id text, status text, "
      "\"createdAt\" timestamptz, PRIMARY KEY (id, \"createdAt\")) "
      "PARTITION BY RANGE (\"createdAt\"); CREATE TABLE j PARTITION OF "
      "\"Job\" DEFAULT; INSERT INTO \"Job\" VALUES ('a', '', '2026-01-01Z'), "
      "('b', '', '2026-01-01Z')");
  EXPECT_EQ(LevelOf("id-not-unique"), Finding::Level::kWarning);
  farm_.Execute("INSERT INTO \"Job\" VALUES ('a', '', '2026-01-02Z')");
  EXPECT_EQ(LevelOf("id-not-unique"), Finding::Level::kError);
  farm_.layout.id = {"id", "createdAt"};
  EXPECT_FALSE(Findings().contains("id-not-unique"));
}

// --- check --fix --cascade

TEST_F(PostgresCheckTest, GivesACascadeToTheNamedTableOnly) {
  farm_.Execute(
      "CREATE TABLE log(job text CONSTRAINT \"l g\" REFERENCES \"Job\" "
      "ON UPDATE CASCADE ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED);"
      "CREATE TABLE invoice(job text REFERENCES \"Job\")");
  EXPECT_THAT(AddCascade("log"),
              ElementsAre(HasSubstr("NOT VALID"), HasSubstr("VALIDATE")));
  EXPECT_EQ(ConstraintOf("log"),
            "FOREIGN KEY (job) REFERENCES \"Job\"(id) ON UPDATE CASCADE ON "
            "DELETE CASCADE DEFERRABLE INITIALLY DEFERRED l gtrue");
  EXPECT_THAT(ConstraintOf("invoice"), Not(HasSubstr("CASCADE")));
  EXPECT_THAT(AddCascade("log"), IsEmpty());
  EXPECT_THAT(AddCascade("nothing"), IsEmpty());
  AddExpired(1);
  farm_.Execute("INSERT INTO log VALUES ('j1')");
  EXPECT_THAT(Clean().rows, ElementsAre(Pair("Job", 1), Pair("log", 1)));
}

TEST_F(PostgresCheckTest, FinishesACascadeThatWasInterrupted) {
  farm_.Execute(
      "CREATE TABLE log(job text); ALTER TABLE log ADD CONSTRAINT \"l g\" "
      "FOREIGN KEY (job) REFERENCES \"Job\" ON DELETE CASCADE NOT VALID;"
      "CREATE TABLE tag(job text); ALTER TABLE tag ADD FOREIGN KEY (job) "
      "REFERENCES \"Job\" ON DELETE CASCADE NOT VALID");
  EXPECT_THAT(Findings().at("cascade-not-validated"), HasSubstr("VALIDATE"));
  EXPECT_THAT(AddCascade("log"),
              ElementsAre("ALTER TABLE \"public\".\"log\" VALIDATE "
                          "CONSTRAINT \"l g\""));
  EXPECT_THAT(ConstraintOf("log"), HasSubstr("l gtrue"));
  EXPECT_THAT(ConstraintOf("tag"), HasSubstr("NOT VALID"));
  EXPECT_THAT(AddCascade("log"), IsEmpty());
  EXPECT_THAT(AddCascade("tag"), SizeIs(1));
  EXPECT_FALSE(Findings().contains("cascade-not-validated"));
}

TEST_F(PostgresCheckTest, GivesACascadeToAPartitionedTableAtOnce) {
  farm_.Execute(
      "CREATE TABLE log(job text REFERENCES \"Job\") PARTITION BY HASH (job);"
      "CREATE TABLE log_0 PARTITION OF log FOR VALUES WITH (MODULUS 1, "
      "REMAINDER 0)");
  EXPECT_THAT(AddCascade("log"), SizeIs(1));
  EXPECT_THAT(ConstraintOf("log"), HasSubstr("ON DELETE CASCADE"));
}

TEST_F(PostgresCheckTest, ChangesNoConstraintOfATableThatStaysLocked) {
  farm_.Execute("CREATE TABLE log(job text REFERENCES \"Job\")");
  OpenStore();
  farm_.Execute("BEGIN; SELECT 1 FROM log");
  EXPECT_EQ(store_->AddCascade("log").status().code(),
            absl::StatusCode::kAborted);
  farm_.Execute("COMMIT");
  EXPECT_THAT(ConstraintOf("log"), Not(HasSubstr("CASCADE")));
  EXPECT_THAT(AddCascade("log"), SizeIs(2));
}

// --- newcomers, time

TEST_F(PostgresCheckTest, ShowsNewcomersThatWereFrozenOrAttached) {
  farm_.Execute(
      "DROP TABLE \"Job\"; CREATE TABLE \"Job\"(id text PRIMARY KEY, status "
      "text, \"createdAt\" timestamptz) PARTITION BY RANGE (id);"
      "CREATE TABLE j PARTITION OF \"Job\" FOR VALUES FROM ('j') TO ('k');"
      "CREATE TABLE m(LIKE \"Job\" INCLUDING ALL);"
      "INSERT INTO m VALUES ('m1', 'FAILED', now())");
  AddExpired(1);
  OpenStore();
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  const auto newcomers = [&] {
    std::string ids;
    EXPECT_TRUE(store_
                    ->VisitNewcomers([&](const Job& job) {
                      ids += job.id.text + " ";
                      return absl::OkStatus();
                    })
                    .ok());
    return ids;
  };
  newcomers();
  farm_.Execute("INSERT INTO \"Job\" VALUES ('j7', 'FAILED', now())");
  farm_.Execute("VACUUM FREEZE \"Job\"");
  EXPECT_THAT(newcomers(), HasSubstr("j7"));
  // It is shown again while a transaction of another test, on the same server,
  // is older than it.
  int looks = 0;
  while (!newcomers().empty()) ASSERT_LT(++looks, 1000);
  farm_.Execute(
      "ALTER TABLE \"Job\" ATTACH PARTITION m FOR VALUES FROM ('m') TO ('n')");
  EXPECT_THAT(newcomers(), HasSubstr("m1"));
}

TEST_F(PostgresCheckTest, EndsAStatementWithTheNight) {
  farm_.Execute(
      "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM pg_sleep(20); RETURN OLD; END $$;"
      "CREATE TRIGGER t BEFORE DELETE ON \"Job\" FOR EACH ROW "
      "EXECUTE FUNCTION slow()");
  AddExpired(1);
  OpenStore();
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  BatchRequest request = TestBatch(500);
  request.time_left = Micros(0);
  EXPECT_EQ(store_->DeleteBatch(request, RecordNothing).status().code(),
            absl::StatusCode::kAborted);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM \"Job\""), 1);
}

// --- shapes of columns

TEST_F(PostgresCheckTest, ClearsOnlyTheListedColumnsOfASetNull) {
  farm_.Execute(R"sql(
DROP TABLE "Job"; CREATE TABLE "Job"(tenant int, id int, status text,
  "createdAt" timestamptz, PRIMARY KEY (tenant, id));
CREATE TABLE note(tenant int NOT NULL, job int, FOREIGN KEY (tenant, job)
  REFERENCES "Job" ON DELETE SET NULL (job));
INSERT INTO "Job" VALUES (1, 2, 'FAILED', '2026-01-01Z');
INSERT INTO note VALUES (1, 2))sql");
  farm_.layout.id = {"tenant", "id"};
  OpenStore();
  EXPECT_THAT(Clean().rows, ElementsAre(Pair("Job", 1)));
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM note WHERE tenant = 1 AND job IS "
                      "NULL"),
            1);
}

TEST_F(PostgresCheckTest, ReadsDomainsGeneratedAndIdentityColumns) {
  farm_.Execute(R"sql(
DROP TABLE "Job"; CREATE DOMAIN instant AS timestamptz;
CREATE DOMAIN moment AS instant CHECK (VALUE > '2000-01-01Z');
CREATE DOMAIN state AS text;
CREATE TABLE "Job"(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  raw text, status state GENERATED ALWAYS AS (upper(raw)) STORED,
  "createdAt" moment);
CREATE TABLE log(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job bigint REFERENCES "Job" ON DELETE CASCADE);
INSERT INTO "Job"(raw, "createdAt") VALUES ('failed', '2026-01-01Z'),
  ('rendering', '2026-01-01Z'), ('failed', '2026-03-15Z');
INSERT INTO log(job) SELECT id FROM "Job")sql");
  OpenStore();
  EXPECT_THAT(Clean().rows, ElementsAre(Pair("Job", 1), Pair("log", 1)));
  EXPECT_EQ(farm_.Text("SELECT id FROM \"Job\" ORDER BY id"), "2,3");
}

}  // namespace
}  // namespace retentiond
