// The PostgreSQL job store on databases of many shapes.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "jobstore/postgres_job_store.h"
#include "testing/jobstore/postgres_job_store_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// --- creation times: the cutoff is 2026-03-09T03:00:00Z

TEST_F(PostgresJobStoreTest, ReadsTimesWithAZone) {
  MakeJobs();
  Add("before", "'2026-03-09 02:59:59.999999Z'");
  Add("at", "'2026-03-09 05:00:00+02'");
  Add("zero", "'1970-01-01Z'");
  Add("infinite", "'infinity'");
  Add("ancient", "'-infinity'");
  Add("none", "NULL");
  EXPECT_THAT(Classes(),
              UnorderedElementsAre(Pair("before", JobClass::kExpired),
                                   Pair("at", JobClass::kRecent),
                                   Pair("zero", JobClass::kUndatable),
                                   Pair("infinite", JobClass::kUndatable),
                                   Pair("ancient", JobClass::kUndatable),
                                   Pair("none", JobClass::kUndatable)));
}

TEST_F(PostgresJobStoreTest, ReadsADateAsItsEnd) {
  MakeJobs("date");
  Add("before", "'2026-03-08'");
  Add("day-of-the-cutoff", "'2026-03-09'");
  EXPECT_THAT(Classes(), UnorderedElementsAre(
                             Pair("before", JobClass::kExpired),
                             Pair("day-of-the-cutoff", JobClass::kRecent)));
}

TEST_F(PostgresJobStoreTest, ReadsNumbersAsSecondsOrMilliseconds) {
  MakeJobs("bigint");
  Add("seconds", "1773025199");
  Add("seconds-at", "1773025200");
  Add("milliseconds", "1773025199999");
  Add("milliseconds-at", "1773025200000");
  Add("zero", "0");
  EXPECT_THAT(Classes(),
              UnorderedElementsAre(Pair("seconds", JobClass::kExpired),
                                   Pair("seconds-at", JobClass::kRecent),
                                   Pair("milliseconds", JobClass::kExpired),
                                   Pair("milliseconds-at", JobClass::kRecent),
                                   Pair("zero", JobClass::kUndatable)));
}

TEST_F(PostgresJobStoreTest, ReadsFractionsAndTexts) {
  MakeJobs("numeric");
  Add("before", "1773025199.5");
  Add("not", "'NaN'");
  EXPECT_THAT(Classes(),
              UnorderedElementsAre(Pair("before", JobClass::kExpired),
                                   Pair("not", JobClass::kUndatable)));
  farm_.Execute("DROP TABLE \"Job\"");
  MakeJobs("text");
  Add("iso", "'2026-03-09T04:59:59+02:00'");
  Add("plain", "'2026-03-09 03:00:00'");
  Add("word", "'some day'");
  EXPECT_THAT(Classes(),
              UnorderedElementsAre(Pair("iso", JobClass::kExpired),
                                   Pair("plain", JobClass::kRecent),
                                   Pair("word", JobClass::kUndatable)));
}

TEST_F(PostgresJobStoreTest, TakesTheYoungerReadingOfAnAmbiguousZone) {
  MakeJobs("timestamp DEFAULT now()");
  // New York is behind UTC: its readings are the younger ones.
  farm_.Execute("ALTER DATABASE " + farm_.name() +
                " SET timezone = 'America/New_York'");
  Add("expired", "'2026-03-08 22:59:59'");
  Add("either", "'2026-03-08 23:00:00'");
  EXPECT_THAT(Classes(),
              UnorderedElementsAre(Pair("expired", JobClass::kExpired),
                                   Pair("either", JobClass::kRecent)));
  EXPECT_TRUE(Findings().contains("ambiguous-zone"));
  farm_.layout.created_zone_given = true;
  EXPECT_EQ(Classes().at("either"), JobClass::kExpired);
  EXPECT_FALSE(Findings().contains("ambiguous-zone"));
}

// --- keys, names, schemas

TEST_F(PostgresJobStoreTest, CleansCompositeKeys) {
  farm_.Execute(R"sql(
CREATE TABLE "Job"(tenant int, id uuid, status text, "createdAt" timestamptz,
  PRIMARY KEY (tenant, id));
CREATE TABLE log(tenant int, job uuid, line text, FOREIGN KEY (tenant, job)
  REFERENCES "Job" ON DELETE CASCADE);
CREATE TABLE invoice(tenant int, job uuid, FOREIGN KEY (tenant, job)
  REFERENCES "Job");
INSERT INTO "Job" SELECT i, '00000000-0000-0000-0000-00000000000a', 'FAILED',
  '2026-01-01Z' FROM generate_series(1, 3) i;
INSERT INTO log SELECT tenant, id FROM "Job";
INSERT INTO invoice SELECT tenant, id FROM "Job" WHERE tenant = 2)sql");
  farm_.layout.id = {"tenant", "id"};
  OpenStore();
  const CleanupResult result = Clean(2);
  EXPECT_THAT(result.jobs,
              ElementsAre(HasSubstr("[1,\"0000"), HasSubstr("[3,\"0000")));
  EXPECT_THAT(result.held, SizeIs(1));
  EXPECT_EQ(farm_.Text("SELECT tenant FROM log"), "2");
  const auto find = [&](const std::string& id) {
    return store_->Find({id}, TestSurvey())->has_value();
  };
  EXPECT_TRUE(find("[2,\"00000000-0000-0000-0000-00000000000a\"]"));
  EXPECT_FALSE(find("[1,\"00000000-0000-0000-0000-00000000000a\"]"));
  EXPECT_FALSE(find("[2,\"no uuid\"]"));
  EXPECT_FALSE(find("2"));
}

