// Whole partitions: what is dropped, and what keeps a partition. The cutoff is
// 2026-03-09T03:00:00Z.
#include "jobstore/postgres_departures.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "jobstore/postgres_state.h"
#include "testing/jobstore/postgres_job_store_fixture.h"

namespace retentiond {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;
using testing::UnorderedElementsAre;
using Code = absl::StatusCode;
using Kind = PartitionStep::Kind;

// Days 4 and 5 of March are old, day 9 holds the cutoff; two jobs a day, three
// log rows each.
constexpr char kFarm[] = R"sql(
CREATE TABLE "Job"(id text, status text, "createdAt" timestamptz,
  PRIMARY KEY (id, "createdAt")) PARTITION BY RANGE ("createdAt");
CREATE TABLE job_4 PARTITION OF "Job" FOR VALUES FROM ('2026-03-04Z')
  TO ('2026-03-05Z');
CREATE TABLE job_5 PARTITION OF "Job" FOR VALUES FROM ('2026-03-05Z')
  TO ('2026-03-06Z');
CREATE TABLE job_9 PARTITION OF "Job" FOR VALUES FROM ('2026-03-09Z')
  TO ('2026-03-10Z');
CREATE TABLE log(job text, at timestamptz, line int, FOREIGN KEY (job, at)
  REFERENCES "Job" ON DELETE CASCADE) PARTITION BY RANGE (at);
CREATE INDEX ON log(job, at);
CREATE TABLE log_4 PARTITION OF log FOR VALUES FROM ('2026-03-04Z')
  TO ('2026-03-05Z');
CREATE TABLE log_5 PARTITION OF log FOR VALUES FROM ('2026-03-05Z')
  TO ('2026-03-06Z');
CREATE TABLE log_9 PARTITION OF log FOR VALUES FROM ('2026-03-09Z')
  TO ('2026-03-10Z');
INSERT INTO "Job" VALUES ('a4', 'FAILED', '2026-03-04 00:00Z'),
  ('b4', 'COMPLETED', '2026-03-04 23:59Z'), ('a5', 'FAILED', '2026-03-05 10:00Z'),
  ('b5', 'FAILED', '2026-03-05 11:00Z'), ('a9', 'FAILED', '2026-03-09 02:59Z'),
  ('b9', 'FAILED', '2026-03-09 03:00Z');
INSERT INTO log SELECT id, "createdAt", i FROM "Job", generate_series(1, 3) i)sql";

class PostgresDeparturesTest : public PostgresJobStoreTest {
 protected:
  PostgresDeparturesTest() { farm_.Execute(kFarm); }

  void Survey() {
    farm_.OutliveOthers();
    OpenStore();
    ASSERT_EQ(store_->Survey(TestSurvey(), nullptr).status(), absl::OkStatus());
  }
  Batch Step() {
    const auto batch = store_->DeleteBatch(TestBatch(500), RecordNothing);
    EXPECT_TRUE(batch.ok()) << batch.status();
    return batch.value_or(Batch{.finished = true});
  }
  // Runs to the end; `before_drop` is called once all jobs of a partition are
  // noted. Returns what became of each partition.
  std::vector<std::string> Run(
      const std::function<void()>& before_drop = nullptr) {
    std::vector<std::string> steps;
    for (int i = 0; i < 100; ++i) {
      const Batch batch = Step();
      if (batch.finished) return steps;
      for (const auto& [table, rows] : batch.rows) rows_[table] += rows;
      if (!batch.partition.has_value()) continue;
      const PartitionStep& step = *batch.partition;
      if (step.kind == Kind::kLeaving && before_drop != nullptr) before_drop();
      if (step.kind == Kind::kDropped) steps.push_back(step.name + " dropped");
      if (step.kind == Kind::kStays) steps.push_back(step.name + " stays");
      if (step.kind == Kind::kStays) reason_ = step.reason;
    }
    ADD_FAILURE() << "it does not end";
    return steps;
  }
  std::vector<std::string> Clean(
      const std::function<void()>& before_drop = nullptr) {
    Survey();
    return Run(before_drop);
  }
  std::string Jobs() {
    return farm_.Text("SELECT id FROM \"Job\" ORDER BY id");
  }
  // Ids in the audit, with how often each stands there.
  std::string Audited() {
    return farm_.Text(
        "SELECT j || ':' || count(*) FROM retentiond.audit, "
        "jsonb_array_elements_text(convert_from(facts, 'UTF8')::jsonb->'jobs') "
        "AS j WHERE event = 'batch' GROUP BY j ORDER BY j");
  }
  std::string AuditedRows(const std::string& table) {
    return farm_.Text(fmt::format(
        "SELECT sum((convert_from(facts, 'UTF8')::jsonb->'rows'->>'{}')::int) "
        "FROM retentiond.audit WHERE event = 'batch'",
        table));
  }
  bool IsThere(const std::string& table) {
    return farm_.Int(fmt::format(
               "SELECT count(*) FROM pg_class WHERE relname = '{}'", table)) >
           0;
  }

