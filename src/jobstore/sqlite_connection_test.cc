#include "jobstore/sqlite_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "base/status.h"
#include "testing/jobstore/ordinary_user.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

using testing::HasSubstr;

class SqliteConnectionTest : public testing::Test {
 protected:
  std::shared_ptr<SqliteConnection> Connect(
      OpenMode mode = OpenMode::kReadWrite) {
    auto connection = SqliteConnection::Open(farm_.path(), mode);
    EXPECT_TRUE(connection.ok()) << connection.status();
    return *connection;
  }

  absl::Status OpenStatus(const std::filesystem::path& path,
                          OpenMode mode = OpenMode::kReadWrite) {
    return SqliteConnection::Open(path, mode).status();
  }

  SqliteFarm farm_;
};

TEST(QuoteNameTest, DoublesQuotes) {
  EXPECT_EQ(QuoteName("Job"), "\"Job\"");
  EXPECT_EQ(QuoteName("a\"b"), "\"a\"\"b\"");
}

TEST_F(SqliteConnectionTest, SaysWhatIsNoDatabase) {
  const std::filesystem::path text = farm_.directory() / "notes.txt";
  std::ofstream(text) << std::string(2000, 'x');
  const absl::Status no_database = OpenStatus(text);
  EXPECT_EQ(no_database.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(no_database), HasSubstr(text.string()));
  EXPECT_THAT(MessageOf(no_database), HasSubstr("encrypted"));
  EXPECT_EQ(OpenStatus(farm_.directory()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenStatus("/dev/null").code(), absl::StatusCode::kInvalidArgument);
  const absl::Status missing = OpenStatus(farm_.directory() / "missing.db");
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf(missing), HasSubstr("missing.db"));
}

TEST_F(SqliteConnectionTest, SaysWhichRightIsMissing) {
  if (!OrdinaryUser::Possible())
    GTEST_SKIP() << "needs root, to become an ordinary user";
  farm_.Execute("CREATE TABLE Job(id)");
  chmod(farm_.directory().c_str(), 0755);
  chmod(farm_.path().c_str(), 0644);
  {
    const OrdinaryUser user;
    const absl::Status status = OpenStatus(farm_.path());
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_THAT(MessageOf(status), HasSubstr("may not be written"));
    EXPECT_TRUE(OpenStatus(farm_.path(), OpenMode::kReadOnly).ok());
  }
  chmod(farm_.path().c_str(), 0600);
  const OrdinaryUser user;
  const absl::Status status = OpenStatus(farm_.path(), OpenMode::kReadOnly);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(MessageOf(status), HasSubstr("may not be read"));
}

TEST_F(SqliteConnectionTest, SaysThatALogNeedsTheRightOnTheDirectory) {
  if (!OrdinaryUser::Possible())
    GTEST_SKIP() << "needs root, to become an ordinary user";
  const std::filesystem::path path = farm_.directory() / "wal.db";
  std::ofstream(path).close();
  {
    auto writer = SqliteConnection::Open(path, OpenMode::kReadWrite);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE((*writer)
                    ->Execute("PRAGMA journal_mode = WAL; CREATE TABLE Job(id)")
                    .ok());
  }  // the last to close removes the log
  chmod(farm_.directory().c_str(), 0755);
  chmod(path.c_str(), 0644);
  const OrdinaryUser user;
  const absl::Status status = OpenStatus(path, OpenMode::kReadOnly);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(MessageOf(status), HasSubstr("wal.db-shm"));
}

TEST_F(SqliteConnectionTest, SaysThatAJournalMustBeRolledBackFirst) {
  if (!OrdinaryUser::Possible())
    GTEST_SKIP() << "needs root, to become an ordinary user";
  farm_.Execute("CREATE TABLE Job(id); INSERT INTO Job VALUES(1)");
  // A copy, taken in the middle of a transaction whose pages are on disk.
  farm_.Execute("PRAGMA cache_size = 2; BEGIN");
  farm_.Execute(
      "INSERT INTO Job SELECT zeroblob(4000) FROM "
      "pragma_function_list");
  const std::filesystem::path copy = farm_.directory() / "copy.db";
  std::filesystem::copy_file(farm_.path(), copy);
  std::filesystem::copy_file(farm_.path().string() + "-journal",
                             copy.string() + "-journal");
  farm_.Execute("ROLLBACK");
  chmod(farm_.directory().c_str(), 0755);
  chmod(copy.c_str(), 0644);
  chmod((copy.string() + "-journal").c_str(), 0644);
  const OrdinaryUser user;
  const absl::Status status = OpenStatus(copy, OpenMode::kReadOnly);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(MessageOf(status), HasSubstr("rolled back"));
}

