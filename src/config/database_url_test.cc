#include "config/database_url.h"

#include <gtest/gtest.h>

#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

std::string PathOf(const std::string& url) {
  const absl::StatusOr<DatabaseConfig> database = ParseDatabaseUrl(url, "/cwd");
  if (!database.ok()) return MessageOf(database.status());
  EXPECT_EQ(database->kind, DatabaseKind::kSqlite);
  EXPECT_EQ(database->url, url);
  return database->path.string();
}

TEST(DatabaseUrlTest, ReadsPrismasForms) {
  EXPECT_EQ(PathOf("file:./dev.db"), "/cwd/dev.db");
  EXPECT_EQ(PathOf("file:dev.db"), "/cwd/dev.db");
  EXPECT_EQ(PathOf("file:../prisma/dev"), "/prisma/dev");
  EXPECT_EQ(PathOf("file:/srv/x.db"), "/srv/x.db");
  EXPECT_EQ(PathOf("file:./dev.db?connection_limit=1&x=y"), "/cwd/dev.db");
}

TEST(DatabaseUrlTest, ReadsFileAndSqliteUrls) {
  EXPECT_EQ(PathOf("file:///srv/x.db"), "/srv/x.db");
  EXPECT_EQ(PathOf("file://localhost/srv/x.db"), "/srv/x.db");
  EXPECT_EQ(PathOf("sqlite:///srv/x.db"), "/srv/x.db");
  EXPECT_EQ(PathOf("sqlite:////srv/x.db"), "/srv/x.db");
  EXPECT_EQ(PathOf("sqlite://dev.db"), "/cwd/dev.db");
  EXPECT_EQ(PathOf("sqlite:dev.db?mode=rwc"), "/cwd/dev.db");
}

TEST(DatabaseUrlTest, ReadsPlainPathsByTheirEnding) {
  EXPECT_EQ(PathOf("/srv/x.db"), "/srv/x.db");
  EXPECT_EQ(PathOf("dev.sqlite"), "/cwd/dev.sqlite");
  EXPECT_EQ(PathOf("./a/dev.sqlite3"), "/cwd/a/dev.sqlite3");
  EXPECT_EQ(PathOf("dev.db3"), "/cwd/dev.db3");
}

TEST(DatabaseUrlTest, RefusesWhatNamesNoFile) {
  const std::string wanted =
      "expected the absolute path of a database file, like "
      "\"file:/srv/farm/dev.db\"";
  for (const std::string url :
       {"file:", "file:?x=1", "file://host/srv/x.db", "file://", "sqlite://",
        "file::memory:?cache=shared",
        "sqlite::memory:", "sqlite://:memory:", "file:/srv/", "file:."}) {
    EXPECT_EQ(PathOf(url), wanted) << url;
  }
}

TEST(DatabaseUrlTest, RefusesARelativePathWithoutADirectory) {
  EXPECT_FALSE(ParseDatabaseUrl("file:./dev.db", "").ok());
  EXPECT_TRUE(ParseDatabaseUrl("file:/srv/dev.db", "").ok());
}

TEST(DatabaseUrlTest, RecognisesPostgres) {
  for (const std::string url :
       {"postgresql://u:p@h/db?schema=public", "postgres://h/db"}) {
    const absl::StatusOr<DatabaseConfig> database = ParseDatabaseUrl(url, "/");
    ASSERT_TRUE(database.ok());
    EXPECT_EQ(database->kind, DatabaseKind::kPostgres);
    EXPECT_EQ(database->url, url);
    EXPECT_TRUE(database->path.empty());
  }
}

TEST(DatabaseUrlTest, RefusesOtherDatabases) {
  for (const std::string url :
       {"mysql://h/db", "farm", "postgresql:db", "http://h/x.db", "x.txt",
        "u:p@h/x.db", "host=h dbname=x.db"}) {
    const absl::StatusOr<DatabaseConfig> database = ParseDatabaseUrl(url, "/");
    EXPECT_EQ(database.status().code(), absl::StatusCode::kInvalidArgument)
        << url;
  }
}

TEST(RedactUrlTest, KeepsSchemeHostAndDatabase) {
  EXPECT_EQ(RedactUrl("postgresql://h:5432/db"), "postgresql://h:5432/db");
  EXPECT_EQ(RedactUrl("postgresql://u:CANARY@h/db?sslmode=require"),
            "postgresql://...@h/db");
  EXPECT_EQ(RedactUrl("postgresql+psycopg://u@h/db"),
            "postgresql+psycopg://...@h/db");
}

TEST(RedactUrlTest, DropsPasswordsThatAreNotEscaped) {
  EXPECT_EQ(RedactUrl("postgresql://u:CA/NA?RY@x@h/db"),
            "postgresql://...@h/db");
  EXPECT_EQ(RedactUrl("postgresql://h/db?password=CANARY"),
            "postgresql://h/db");
  EXPECT_EQ(RedactUrl("postgresql://h/db?user=a@b&password=CANARY"),
            "postgresql://...@b");
}

TEST(RedactUrlTest, DropsWhatIsNoUrl) {
  EXPECT_EQ(RedactUrl("host=h password=CANARY"), "...");
  EXPECT_EQ(RedactUrl("u:CANARY@h"), "...");
  EXPECT_EQ(RedactUrl("password=CANARY://"), "...");
  EXPECT_EQ(RedactUrl("CANARY"), "...");
  EXPECT_EQ(RedactUrl(""), "...");
}

}  // namespace
}  // namespace retentiond