  std::map<std::string, std::int64_t> rows_;
  std::string reason_;
};

TEST_F(PostgresDeparturesTest, DropsWhatLiesWhollyBeforeTheCutoff) {
  EXPECT_THAT(Clean(), ElementsAre("job_4 dropped", "job_5 dropped"));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM log"), 3);
  for (const char* gone : {"job_4", "log_4", "job_5", "log_5"}) {
    EXPECT_FALSE(IsThere(gone)) << gone;
  }
  EXPECT_TRUE(IsThere("job_9"));
  EXPECT_THAT(rows_, UnorderedElementsAre(Pair("Job", 5), Pair("log", 15)));
  EXPECT_EQ(Audited(), "a4:1,a5:1,a9:1,b4:1,b5:1");
  EXPECT_EQ(AuditedRows("Job"), "5");
  EXPECT_EQ(AuditedRows("log"), "15");
  EXPECT_EQ(farm_.Text("SELECT jobs_deleted FROM retentiond.run"), "5");
  EXPECT_EQ(farm_.Text("SELECT rows FROM retentiond.run_table ORDER BY 1"),
            "5,15");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM retentiond.leaving"), 0);
}

TEST_F(PostgresDeparturesTest, DeletesTheSameRowByRow) {
  ASSERT_THAT(Clean(), SizeIs(2));
  PostgresFarm other;
  other.Execute(kFarm);
  other.Execute(
      "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN RETURN NULL; END $$;"
      "CREATE TRIGGER t AFTER DELETE ON log EXECUTE FUNCTION see();"
      "CREATE TRIGGER t AFTER DELETE ON \"Job\" EXECUTE FUNCTION see()");
  auto store = other.Open();
  ASSERT_TRUE(store.ok()) << store.status();
  const auto result = CleanUp(**store);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, SizeIs(5));
  EXPECT_EQ(rows_, result->rows);
  const char* jobs = "SELECT id || \"createdAt\" || status FROM \"Job\"";
  EXPECT_EQ(farm_.Text(jobs), other.Text(jobs));
  const char* logs = "SELECT job || at || line FROM log ORDER BY 1";
  EXPECT_EQ(farm_.Text(logs), other.Text(logs));
}

TEST_F(PostgresDeparturesTest, NotesWhatBelongsToTheJobsUntilTheDrop) {
  Survey();
  const auto record =
      [](const std::vector<Job>& jobs) -> absl::StatusOr<Belongings> {
    Belongings belongings;
    for (const Job& job : jobs) {
      belongings.pending.push_back(
          {.root = "/r", .name = job.id.text, .job = job.id});
      belongings.outputs.push_back({.path = "/r/o", .job = job.id});
    }
    return belongings;
  };
  const auto noted = store_->DeleteBatch(TestBatch(500), record);
  ASSERT_TRUE(noted.ok()) << noted.status();
  EXPECT_EQ(noted->partition->kind, Kind::kLeaving);
  EXPECT_EQ(noted->partition->jobs, 2);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM retentiond.pending"), 0);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM retentiond.leaving_entry"), 2);
  EXPECT_EQ(Audited(), "");
  EXPECT_EQ(Step().partition->kind, Kind::kDropped);
  EXPECT_EQ(farm_.Text("SELECT convert_from(p.name, 'UTF8') FROM "
                       "retentiond.pending p JOIN retentiond.batch b ON b.id = "
                       "p.batch JOIN retentiond.audit a ON a.seq = "
                       "b.audit_seq ORDER BY 1"),
            "a4,b4");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM retentiond.shield"), 1);
}