TEST_F(SqliteConnectionTest, SaysBusyWhenAnotherHoldsTheLock) {
  auto other = Connect();
  ASSERT_TRUE(other->Execute("PRAGMA busy_timeout = 0").ok());
  farm_.Execute("BEGIN EXCLUSIVE");
  EXPECT_EQ(other->BeginImmediate().status().code(),
            absl::StatusCode::kAborted);
  farm_.Execute("COMMIT");
}

TEST_F(SqliteConnectionTest, ReadsAndBindsEveryStorageClass) {
  auto connection = Connect();
  auto echo = connection->Prepare("SELECT ?1, ?2, ?3, ?4, ?5, ?6");
  ASSERT_TRUE(echo.ok());
  auto source = connection->Prepare("SELECT 2.5");
  ASSERT_TRUE(source.ok() && source->Step().value());
  echo->BindInt(1, 7)
      .BindReal(2, 1.5)
      .BindText(3, std::string_view("a\0b", 3))
      .BindBlob(4, "x")
      .BindNull(5)
      .BindValue(6, source->Value(0));
  ASSERT_TRUE(echo->Step().value());
  EXPECT_EQ(echo->Int(0), 7);
  EXPECT_EQ(echo->Real(1), 1.5);
  EXPECT_EQ(echo->Text(2), std::string_view("a\0b", 3));
  EXPECT_EQ(echo->Type(3), SQLITE_BLOB);
  EXPECT_TRUE(echo->IsNull(4));
  EXPECT_EQ(echo->Text(4), "");
  EXPECT_EQ(echo->Real(5), 2.5);
}

TEST_F(SqliteConnectionTest, AnswersNoneForNoRowAndForNull) {
  auto connection = Connect();
  EXPECT_EQ(connection->QueryInt("SELECT 5").value(), 5);
  EXPECT_EQ(connection->QueryInt("SELECT NULL").value(), std::nullopt);
  EXPECT_EQ(connection->QueryInt("SELECT 5 WHERE 0").value(), std::nullopt);
  EXPECT_EQ(connection->QueryText("SELECT 'a'").value(), "a");
  EXPECT_EQ(connection->QueryText("SELECT NULL").value(), std::nullopt);
  EXPECT_FALSE(connection->QueryInt("SELEKT").ok());
  EXPECT_FALSE(connection->QueryText("SELEKT").ok());
}

TEST_F(SqliteConnectionTest, RollsBackWhatIsNotCommitted) {
  auto connection = Connect();
  ASSERT_TRUE(connection->Execute("CREATE TABLE t(a UNIQUE)").ok());
  {
    auto transaction = connection->BeginImmediate();
    ASSERT_TRUE(transaction.ok());
    ASSERT_TRUE(connection->Execute("INSERT INTO t VALUES(1)").ok());
  }
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM t"), 0);
  auto transaction = connection->BeginImmediate();
  ASSERT_TRUE(connection->Execute("INSERT INTO t VALUES(1)").ok());
  ASSERT_TRUE(transaction->Commit().ok());
  EXPECT_EQ(farm_.Int("SELECT count(*) FROM t"), 1);
}

