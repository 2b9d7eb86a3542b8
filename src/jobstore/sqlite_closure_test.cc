// What goes with a job and what holds it, by the shape of the references.
#include "jobstore/sqlite_closure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class SqliteClosureTest : public testing::Test {
 protected:
  SqliteClosureTest() {
    farm_.Execute(
        "CREATE TABLE Job(id TEXT PRIMARY KEY, status TEXT, "
        "createdAt TEXT, "
        "original TEXT REFERENCES Job(id) ON DELETE SET NULL)");
  }

  // Replaces the reference from a job to another one.
  void MakeJobsRefer(const std::string& action) {
    farm_.Execute(
        "DROP TABLE Job; CREATE TABLE Job(id TEXT PRIMARY KEY, "
        "status TEXT, createdAt TEXT, "
        "original TEXT REFERENCES Job(id) " +
        action + ")");
  }

  void AddJob(const std::string& id, const std::string& created,
              const std::string& state = "COMPLETED",
              const std::string& original = "NULL") {
    farm_.Execute("INSERT INTO Job VALUES('" + id + "', '" + state + "', '" +
                  created + "', " + original + ")");
  }

  // A dry run and a real one, which must come to the same.
  CleanupResult CleanUpBothWays(std::int64_t row_limit = 500) {
    auto store = farm_.Open();
    EXPECT_TRUE(store.ok()) << store.status();
    const std::string before = farm_.Dump();
    auto counted = CleanUp(**store, row_limit, DryRun::kYes);
    EXPECT_TRUE(counted.ok()) << counted.status();
    EXPECT_EQ(farm_.Dump(), before);
    auto deleted = CleanUp(**store, row_limit);
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    EXPECT_EQ(counted->jobs, deleted->jobs);
    EXPECT_EQ(counted->rows, deleted->rows);
    EXPECT_EQ(counted->held, deleted->held);
    EXPECT_EQ(farm_.Text("SELECT \"table\" FROM pragma_foreign_key_check"), "");
    return *deleted;
  }

  static constexpr char kOld[] = "2026-03-01 10:00:00";
  static constexpr char kOlder[] = "2026-02-01 10:00:00";
  static constexpr char kRecent[] = "2026-03-15 10:00:00";
  SqliteFarm farm_;
};

TEST_F(SqliteClosureTest, DeletesCascadesToAnyDepth) {
  farm_.Execute(
      "CREATE TABLE Frame(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job "
      "ON DELETE CASCADE);"
      "CREATE TABLE Tile(id INTEGER PRIMARY KEY, frame INT REFERENCES Frame "
      "ON DELETE CASCADE);"
      "CREATE TABLE TileLog(tile INT REFERENCES Tile ON DELETE CASCADE);");
  AddJob("old", kOld);
  AddJob("new", kRecent);
  farm_.Execute(
      "INSERT INTO Frame VALUES(1, 'old'), (2, 'old'), (3, 'new');"
      "INSERT INTO Tile VALUES(1, 1), (2, 2), (3, 2), (4, 3);"
      "INSERT INTO TileLog VALUES(1), (2), (3), (3), (4), (NULL);");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, ElementsAre("old"));
  EXPECT_THAT(result.rows,
              UnorderedElementsAre(Pair("Job", 1), Pair("Frame", 2),
                                   Pair("Tile", 3), Pair("TileLog", 4)));
  EXPECT_EQ(farm_.Dump(),
            "Frame|3|new\nJob|new|COMPLETED|2026-03-15 10:00:00|NULL\n"
            "Tile|4|3\nTileLog|4\nTileLog|NULL\n");
}