TEST_F(PostgresDeparturesTest, ForgetsWhatACrashLeftNoted) {
  Survey();
  ASSERT_EQ(Step().partition->kind, Kind::kLeaving);
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM retentiond.leaving"), 1);
  farm_.Execute("INSERT INTO retentiond.leaving VALUES (1, 1, '{}')");
  EXPECT_THAT(Clean(), SizeIs(2));
  EXPECT_EQ(Audited(), "a4:1,a5:1,a9:1,b4:1,b5:1");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM retentiond.leaving"), 0);
}

TEST_F(PostgresDeparturesTest, KeepsWhatIsNoLongerNoted) {
  bool lost = false;
  EXPECT_THAT(Clean([&] {
                if (std::exchange(lost, true)) return;
                farm_.Execute("DELETE FROM retentiond.leaving");
              }),
              ElementsAre("job_4 stays", "job_5 dropped"));
  EXPECT_EQ(reason_, "what was noted of its jobs is lost");
  EXPECT_EQ(Audited(), "a4:1,a5:1,a9:1,b4:1,b5:1");
}

TEST_F(PostgresDeparturesTest, NotesMoreJobsThanOneTransactionHolds) {
  farm_.Execute(
      "INSERT INTO \"Job\" SELECT 'n' || i, 'FAILED', '2026-03-04 12:00Z' "
      "FROM generate_series(1, 1998) i");
  int noted = 0;
  EXPECT_THAT(Clean([&] { ++noted; }), SizeIs(2));
  EXPECT_EQ(noted, 4);  // 1000, 1000, none; the other one at once
  EXPECT_EQ(farm_.Text("SELECT jobs_deleted FROM retentiond.run"), "2003");
  EXPECT_EQ(AuditedRows("Job"), "2003");
}

TEST_F(PostgresDeparturesTest, KeepsThePartitionOfAJobInWork) {
  farm_.Execute("UPDATE \"Job\" SET status = 'RENDERING' WHERE id = 'a4'");
  EXPECT_THAT(Clean(), ElementsAre("job_5 dropped"));
  EXPECT_EQ(Jobs(), "a4,b9");
  EXPECT_TRUE(IsThere("job_4"));
}

TEST_F(PostgresDeparturesTest, KeepsThePartitionToWhichARowElsewhereRefers) {
  farm_.Execute(
      "CREATE TABLE invoice(job text, at timestamptz, FOREIGN KEY (job, at) "
      "REFERENCES \"Job\"); INSERT INTO invoice VALUES ('a4', '2026-03-04Z')");
  EXPECT_THAT(Clean(), ElementsAre("job_4 stays", "job_5 dropped"));
  EXPECT_EQ(Jobs(), "a4,b9");
  // It is not tried again on the same night.
  EXPECT_THAT(Run(), IsEmpty());
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  EXPECT_THAT(Run(), IsEmpty());
}

TEST_F(PostgresDeparturesTest, KeepsThePartitionOfADeclaredDependent) {
  farm_.Execute("CREATE TABLE trace(a text, b timestamptz)");
  farm_.layout.id = {"id", "createdAt"};
  farm_.layout.declared = {{"trace", {"a", "b"}}};
  const auto refer = [&] {
    farm_.Execute("INSERT INTO trace VALUES ('b5', '2026-03-05 11:00Z')");
  };
  EXPECT_THAT(Clean(refer), ElementsAre("job_4 dropped", "job_5 stays"));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM trace"), 0);
}

