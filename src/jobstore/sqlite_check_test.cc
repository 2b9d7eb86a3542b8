#include "jobstore/sqlite_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <string>
#include <vector>

#include "base/status.h"
#include "testing/jobstore/ordinary_user.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SqliteCheckTest : public testing::Test {
 protected:
  SqliteCheckTest() {
    farm_.Execute(
        "CREATE TABLE Job(id TEXT PRIMARY KEY, status TEXT, createdAt TEXT);"
        "CREATE INDEX JobCreated ON Job(createdAt)");
  }

  std::vector<Finding> Check() {
    auto store = farm_.Open();
    EXPECT_TRUE(store.ok()) << store.status();
    auto findings = (*store)->Check();
    EXPECT_TRUE(findings.ok()) << findings.status();
    return *findings;
  }

  SqliteFarm farm_;
};

TEST_F(SqliteCheckTest, FindsNothingInAnOrderlyDatabase) {
  farm_.Execute(
      "CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE);"
      "CREATE INDEX LogJob ON Log(job);"
      "INSERT INTO Job VALUES('a', 'FAILED', '2026-01-01 00:00:00');"
      "INSERT INTO Log VALUES('a'), (NULL)");
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(SqliteCheckTest, FindsAnIdThatTwoJobsCouldHave) {
  farm_.Execute(
      "DROP TABLE Job; CREATE TABLE Job(id TEXT, status TEXT, createdAt TEXT);"
      "CREATE INDEX JobCreated ON Job(createdAt)");
  const std::vector<Finding> findings = Check();
  ASSERT_THAT(findings, testing::SizeIs(1));
  EXPECT_EQ(findings[0].code, "id-not-unique");
  EXPECT_EQ(findings[0].level, Finding::Level::kError);
  EXPECT_EQ(findings[0].column, "id");
  farm_.Execute(findings[0].fix);
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(SqliteCheckTest, NamesMissingIndexesAndCreatesThem) {
  farm_.Execute(
      "CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE, "
      "also TEXT REFERENCES Job ON DELETE SET NULL, "
      "FOREIGN KEY(job) REFERENCES Job ON DELETE SET NULL)");
  const std::vector<Finding> findings = Check();
  ASSERT_THAT(findings, testing::SizeIs(3));
  EXPECT_EQ(findings[0].code, "missing-index");
  EXPECT_EQ(findings[0].table, "Log");
  EXPECT_EQ(findings[0].column, "job");
  const std::string on_job =
      "CREATE INDEX IF NOT EXISTS \"retentiond_Log_job\" ON \"Log\"(\"job\")";
  const std::string on_also =
      "CREATE INDEX IF NOT EXISTS \"retentiond_Log_also\" ON \"Log\"(\"also\")";
  EXPECT_EQ(findings[0].fix, on_job);
  auto store = farm_.Open();
  EXPECT_THAT((*store)->CreateMissingIndexes().value(),
              testing::UnorderedElementsAre(on_job, on_also));
  EXPECT_THAT((*store)->CreateMissingIndexes().value(), IsEmpty());
  EXPECT_THAT(Check(), IsEmpty());
}

TEST_F(SqliteCheckTest, NamesPlainReferencesAndHowTheyAreMended) {
  farm_.Execute(
      "CREATE TABLE Frame(job TEXT REFERENCES Job(id));"
      "CREATE INDEX FrameJob ON Frame(job)");
  const std::vector<Finding> findings = Check();
  ASSERT_THAT(findings, testing::SizeIs(1));
  EXPECT_EQ(findings[0].code, "missing-cascade");
  EXPECT_THAT(findings[0].fix, HasSubstr("FOREIGN KEY(\"job\") REFERENCES "
                                         "\"Job\"(\"id\") ON DELETE CASCADE"));
}

TEST_F(SqliteCheckTest, MentionsAMissingIndexOnTheCreationTime) {
  farm_.Execute("DROP INDEX JobCreated");
  const std::vector<Finding> findings = Check();
  ASSERT_THAT(findings, testing::SizeIs(1));
  EXPECT_EQ(findings[0].code, "created-not-indexed");
  EXPECT_EQ(findings[0].level, Finding::Level::kInfo);
}

TEST_F(SqliteCheckTest, CountsOrphansAndTheFixDeletesExactlyThem) {
  farm_.Execute(
      "CREATE TABLE Log(id INTEGER PRIMARY KEY, job TEXT);"
      "CREATE INDEX LogJob ON Log(job);"
      "INSERT INTO Job VALUES('a', 'FAILED', '2026-01-01 00:00:00');"
      "INSERT INTO Log VALUES(1, 'a'), (2, 'gone'), (3, 'gone'), (4, NULL)");
  farm_.layout.declared = {{"Log", {"job"}}};
  const std::vector<Finding> findings = Check();
  ASSERT_THAT(findings, testing::SizeIs(1));
  EXPECT_EQ(findings[0].code, "orphaned-rows");
  EXPECT_THAT(findings[0].message, testing::StartsWith("2 rows of Log"));
  farm_.Execute(findings[0].fix);
  EXPECT_EQ(farm_.Text("SELECT id FROM Log"), "1,4");
}

TEST_F(SqliteCheckTest, SaysAtLeastWhereItStoppedCounting) {
  farm_.Execute(
      "CREATE TABLE Log(job TEXT); CREATE INDEX LogJob ON Log(job);"
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE "
      "i < 3000) INSERT INTO Log SELECT 'gone' FROM n");
  farm_.layout.declared = {{"Log", {"job"}}};
  auto connection = SqliteConnection::Open(farm_.path(), OpenMode::kReadOnly);
  ASSERT_TRUE(connection.ok());
  const Catalog catalog = ReadSqliteCatalog(**connection).value();
  const JobLayout layout = ResolveLayout(catalog, farm_.layout).value();
  const DeletionPlan plan =
      MakeDeletionPlan(catalog, "Job", DeclaredReferences(catalog, layout))
          .value();
  const SqliteJobTable jobs = SqliteJobTable::Make(catalog, layout).value();
  const auto findings = CheckSqlite(**connection, catalog, plan, jobs, 1);
  ASSERT_TRUE(findings.ok()) << findings.status();
  ASSERT_THAT(*findings, testing::SizeIs(1));
  EXPECT_THAT((*findings)[0].message, testing::StartsWith("at least "));
}

TEST_F(SqliteCheckTest, CountsUndatableJobs) {
  farm_.Execute(
      "INSERT INTO Job VALUES('a', 'FAILED', 'soon'), "
      "('b', 'QUEUED', NULL), ('c', 'FAILED', '2999-01-01')");
  const std::vector<Finding> findings = Check();
  ASSERT_THAT(findings, testing::SizeIs(1));
  EXPECT_EQ(findings[0].code, "undatable-rows");
  EXPECT_THAT(findings[0].message, testing::StartsWith("2 jobs"));
}

TEST_F(SqliteCheckTest, SaysWhatMayNotBeWritten) {
  if (!OrdinaryUser::Possible()) {
    GTEST_SKIP() << "needs root, to become an ordinary user";
  }
  chmod(farm_.directory().c_str(), 0755);
  chmod(farm_.path().c_str(), 0644);
  const OrdinaryUser user;
  auto store = farm_.Open(OpenMode::kReadOnly);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto findings = (*store)->Check();
  ASSERT_TRUE(findings.ok()) << findings.status();
  ASSERT_THAT(*findings, testing::SizeIs(2));
  for (const Finding& finding : *findings) {
    EXPECT_EQ(finding.code, "privilege");
    EXPECT_EQ(finding.level, Finding::Level::kError);
  }
}

}  // namespace
}  // namespace retentiond
