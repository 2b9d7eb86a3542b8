#include "jobstore/sqlite_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/status.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {
namespace {

using testing::HasSubstr;

TEST(OpenSqliteTest, OpensBothStoresOverOneFile) {
  SqliteFarm farm;
  farm.Execute("CREATE TABLE Job(id, status, createdAt)");
  const auto database =
      OpenSqlite(farm.path(), farm.layout, OpenMode::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  EXPECT_EQ(database->jobs->plan().job_table, "Job");
}

TEST(OpenSqliteTest, ReadOnlyOpenLeavesTheFileAsItWas) {
  SqliteFarm farm;
  farm.Execute("CREATE TABLE Job(id, status, createdAt)");
  const std::string schema = farm.Text("SELECT name FROM sqlite_master");
  ASSERT_TRUE(OpenSqlite(farm.path(), farm.layout, OpenMode::kReadOnly).ok());
  EXPECT_EQ(farm.Text("SELECT name FROM sqlite_master"), schema);
}

TEST(OpenSqliteTest, MakesNoTablesInADatabaseThatIsNotTheFarms) {
  SqliteFarm farm;
  farm.Execute("CREATE TABLE Customer(id)");
  const auto database =
      OpenSqlite(farm.path(), farm.layout, OpenMode::kReadWrite);
  EXPECT_EQ(database.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(database.status()), HasSubstr(farm.path().string()));
  EXPECT_THAT(MessageOf(database.status()), HasSubstr("Customer"));
  EXPECT_EQ(farm.Text("SELECT name FROM sqlite_master"), "Customer");
}

TEST(OpenSqliteTest, NamesTheFileThatIsMissing) {
  SqliteFarm farm;
  const auto database = OpenSqlite(farm.directory() / "gone.db", farm.layout,
                                   OpenMode::kReadWrite);
  EXPECT_EQ(database.status().code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace retentiond