TEST_F(PostgresDeparturesTest, KeepsWhatChangedSinceItWasNoted) {
  for (const char* change :
       {"UPDATE \"Job\" SET status = 'RENDERING' WHERE id = 'a4'",
        "INSERT INTO \"Job\" VALUES ('new', 'FAILED', '2026-03-04 12:00Z')",
        "DELETE FROM \"Job\" WHERE id = 'a4'",
        "CREATE VIEW old_jobs AS SELECT * FROM job_4"}) {
    PostgresFarm fresh;
    fresh.Execute(kFarm);
    auto store = fresh.Open();
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
    ASSERT_EQ(Step().partition->kind, Kind::kLeaving);
    fresh.Execute(change);
    EXPECT_EQ(Step().partition->kind, Kind::kStays) << change;
    EXPECT_EQ(fresh.Int("SELECT count(*) FROM pg_class WHERE relname = "
                        "'job_4'"),
              1);
    EXPECT_THAT(Run(), ElementsAre("job_5 dropped")) << change;
    EXPECT_EQ(fresh.Int("SELECT count(*) FROM retentiond.leaving"), 0);
    store_.reset();
  }
}

TEST_F(PostgresDeparturesTest, KeepsWhereATriggerWouldNotFire) {
  farm_.Execute(
      "CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN RETURN NULL; END $$;"
      "CREATE TRIGGER t AFTER DELETE ON log_4 FOR EACH ROW "
      "EXECUTE FUNCTION see()");
  EXPECT_THAT(Clean(), ElementsAre("job_4 stays", "job_5 dropped"));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_THAT(reason_, HasSubstr("rows elsewhere"));
}

TEST_F(PostgresDeparturesTest, KeepsWhereARowBelongsToNoJob) {
  farm_.Execute("INSERT INTO log VALUES (NULL, '2026-03-04Z', 9)");
  EXPECT_THAT(Clean(), ElementsAre("job_4 stays", "job_5 dropped"));
  EXPECT_EQ(farm_.Text("SELECT line FROM log WHERE job IS NULL"), "9");
}

TEST_F(PostgresDeparturesTest, KeepsWhatSubscribersAreToldOf) {
  farm_.Execute("CREATE PUBLICATION p FOR TABLE job_4");
  EXPECT_THAT(Clean(), ElementsAre("job_5 dropped"));
  EXPECT_EQ(Jobs(), "b9");
}

TEST_F(PostgresDeparturesTest, KeepsDependentsThatAreNotPartitionedAlike) {
  farm_.Execute(
      "CREATE TABLE trace(job text, at timestamptz, FOREIGN KEY (job, at) "
      "REFERENCES \"Job\" ON DELETE CASCADE);"
      "INSERT INTO trace VALUES ('a5', '2026-03-05 10:00Z')");
  EXPECT_THAT(Clean(), ElementsAre("job_4 dropped", "job_5 stays"));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM trace"), 0);
}

TEST_F(PostgresDeparturesTest, DropsThreeLevelsThatArePartitionedAlike) {
  farm_.Execute(R"sql(
ALTER TABLE log ADD PRIMARY KEY (job, at, line);
CREATE TABLE art(job text, made timestamptz, line int, FOREIGN KEY (job, made,
  line) REFERENCES log ON DELETE CASCADE) PARTITION BY RANGE (made);
CREATE INDEX ON art(job, made, line);
CREATE TABLE art_4 PARTITION OF art FOR VALUES FROM ('2026-03-04Z')
  TO ('2026-03-05Z');
CREATE TABLE art_rest PARTITION OF art DEFAULT;
INSERT INTO art SELECT job, at, line FROM log)sql");
  EXPECT_THAT(Clean(), ElementsAre("job_4 dropped", "job_5 stays"));
  EXPECT_FALSE(IsThere("art_4"));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM art"), 3);
  EXPECT_EQ(rows_.at("art"), 15);
}