TEST_F(SqliteClosureTest, FollowsCompositeKeys) {
  farm_.Execute(
      "CREATE TABLE Frame(job TEXT REFERENCES Job ON DELETE CASCADE, nr INT, "
      "PRIMARY KEY(job, nr)) WITHOUT ROWID;"
      "CREATE TABLE Tile(job TEXT, nr INT, x INT, FOREIGN KEY(job, nr) "
      "REFERENCES Frame(job, nr) ON DELETE CASCADE);");
  AddJob("old", kOld);
  AddJob("new", kRecent);
  farm_.Execute(
      "INSERT INTO Frame VALUES('old', 1), ('old', 2), ('new', 1);"
      "INSERT INTO Tile VALUES('old', 1, 1), ('old', 2, 1), ('new', 1, 1), "
      "('old', NULL, 9);");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(
      result.rows,
      UnorderedElementsAre(Pair("Job", 1), Pair("Frame", 2), Pair("Tile", 2)));
  // A reference that is partly NULL refers to nothing.
  EXPECT_EQ(farm_.Text("SELECT x FROM Tile ORDER BY x"), "1,9");
}

TEST_F(SqliteClosureTest, ClearsSetNullReferences) {
  AddJob("old", kOld);
  AddJob("retry", kRecent, "COMPLETED", "'old'");
  EXPECT_THAT(CleanUpBothWays().jobs, ElementsAre("old"));
  EXPECT_EQ(farm_.Text("SELECT ifnull(original, 'none') FROM Job"), "none");
}

TEST_F(SqliteClosureTest, HoldsJobThatAnInvoiceRefersTo) {
  farm_.Execute(
      "CREATE TABLE Invoice(nr INTEGER PRIMARY KEY, job TEXT "
      "REFERENCES Job ON DELETE RESTRICT);");
  AddJob("billed", kOld);
  AddJob("free", kOld);
  farm_.Execute("INSERT INTO Invoice VALUES(17, 'billed')");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, ElementsAre("free"));
  EXPECT_THAT(result.held,
              ElementsAre(Pair("billed", "row 17 of Invoice refers to it")));
}

TEST_F(SqliteClosureTest, HoldsJobWhoseDependentIsReferredTo) {
  farm_.Execute(
      "CREATE TABLE Frame(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job "
      "ON DELETE CASCADE);"
      "CREATE TABLE Review(frame INT REFERENCES Frame);");
  AddJob("a", kOlder);
  AddJob("b", kOld);
  farm_.Execute(
      "INSERT INTO Frame VALUES(1, 'a'), (2, 'b');"
      "INSERT INTO Review VALUES(2)");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, ElementsAre("a"));
  EXPECT_THAT(
      result.held,
      ElementsAre(Pair("b",
                       "row 1 of Review refers to row 2 of Frame, which "
                       "goes with it")));
}

TEST_F(SqliteClosureTest, TakesRetryWithItsOriginalWhenBothAreExpired) {
  MakeJobsRefer("ON DELETE CASCADE");
  AddJob("original", kOlder);
  AddJob("retry", kOld, "FAILED", "'original'");
  AddJob("again", kOld, "FAILED", "'retry'");
  EXPECT_THAT(CleanUpBothWays().jobs,
              ElementsAre("again", "original", "retry"));
}

TEST_F(SqliteClosureTest, TakesJobsTogetherEvenWhenTheBatchHoldsOneRow) {
  MakeJobsRefer("ON DELETE CASCADE");
  AddJob("original", kOlder);
  AddJob("retry", kOld, "FAILED", "'original'");
  const CleanupResult result = CleanUpBothWays(1);
  EXPECT_THAT(result.jobs, ElementsAre("original", "retry"));
  EXPECT_THAT(result.batch_sizes, ElementsAre(2));
}

TEST_F(SqliteClosureTest, HoldsOriginalWhoseRetryIsInWork) {
  MakeJobsRefer("ON DELETE CASCADE");
  AddJob("original", kOlder);
  AddJob("retry", kOld, "RENDERING", "'original'");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, IsEmpty());
  EXPECT_THAT(result.held,
              ElementsAre(Pair("original",
                               "its deletion would reach job retry, which is "
                               "in work")));
}

TEST_F(SqliteClosureTest, HoldsOriginalWhoseRetryIsYoungOrUndatable) {
  MakeJobsRefer("ON DELETE CASCADE");
  AddJob("a", kOlder);
  AddJob("a-retry", kRecent, "FAILED", "'a'");
  AddJob("b", kOlder);
  AddJob("b-retry", "soon", "FAILED", "'b'");
  EXPECT_THAT(
      CleanUpBothWays().held,
      ElementsAre(Pair("a", HasSubstr("a-retry, which is younger")),
                  Pair("b", HasSubstr("b-retry, whose creation time"))));
}

