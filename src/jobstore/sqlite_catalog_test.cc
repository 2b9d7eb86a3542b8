#include "jobstore/sqlite_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SqliteCatalogTest : public testing::Test {
 protected:
  Catalog Read(const std::string& sql) {
    farm_.Execute(sql);
    auto connection = SqliteConnection::Open(farm_.path(), OpenMode::kReadOnly);
    EXPECT_TRUE(connection.ok()) << connection.status();
    auto catalog = ReadSqliteCatalog(**connection);
    EXPECT_TRUE(catalog.ok()) << catalog.status();
    return *catalog;
  }

  SqliteFarm farm_;
};

TEST_F(SqliteCatalogTest, ReadsOrdinaryTablesOnly) {
  const Catalog catalog = Read(
      "CREATE TABLE b(x, y, PRIMARY KEY(y, x)) WITHOUT ROWID;"
      "CREATE TABLE a(id INTEGER PRIMARY KEY AUTOINCREMENT, g AS (id + 1));"
      "CREATE TABLE retentiond_run(id); CREATE VIEW v AS SELECT * FROM a;"
      "CREATE VIRTUAL TABLE f USING fts5(t);");
  ASSERT_THAT(catalog.tables, SizeIs(2));
  EXPECT_EQ(catalog.tables[0].name, "a");
  EXPECT_THAT(catalog.tables[0].columns, ElementsAre("id", "g"));
  EXPECT_THAT(catalog.tables[1].primary_key, ElementsAre("y", "x"));
  EXPECT_TRUE(catalog.tables[1].without_rowid);
  EXPECT_EQ(catalog.tables[1].estimated_rows, std::nullopt);
}

TEST_F(SqliteCatalogTest, ReadsReferencesWithTheSpellingOfTheirTables) {
  const Catalog catalog = Read(
      "CREATE TABLE Job(Id TEXT PRIMARY KEY);"
      "CREATE TABLE Log(jobId TEXT REFERENCES JOB ON DELETE CASCADE, "
      "other TEXT REFERENCES job(ID) ON DELETE SET DEFAULT, "
      "third TEXT REFERENCES job(ID) ON DELETE SET NULL, "
      "fourth TEXT REFERENCES job(ID) ON DELETE RESTRICT, "
      "fifth TEXT REFERENCES job(ID))");
  ASSERT_THAT(catalog.references, SizeIs(5));
  std::vector<OnDelete> actions;
  for (const Reference& reference : catalog.references) {
    EXPECT_EQ(reference.parent, "Job");
    EXPECT_THAT(reference.parent_columns, ElementsAre("Id"));
    actions.push_back(reference.on_delete);
  }
  EXPECT_THAT(actions,
              testing::UnorderedElementsAre(
                  OnDelete::kCascade, OnDelete::kSetDefault, OnDelete::kSetNull,
                  OnDelete::kRestrict, OnDelete::kNoAction));
}

TEST_F(SqliteCatalogTest, LeavesOutReferencesThatLeadNowhere) {
  EXPECT_THAT(Read("CREATE TABLE Job(id); CREATE TABLE a(x REFERENCES gone, "
                   "y REFERENCES Job, z REFERENCES Job(gone))")
                  .references,
              IsEmpty());
}

TEST_F(SqliteCatalogTest, KnowsWhichIndexesServeAReference) {
  const auto indexed = [&](const std::string& index) {
    const Catalog catalog = Read(
        "DROP TABLE IF EXISTS Log; DROP TABLE IF EXISTS Job;"
        "CREATE TABLE Job(a, b, PRIMARY KEY(a, b));"
        "CREATE TABLE Log(id INTEGER PRIMARY KEY, x, y, "
        "FOREIGN KEY(x, y) REFERENCES Job);" +
        index);
    return catalog.references.at(0).indexed;
  };
  EXPECT_FALSE(indexed(""));
  EXPECT_FALSE(indexed("CREATE INDEX i ON Log(x)"));
  EXPECT_FALSE(indexed("CREATE INDEX i ON Log(id, x, y)"));
  EXPECT_FALSE(indexed("CREATE INDEX i ON Log(x, y) WHERE x > 1"));
  EXPECT_FALSE(indexed("CREATE INDEX i ON Log(x, lower(y))"));
  EXPECT_TRUE(indexed("CREATE INDEX i ON Log(y, x)"));
  EXPECT_TRUE(indexed("CREATE UNIQUE INDEX i ON Log(x, y, id)"));
}

TEST_F(SqliteCatalogTest, TheRowidIsAnIndex) {
  const Catalog catalog = Read(
      "CREATE TABLE Job(id INTEGER PRIMARY KEY);"
      "CREATE TABLE Detail(id INTEGER PRIMARY KEY REFERENCES Job)");
  EXPECT_TRUE(catalog.references.at(0).indexed);
}

TEST_F(SqliteCatalogTest, KnowsWhichColumnsAreUnique) {
  const Catalog catalog = Read(
      "CREATE TABLE J(id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT, c TEXT, "
      "UNIQUE(b, c));"
      "CREATE UNIQUE INDEX P ON J(b) WHERE b > 'x';"
      "CREATE UNIQUE INDEX E ON J(c, lower(b));"
      "CREATE INDEX O ON J(c)");
  const CatalogTable& table = *catalog.Find("J");
  EXPECT_TRUE(table.IsUnique({"id"}));
  EXPECT_TRUE(table.IsUnique({"a"}));
  EXPECT_TRUE(table.IsUnique({"c", "b"}));
  EXPECT_TRUE(table.IsUnique({"b", "a"}));
  EXPECT_FALSE(table.IsUnique({"b"}));
  EXPECT_FALSE(table.IsUnique({"c"}));
  EXPECT_FALSE(table.IsUnique({}));
}

TEST_F(SqliteCatalogTest, TakesEstimatesFromTheStatistics) {
  const Catalog catalog = Read(
      "CREATE TABLE Job(id INTEGER PRIMARY KEY);"
      "INSERT INTO Job VALUES(1), (2), (3); CREATE TABLE Log(x); ANALYZE;"
      "INSERT INTO sqlite_stat1 VALUES('Log', NULL, 'odd')");
  EXPECT_EQ(catalog.Find("Job")->estimated_rows, 3);
  EXPECT_EQ(catalog.Find("Log")->estimated_rows, std::nullopt);
  EXPECT_EQ(catalog.Find("gone"), nullptr);
}

}  // namespace
}  // namespace retentiond