TEST_F(PostgresDeparturesTest, LeavesPartitionsWithoutAnEndRowByRow) {
  farm_.Execute(
      "CREATE TABLE job_0 PARTITION OF \"Job\" FOR VALUES FROM (MINVALUE) "
      "TO ('2026-03-04Z'); CREATE TABLE job_x PARTITION OF \"Job\" DEFAULT;"
      "INSERT INTO \"Job\" VALUES ('old', 'FAILED', '2026-01-01Z'), "
      "('x', 'FAILED', '2026-03-07Z')");
  EXPECT_THAT(Clean(), SizeIs(2));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_TRUE(IsThere("job_0"));
  EXPECT_TRUE(IsThere("job_x"));
}

TEST_F(PostgresDeparturesTest, GoesRowByRowWhereTheRoleOwnsNothing) {
  farm_.Execute(
      "DROP ROLE IF EXISTS guest; CREATE ROLE guest LOGIN;"
      "CREATE SCHEMA retentiond AUTHORIZATION guest;"
      "GRANT USAGE ON SCHEMA public TO guest;"
      "GRANT SELECT, DELETE ON \"Job\", log TO guest");
  farm_.role = "guest";
  EXPECT_THAT(Clean(), IsEmpty());
  EXPECT_EQ(Jobs(), "b9");
  store_.reset();
  farm_.Execute("DROP OWNED BY guest CASCADE; DROP ROLE guest");
}

TEST_F(PostgresDeparturesTest, TriesAgainThenGoesRowByRowBesideALock) {
  Survey();
  ASSERT_EQ(Step().partition->kind, Kind::kLeaving);
  farm_.Execute("BEGIN; SELECT 1 FROM job_4 WHERE id = 'b4'");
  EXPECT_EQ(Step().partition->kind, Kind::kWaiting);
  EXPECT_EQ(Step().partition->kind, Kind::kWaiting);
  EXPECT_EQ(Step().partition->kind, Kind::kStays);
  EXPECT_EQ(Audited(), "");
  farm_.Execute("COMMIT");
  EXPECT_THAT(Run(), ElementsAre("job_5 dropped"));
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_EQ(Audited(), "a4:1,a5:1,a9:1,b4:1,b5:1");
}

TEST_F(PostgresDeparturesTest, TriesEachPartitionOnceBesideALongReader) {
  Survey();
  farm_.Execute("BEGIN; SELECT count(*) FROM \"Job\"");
  // Noted once, tried three times.
  for (const bool last : {false, true}) {
    for (const Kind kind :
         {Kind::kLeaving, Kind::kWaiting, Kind::kWaiting, Kind::kStays}) {
      const Batch step = Step();
      ASSERT_TRUE(step.partition.has_value());
      EXPECT_EQ(step.partition->kind, kind);
      EXPECT_EQ(step.partition->more, !last || kind != Kind::kStays);
    }
  }
  // Not again on this night, also after the survey that is owed.
  ASSERT_TRUE(store_->Survey(TestSurvey(), nullptr).ok());
  EXPECT_THAT(Run(), IsEmpty());
  farm_.Execute("COMMIT");
  EXPECT_EQ(Jobs(), "b9");
  EXPECT_EQ(Audited(), "a4:1,a5:1,a9:1,b4:1,b5:1");
}

TEST_F(PostgresDeparturesTest, DropsWhenALockIsReleasedInTime) {
  Survey();
  ASSERT_EQ(Step().partition->kind, Kind::kLeaving);
  farm_.Execute("BEGIN; SELECT 1 FROM job_4 WHERE id = 'b4'");
  EXPECT_EQ(Step().partition->kind, Kind::kWaiting);
  farm_.Execute("COMMIT");
  EXPECT_EQ(Step().partition->kind, Kind::kDropped);
}