TEST_F(SqliteConnectionTest, KeepsForeignKeys) {
  auto connection = Connect();
  ASSERT_TRUE(connection
                  ->Execute("CREATE TABLE p(id PRIMARY KEY);"
                            "CREATE TABLE c(p REFERENCES p)")
                  .ok());
  EXPECT_EQ(connection->Execute("INSERT INTO c VALUES(1)").code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(SqliteConnectionTest, SaysWhatTheCallerDoesAboutEachError) {
  auto connection = Connect();
  const auto code = [&](int result) {
    return StatusOfSqlite(connection->get(), result, "test").code();
  };
  EXPECT_EQ(code(SQLITE_OK), absl::StatusCode::kOk);
  EXPECT_EQ(code(SQLITE_ROW), absl::StatusCode::kOk);
  EXPECT_EQ(code(SQLITE_DONE), absl::StatusCode::kOk);
  EXPECT_EQ(code(SQLITE_BUSY_SNAPSHOT), absl::StatusCode::kAborted);
  EXPECT_EQ(code(SQLITE_LOCKED), absl::StatusCode::kAborted);
  EXPECT_EQ(code(SQLITE_SCHEMA), absl::StatusCode::kAborted);
  EXPECT_EQ(code(SQLITE_INTERRUPT), absl::StatusCode::kAborted);
  EXPECT_EQ(code(SQLITE_FULL), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(SQLITE_NOMEM), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(SQLITE_TOOBIG), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(SQLITE_IOERR_SHMSIZE), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(code(SQLITE_READONLY), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code(SQLITE_PERM), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code(SQLITE_AUTH), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(code(SQLITE_CORRUPT), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(SQLITE_IOERR_WRITE), absl::StatusCode::kDataLoss);
  EXPECT_EQ(code(SQLITE_CANTOPEN), absl::StatusCode::kUnavailable);
  EXPECT_EQ(code(SQLITE_CONSTRAINT), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code(SQLITE_ERROR), absl::StatusCode::kInternal);
}

TEST_F(SqliteConnectionTest, NamesTheStatementOnlyWhereItMayBeAtFault) {
  auto connection = Connect(OpenMode::kReadOnly);
  EXPECT_EQ(MessageOf(connection->Execute("CREATE TABLE t(a)")),
            "database " + farm_.path().string() +
                ": attempt to write a readonly database");
  EXPECT_EQ(MessageOf(connection->Prepare("SELECT 1 FROM t").status()),
            "SELECT 1 FROM t: no such table: t (SQL logic error)");
  EXPECT_EQ(MessageOf(StatusOfSqlite(connection->get(), SQLITE_IOERR_SHMSIZE,
                                     "database x")),
            "database x: the disk is full");
}

TEST_F(SqliteConnectionTest, SaysThatTheDatabaseIsDamaged) {
  farm_.Execute(
      "CREATE TABLE Job(id); INSERT INTO Job SELECT zeroblob(3000) "
      "FROM pragma_function_list");
  std::fstream file(farm_.path(), std::ios::in | std::ios::out);
  file.seekp(100);  // the header of the page that lists the tables
  file << std::string(8, '\xff');
  file.close();
  EXPECT_EQ(OpenStatus(farm_.path()).code(), absl::StatusCode::kDataLoss);
}

TEST_F(SqliteConnectionTest, KeepsTheLogShortOutsideItsCommits) {
  farm_.Execute("PRAGMA journal_mode = WAL; CREATE TABLE t(a)");
  auto connection = Connect();
  ASSERT_TRUE(connection->Execute("PRAGMA synchronous = OFF").ok());
  const auto log_size = [&] {
    return std::filesystem::file_size(farm_.path().string() + "-wal");
  };
  const auto commit_pages = [&](int pages) {
    ASSERT_TRUE(connection
                    ->Execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL "
                              "SELECT i + 1 FROM n WHERE i < " +
                              std::to_string(pages) +
                              ") INSERT INTO t SELECT zeroblob(4000) FROM n")
                    .ok());
  };
  commit_pages(1200);
  const auto once = log_size();
  EXPECT_GT(once, 4'000'000U);
  ASSERT_TRUE(connection->CheckpointWhenLong().ok());
  commit_pages(1100);  // begins the log anew
  EXPECT_EQ(log_size(), once);
  ASSERT_TRUE(connection->CheckpointWhenLong().ok());
  commit_pages(10);
  ASSERT_TRUE(connection->CheckpointWhenLong().ok());
  EXPECT_EQ(log_size(), once);
}

TEST_F(SqliteConnectionTest, AScratchDatabaseIsPrivateAndEmpty) {
  auto one = SqliteConnection::OpenScratch();
  auto two = SqliteConnection::OpenScratch();
  ASSERT_TRUE(one.ok() && two.ok());
  ASSERT_TRUE((*one)->Execute("CREATE TABLE t(a)").ok());
  EXPECT_FALSE((*two)->Execute("SELECT * FROM t").ok());
}

}  // namespace
}  // namespace retentiond