TEST_F(SqliteClosureTest, HoldsWholeChainAboveAJobInWork) {
  MakeJobsRefer("ON DELETE CASCADE");
  AddJob("a", kOlder);
  AddJob("b", kOlder, "FAILED", "'a'");
  AddJob("c", kOlder, "RENDERING", "'b'");
  AddJob("d", kOlder, "FAILED", "'c'");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, ElementsAre("d"));
  EXPECT_THAT(result.held,
              UnorderedElementsAre(
                  Pair("a", "job b, which stays, refers to it"),
                  Pair("b", HasSubstr("reach job c, which is in work"))));
}

TEST_F(SqliteClosureTest, RestrictingRetryGoesFirstWhenExpired) {
  MakeJobsRefer("ON DELETE RESTRICT");
  AddJob("original", kOlder);
  AddJob("retry", kOld, "FAILED", "'original'");
  EXPECT_THAT(CleanUpBothWays(1).jobs, ElementsAre("original", "retry"));
}

TEST_F(SqliteClosureTest, RestrictingRetryThatStaysHoldsItsOriginal) {
  MakeJobsRefer("");
  AddJob("original", kOlder);
  AddJob("retry", kRecent, "FAILED", "'original'");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, IsEmpty());
  EXPECT_THAT(
      result.held,
      ElementsAre(Pair("original", "job retry, which stays, refers to it")));
}

TEST_F(SqliteClosureTest, DeletesCycleOfJobs) {
  MakeJobsRefer("ON DELETE RESTRICT");
  farm_.Execute("PRAGMA foreign_keys = OFF");
  AddJob("a", kOld, "FAILED", "'b'");
  AddJob("b", kOld, "FAILED", "'a'");
  AddJob("self", kOld, "FAILED", "'self'");
  EXPECT_THAT(CleanUpBothWays().jobs, ElementsAre("a", "b", "self"));
}

TEST_F(SqliteClosureTest, DeletesCycleOfTables) {
  farm_.Execute(
      "CREATE TABLE A(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job ON "
      "DELETE "
      "CASCADE, b INT REFERENCES B ON DELETE CASCADE DEFERRABLE INITIALLY "
      "DEFERRED);"
      "CREATE TABLE B(id INTEGER PRIMARY KEY, a INT REFERENCES A ON DELETE "
      "CASCADE);");
  AddJob("old", kOld);
  AddJob("new", kRecent);
  farm_.Execute(
      "BEGIN; INSERT INTO A VALUES(1, 'old', 2), (2, 'new', 3);"
      "INSERT INTO B VALUES(1, 1), (2, 1), (3, 2); COMMIT");
  EXPECT_THAT(CleanUpBothWays().rows,
              UnorderedElementsAre(Pair("Job", 1), Pair("A", 1), Pair("B", 2)));
}

TEST_F(SqliteClosureTest, RestrictionBetweenDependentsOfOneJobHoldsNothing) {
  farm_.Execute(
      "CREATE TABLE Frame(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job "
      "ON DELETE CASCADE);"
      "CREATE TABLE Preview(job TEXT REFERENCES Job ON DELETE CASCADE, "
      "frame INT REFERENCES Frame ON DELETE RESTRICT);");
  AddJob("old", kOld);
  farm_.Execute(
      "INSERT INTO Frame VALUES(1, 'old');"
      "INSERT INTO Preview VALUES('old', 1)");
  EXPECT_THAT(CleanUpBothWays().rows,
              UnorderedElementsAre(Pair("Job", 1), Pair("Frame", 1),
                                   Pair("Preview", 1)));
}

TEST_F(SqliteClosureTest, RestrictingDependentOfAnotherExpiredJobTakesItIn) {
  farm_.Execute(
      "CREATE TABLE Link(job TEXT REFERENCES Job ON DELETE CASCADE, "
      "needs TEXT REFERENCES Job ON DELETE RESTRICT);");
  AddJob("needed", kOlder);
  AddJob("needing", kOld);
  farm_.Execute("INSERT INTO Link VALUES('needing', 'needed')");
  const CleanupResult result = CleanUpBothWays(1);
  EXPECT_THAT(result.jobs, ElementsAre("needed", "needing"));
  EXPECT_THAT(result.batch_sizes, ElementsAre(2));
}