TEST_F(PostgresDeparturesTest, DropsNothingWhenTheLeaseIsAnothers) {
  Survey();
  ASSERT_EQ(Step().partition->kind, Kind::kLeaving);
  farm_.Execute("UPDATE retentiond.lease SET epoch = 7");
  EXPECT_EQ(store_->DeleteBatch(TestBatch(500), RecordNothing).status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(Jobs(), "a4,a5,a9,b4,b5,b9");
}

TEST_F(PostgresDeparturesTest, StopsWhenAForeignKeyIsMade) {
  Survey();
  farm_.Execute(
      "CREATE TABLE n(a text, b timestamptz, FOREIGN KEY (a, b) REFERENCES "
      "\"Job\")");
  EXPECT_EQ(store_->DeleteBatch(TestBatch(500), RecordNothing).status().code(),
            Code::kFailedPrecondition);
}

TEST_F(PostgresDeparturesTest, CountsPartitionsRowByRowOnADryRun) {
  OpenStore();
  const auto counted = CleanUp(*store_, 500, DryRun::kYes);
  ASSERT_TRUE(counted.ok());
  EXPECT_THAT(counted->jobs, SizeIs(5));
  EXPECT_TRUE(IsThere("job_4"));
  store_->Rewind();
  EXPECT_THAT(Run(), SizeIs(2));
}

TEST_F(PostgresDeparturesTest, LosesNothingWhenTheConnectionGoesAtTheDrop) {
  Survey();
  ASSERT_EQ(Step().partition->kind, Kind::kLeaving);
  farm_.Execute(fmt::format(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
      "'{}' AND application_name = 'retentiond' AND pid <> pg_backend_pid() "
      "AND query NOT LIKE '%advisory%'",
      farm_.name()));
  EXPECT_EQ(store_->DeleteBatch(TestBatch(500), RecordNothing).status().code(),
            Code::kUnavailable);
  EXPECT_EQ(Audited(), "");
  EXPECT_EQ(Jobs(), "a4,a5,a9,b4,b5,b9");
  EXPECT_THAT(Clean(), SizeIs(2));
  EXPECT_EQ(Audited(), "a4:1,a5:1,a9:1,b4:1,b5:1");
}

// --- what a bound says of time

TEST_F(PostgresDeparturesTest, ReadsBoundsOfEveryKindOfTime) {
  struct Case {
    const char* type;
    const char* from;
    const char* before;  // the cutoff, or the last bound that lies before it
    const char* after;
  };
  for (const Case& kind :
       {Case{"timestamptz", "2026-03-01Z", "2026-03-09 03:00Z",
             "2026-03-09 03:00:01Z"},
        Case{"timestamp", "2026-03-01", "2026-03-09 03:00",
             "2026-03-09 03:00:01"},
        Case{"date", "2026-03-01", "2026-03-09", "2026-03-10"},
        Case{"bigint", "1772323200", "1773025200", "1773025201"},
        Case{"bigint", "1772323200000", "1773025200000", "1773025200001"}}) {
    for (const char* to : {kind.before, kind.after}) {
      farm_.Execute(fmt::format(
          "DROP TABLE log, \"Job\"; CREATE TABLE \"Job\"(id text, status text, "
          "\"createdAt\" {0}, PRIMARY KEY (id, \"createdAt\")) PARTITION BY "
          "RANGE (\"createdAt\"); CREATE TABLE job_4 PARTITION OF \"Job\" FOR "
          "VALUES FROM ('{1}') TO ('{2}'); CREATE TABLE log(x int);"
          "INSERT INTO \"Job\" VALUES ('a', 'FAILED', '{1}')",
          kind.type, kind.from, to));
      EXPECT_THAT(Clean(), SizeIs(to == kind.before ? 1 : 0))
          << kind.type << " to " << to;
      EXPECT_EQ(Jobs(), "");
    }
  }
}

TEST_F(PostgresDeparturesTest, LeavesTextsRowByRow) {
  farm_.Execute(
      "DROP TABLE log, \"Job\"; CREATE TABLE \"Job\"(id text, status text, "
      "\"createdAt\" text, PRIMARY KEY (id, \"createdAt\")) PARTITION BY "
      "RANGE (\"createdAt\"); CREATE TABLE job_4 PARTITION OF \"Job\" FOR "
      "VALUES FROM ('2026-03-01') TO ('2026-03-02');"
      "INSERT INTO \"Job\" VALUES ('a', 'FAILED', '2026-03-01T00:00:00Z')");
  EXPECT_THAT(Clean(), IsEmpty());
  EXPECT_EQ(Jobs(), "");
}

}  // namespace
}  // namespace retentiond