TEST_F(PostgresJobStoreTest, TakesReservedWordsAndQuotesInNames) {
  farm_.Execute(R"sql(
CREATE SCHEMA "My ""Farm""";
CREATE TABLE "My ""Farm"""."order"("select" text PRIMARY KEY, "gro""up" text,
  "it's" timestamptz);
CREATE TABLE "a.b"("from" text REFERENCES "My ""Farm"""."order"
  ON DELETE CASCADE);
INSERT INTO "My ""Farm"""."order" VALUES ('{a,"b\c"}', 'FAILED', '2026-01-01Z'),
  ('NULL', 'FAILED', '2026-01-01Z'), ('', 'FAILED', '2026-01-01Z');
INSERT INTO "a.b" SELECT "select" FROM "My ""Farm"""."order")sql");
  farm_.layout.table = "My \"Farm\".order";
  farm_.layout.id = {"select"};
  farm_.layout.status = "gro\"up";
  farm_.layout.created = "it's";
  OpenStore();
  const CleanupResult result = Clean();
  EXPECT_THAT(result.jobs, ElementsAre("", "NULL", "{a,\"b\\c\"}"));
  EXPECT_THAT(result.rows, UnorderedElementsAre(Pair("My \"Farm\".order", 3),
                                                Pair("a.b", 3)));
}

TEST_F(PostgresJobStoreTest, ReadsTheSchemaThatTheUrlNames) {
  farm_.Execute(
      "CREATE SCHEMA render; CREATE TABLE render.\"Job\"(id int PRIMARY KEY, "
      "status text, \"createdAt\" timestamptz);"
      "INSERT INTO render.\"Job\" VALUES (1, 'FAILED', '2026-01-01Z')");
  EXPECT_THAT(OpenError(), HasSubstr("the database has: render.Job"));
  farm_.schema = "render";
  farm_.layout.table = "render.Job";
  OpenStore();
  EXPECT_THAT(Clean().rows, ElementsAre(Pair("Job", 1)));
}

TEST_F(PostgresJobStoreTest, NamesWhatDoesNotFit) {
  farm_.Execute("CREATE TABLE jobs(id int, created_at timestamptz)");
  EXPECT_THAT(OpenError(), HasSubstr("did you mean \"jobs\"?"));
  farm_.layout.table = "jobs";
  EXPECT_THAT(OpenError(), HasSubstr("no column \"createdAt\""));
  farm_.layout.created = "created_at";
  farm_.layout.status.reset();
  EXPECT_THAT(OpenError(), HasSubstr("neither a primary key nor"));
  farm_.Execute("ALTER TABLE jobs ALTER id SET NOT NULL, ADD UNIQUE (id)");
  farm_.layout.created_zone = "Mars/Olympus";
  EXPECT_THAT(OpenError(), HasSubstr("Mars/Olympus"));
  farm_.layout.created_zone = "UTC";
  farm_.layout.declared = {{"nothing", {"job"}}};
  EXPECT_THAT(OpenError(), HasSubstr("nothing"));
  farm_.layout.declared.clear();
  OpenStore();
}

TEST_F(PostgresJobStoreTest, LeavesTablesThatInheritAlone) {
  MakeJobs();
  farm_.Execute(
      "CREATE TABLE archive() INHERITS (\"Job\");"
      "INSERT INTO archive VALUES ('j1', 'FAILED', '2026-01-01Z')");
  AddExpired(1);
  OpenStore();
  EXPECT_THAT(Clean().jobs, ElementsAre("j1"));
  EXPECT_EQ(farm_.Text("SELECT id FROM archive"), "j1");
}

// --- references