TEST_F(SqliteClosureTest, RestrictingDependentOfAYoungJobHolds) {
  farm_.Execute(
      "CREATE TABLE Part(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job "
      "ON DELETE CASCADE);"
      "CREATE TABLE Link(id INTEGER PRIMARY KEY, part INT REFERENCES Part "
      "ON DELETE CASCADE, needs TEXT REFERENCES Job ON DELETE RESTRICT);");
  AddJob("needed", kOlder);
  AddJob("needing", kRecent);
  farm_.Execute(
      "INSERT INTO Part VALUES(1, 'needing');"
      "INSERT INTO Link VALUES(5, 1, 'needed')");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, IsEmpty());
  EXPECT_THAT(result.held,
              ElementsAre(Pair("needed", "row 5 of Link refers to it")));
}

// `second` would go only with `first`'s help: the row that restricts it goes
// with `first`, which is held.
TEST_F(SqliteClosureTest, RowsOfAHeldJobHoldOthersInTheirTurn) {
  farm_.Execute(
      "CREATE TABLE Invoice(nr INTEGER PRIMARY KEY, job TEXT REFERENCES Job);"
      "CREATE TABLE Link(id INTEGER PRIMARY KEY, job TEXT REFERENCES Job "
      "ON DELETE CASCADE, needs TEXT REFERENCES Job ON DELETE RESTRICT);");
  AddJob("first", kOlder);
  AddJob("second", kOld);
  AddJob("third", kOld);
  farm_.Execute(
      "INSERT INTO Invoice VALUES(1, 'first');"
      "INSERT INTO Link VALUES(5, 'first', 'second')");
  const CleanupResult result = CleanUpBothWays();
  EXPECT_THAT(result.jobs, ElementsAre("third"));
  EXPECT_THAT(result.held, UnorderedElementsAre(
                               Pair("first", "row 1 of Invoice refers to it"),
                               Pair("second", "row 5 of Link refers to it")));
}

TEST_F(SqliteClosureTest, RowSharedByTwoJobsIsCountedOnce) {
  farm_.Execute(
      "CREATE TABLE Pair(a TEXT REFERENCES Job ON DELETE CASCADE, "
      "b TEXT REFERENCES Job ON DELETE CASCADE);");
  AddJob("a", kOlder);
  AddJob("b", kOld);
  farm_.Execute("INSERT INTO Pair VALUES('a', 'b'), ('b', 'b'), ('b', NULL)");
  for (const std::int64_t row_limit : {1, 500}) {
    SCOPED_TRACE(row_limit);
    auto store = farm_.Open();
    auto counted = CleanUp(**store, row_limit, DryRun::kYes);
    EXPECT_THAT(counted->rows,
                UnorderedElementsAre(Pair("Job", 2), Pair("Pair", 3)));
  }
  EXPECT_THAT(CleanUpBothWays(2).rows,
              UnorderedElementsAre(Pair("Job", 2), Pair("Pair", 3)));
}

TEST_F(SqliteClosureTest, FindsChildrenByTheParentsCollation) {
  farm_.Execute(
      "DROP TABLE Job; CREATE TABLE Job(id TEXT COLLATE NOCASE PRIMARY KEY, "
      "status TEXT, createdAt TEXT, original TEXT);"
      "CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE);"
      "CREATE INDEX LogJob ON Log(job);");
  AddJob("OLD", kOld);
  AddJob("new", kRecent);
  farm_.Execute("INSERT INTO Log VALUES('old'), ('Old'), ('NEW')");
  EXPECT_THAT(CleanUpBothWays().rows,
              UnorderedElementsAre(Pair("Job", 1), Pair("Log", 2)));
  EXPECT_EQ(farm_.Text("SELECT job FROM Log"), "NEW");
}