TEST_F(PostgresJobStoreTest, FollowsReferencesThreeLevelsDeep) {
  MakeJobs();
  farm_.Execute(R"sql(
CREATE TABLE attempt(id bigserial PRIMARY KEY, job text NOT NULL
  REFERENCES "Job" ON DELETE CASCADE, number int UNIQUE);
CREATE TABLE log(attempt bigint REFERENCES attempt ON DELETE CASCADE);
CREATE TABLE trace(number int REFERENCES attempt(number) ON DELETE CASCADE,
  job text REFERENCES "Job" ON DELETE CASCADE);
CREATE TABLE note(attempt bigint DEFAULT NULL REFERENCES attempt
  ON DELETE SET NULL))sql");
  AddExpired(3);
  Add("new", "'2026-03-15Z'");
  farm_.Execute(R"sql(
INSERT INTO attempt(job, number) SELECT id, row_number() OVER () FROM "Job";
INSERT INTO log SELECT a.id FROM attempt a, generate_series(1, 5);
INSERT INTO trace SELECT number, job FROM attempt;
INSERT INTO note SELECT id FROM attempt)sql");
  OpenStore();
  const CleanupResult counted = Clean(7, DryRun::kYes);
  const CleanupResult result = Clean(7);
  EXPECT_EQ(counted.rows, result.rows);
  EXPECT_THAT(result.rows,
              UnorderedElementsAre(Pair("Job", 3), Pair("attempt", 3),
                                   Pair("log", 15), Pair("trace", 3)));
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM note WHERE attempt IS NULL"), 3);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM log"), 5);
}

TEST_F(PostgresJobStoreTest, DeletesDeclaredDependentsInParts) {
  MakeJobs();
  farm_.Execute("CREATE TABLE render_log(job_id text, line text)");
  AddExpired(2);
  farm_.Execute(
      "INSERT INTO render_log SELECT 'j1' FROM generate_series(1, 25)");
  farm_.layout.declared = {{"render_log", {"job_id"}}};
  OpenStore();
  const CleanupResult result = Clean(10);
  EXPECT_EQ(result.parts, 2);
  EXPECT_THAT(result.rows,
              UnorderedElementsAre(Pair("Job", 2), Pair("render_log", 25)));
}

TEST_F(PostgresJobStoreTest, HoldsWhatATriggerRefusesOrKeeps) {
  MakeJobs();
  farm_.Execute(R"sql(
CREATE TABLE log(job text REFERENCES "Job" ON DELETE CASCADE);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'protected'; END $$;
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RETURN NULL; END $$;
CREATE TRIGGER t1 BEFORE DELETE ON "Job" FOR EACH ROW WHEN (OLD.id = 'j2')
  EXECUTE FUNCTION refuse();
CREATE TRIGGER t2 BEFORE DELETE ON "Job" FOR EACH ROW WHEN (OLD.id = 'j3')
  EXECUTE FUNCTION keep();
CREATE TRIGGER t3 BEFORE DELETE ON log FOR EACH ROW WHEN (OLD.job = 'j4')
  EXECUTE FUNCTION keep())sql");
  AddExpired(5);
  farm_.Execute("INSERT INTO log SELECT id FROM \"Job\"");
  for (const RowLocks locks : {RowLocks::kTaken, RowLocks::kNone}) {
    farm_.locks = locks;
    OpenStore();
    const CleanupResult result = Clean();
    EXPECT_THAT(result.held,
                UnorderedElementsAre(Pair("j2", HasSubstr("protected")),
                                     Pair("j3", HasSubstr("trigger")),
                                     Pair("j4", HasSubstr("trigger"))));
  }
  EXPECT_EQ(farm_.Text("SELECT job FROM log ORDER BY 1"), "j2,j3,j4");
  EXPECT_TRUE(Findings().contains("trigger"));
}

TEST_F(PostgresJobStoreTest, HoldsWhatADeferredConstraintRefusesAtTheCommit) {
  MakeJobs();
  farm_.Execute(
      "CREATE TABLE note(job text DEFAULT 'nobody' REFERENCES \"Job\" "
      "ON DELETE SET DEFAULT DEFERRABLE)");
  AddExpired(2);
  farm_.Execute("INSERT INTO note VALUES ('j1')");
  OpenStore();
  const CleanupResult result = Clean();
  EXPECT_THAT(result.jobs, ElementsAre("j2"));
  EXPECT_THAT(result.held, ElementsAre(Pair("j1", HasSubstr("foreign key"))));
}

TEST_F(PostgresJobStoreTest, CleansPartitionedTables) {
  farm_.Execute(R"sql(
CREATE TABLE "Job"(id int, status text, "createdAt" timestamptz,
  PRIMARY KEY (id, "createdAt")) PARTITION BY RANGE ("createdAt");
CREATE TABLE job_old PARTITION OF "Job" FOR VALUES FROM (MINVALUE)
  TO ('2026-03-01Z');
CREATE TABLE job_new PARTITION OF "Job" DEFAULT;
CREATE TABLE log(job int, at timestamptz, FOREIGN KEY (job, at)
  REFERENCES "Job" ON DELETE CASCADE) PARTITION BY HASH (job);
CREATE TABLE log_0 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE log_1 PARTITION OF log FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO "Job" SELECT i, 'FAILED', timestamptz '2026-02-25Z' + i *
  interval '1 day' FROM generate_series(1, 20) i;
INSERT INTO log SELECT id, "createdAt" FROM "Job", generate_series(1, 9))sql");
  OpenStore();
  const CleanupResult result = Clean(5);
  EXPECT_THAT(result.rows,
              UnorderedElementsAre(Pair("Job", 12), Pair("log", 108)));
  EXPECT_GT(result.parts, 0);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM log"), 72);
}

}  // namespace
}  // namespace retentiond