TEST_F(SqliteClosureTest, KeepsTheTypesOfKeysWithoutRowid) {
  farm_.Execute(
      "CREATE TABLE Part(job TEXT REFERENCES Job ON DELETE CASCADE, a BLOB, "
      "b REAL, c DECIMAL(9), d VARCHAR(9) COLLATE NOCASE, e INT, "
      "PRIMARY KEY(a, b, c, d, e)) WITHOUT ROWID;"
      "CREATE TABLE Piece(a BLOB, b REAL, c DECIMAL(9), d TEXT, e INT, "
      "FOREIGN KEY(a, b, c, d, e) REFERENCES Part ON DELETE CASCADE);");
  AddJob("old", kOld);
  AddJob("new", kRecent);
  farm_.Execute(
      "INSERT INTO Part VALUES('old', x'01', 1, 2.5, 'x', 4), "
      "('old', 17, 1.5, 2, 'Y', 4), ('new', '17', 1.5, 2, 'Y', 4);"
      "INSERT INTO Piece SELECT a, b, c, upper(d), e FROM Part");
  EXPECT_THAT(
      CleanUpBothWays().rows,
      UnorderedElementsAre(Pair("Job", 1), Pair("Part", 2), Pair("Piece", 2)));
  EXPECT_EQ(farm_.Text("SELECT a FROM Piece"), "17");
}

// Without an index SQLite would scan the child table for each deleted job; the
// batch then does what the constraints say by itself.
TEST_F(SqliteClosureTest, DoesWhatConstraintsSayWhereIndexesAreMissing) {
  farm_.Execute(
      "CREATE TABLE Log(job TEXT REFERENCES Job ON DELETE CASCADE);"
      "CREATE TABLE Note(nr INTEGER PRIMARY KEY, job TEXT REFERENCES Job "
      "ON DELETE SET NULL);"
      "CREATE TABLE Invoice(nr INTEGER PRIMARY KEY, job TEXT REFERENCES Job);");
  for (const char* trigger :
       {"", "CREATE TRIGGER t AFTER DELETE ON Log BEGIN SELECT 1; END"}) {
    SCOPED_TRACE(trigger);
    farm_.Execute(trigger);
    AddJob("a", kOlder);
    AddJob("b", kOld);
    AddJob("c", kOld, "FAILED", "'b'");
    AddJob("d", kRecent, "FAILED", "'c'");
    farm_.Execute(
        "INSERT INTO Log VALUES('a'), ('b'), ('d'), (NULL);"
        "INSERT INTO Note VALUES(1, 'a'), (2, 'b'), (3, 'd');"
        "INSERT INTO Invoice VALUES(1, 'a')");
    const CleanupResult result = CleanUpBothWays();
    EXPECT_THAT(result.jobs, ElementsAre("b", "c"));
    EXPECT_THAT(result.held, ElementsAre(Pair("a", HasSubstr("Invoice"))));
    EXPECT_THAT(result.rows,
                UnorderedElementsAre(Pair("Job", 2), Pair("Log", 1)));
    EXPECT_EQ(farm_.Text("SELECT nr || ifnull(job, '-') FROM Note"),
              "1a,2-,3d");
    EXPECT_EQ(farm_.Text("SELECT id || ifnull(original, '-') FROM Job"),
              "a-,d-");
    farm_.Execute(
        "DELETE FROM Log; DELETE FROM Note; DELETE FROM Invoice; "
        "DELETE FROM Job");
  }
}

TEST_F(SqliteClosureTest, HoldsJobWhoseUnindexedReferenceMayNotBeCleared) {
  farm_.Execute(
      "CREATE TABLE Note(nr INTEGER PRIMARY KEY, job TEXT NOT NULL REFERENCES "
      "Job ON DELETE SET NULL)");
  AddJob("a", kOlder);
  AddJob("b", kOld);
  farm_.Execute("INSERT INTO Note VALUES(1, 'a')");
  auto store = farm_.Open();
  const auto result = CleanUp(**store);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->jobs, ElementsAre("b"));
  EXPECT_THAT(result->held, ElementsAre(Pair("a", HasSubstr("NOT NULL"))));
}

}  // namespace
}  // namespace retentiond
