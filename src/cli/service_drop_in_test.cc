#include "cli/service_drop_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class ServiceDropInTest : public testing::Test {
 protected:
  ServiceDropInTest() {
    std::string name = testing::TempDir() + "drop_in_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    config_.database.kind = DatabaseKind::kSqlite;
    config_.database.path = directory_ / "farm.db";
    config_.files.temp_roots = {directory_ / "temp"};
    config_.files.log_roots = {"/var/log/render"};
  }
  ~ServiceDropInTest() override { fs::remove_all(directory_); }

  // Another one's file; only root can make one.
  static void GiveAway(const fs::path& path, uid_t user) {
    ASSERT_EQ(::chown(path.c_str(), user, user), 0);
  }

  fs::path directory_;
  Config config_;
};

TEST_F(ServiceDropInTest, LetsTheRootsAndTheDatabaseBeWritten) {
  const std::string text = ServiceDropIn(config_);
  EXPECT_THAT(text, HasSubstr("[Service]\n"));
  EXPECT_THAT(text, HasSubstr("ReadWritePaths=\nReadWritePaths=\"-" +
                              (directory_ / "temp").string() +
                              "\"\nReadWritePaths=\"-/var/log/render\"\n"
                              "ReadWritePaths=\"-" +
                              directory_.string() + "\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("ProtectHome")));
  EXPECT_TRUE(IsOurDropIn(text));
  EXPECT_TRUE(IsOurDropIn(""));
  EXPECT_FALSE(IsOurDropIn("[Service]\nUser=me\n"));
}

TEST_F(ServiceDropInTest, LeavesTheUnitsUserWhereNobodyElseOwnsAnything) {
  config_.database.kind = DatabaseKind::kPostgres;
  EXPECT_EQ(ServiceUser(config_), kUnitUser);
  const std::string text = ServiceDropIn(config_);
  EXPECT_THAT(text, Not(HasSubstr("User=")));
  EXPECT_THAT(text, Not(HasSubstr("farm.db")));
}

TEST_F(ServiceDropInTest, RunsAsTheOwnerOfTheSqliteDatabase) {
  std::ofstream(config_.database.path) << "";
  const auto owner = OwnerOf(config_.database.path);
  ASSERT_TRUE(owner.has_value());
  EXPECT_EQ(ServiceUser(config_), *owner);
  EXPECT_THAT(ServiceDropIn(config_), HasSubstr("\nUser=" + *owner + "\n"));
  EXPECT_EQ(OwnerOf(directory_ / "none"), std::nullopt);
}

TEST_F(ServiceDropInTest, RunsAsTheOwnerOfTheRootsBesideAServer) {
  if (::geteuid() != 0) GTEST_SKIP() << "NOT TESTED: needs root";
  config_.database.kind = DatabaseKind::kPostgres;
  config_.files.log_roots = {directory_ / "logs", directory_ / "more"};
  for (const char* name : {"temp", "logs", "more"}) {
    fs::create_directory(directory_ / name);
  }
  EXPECT_EQ(ServiceUser(config_), kUnitUser) << "root owns them";
  constexpr uid_t kNameless = 54321;
  GiveAway(directory_ / "temp", kNameless);
  GiveAway(directory_ / "logs", kNameless);
  EXPECT_EQ(ServiceUser(config_), "54321");
  EXPECT_THAT(RootOwners(config_.files), testing::ElementsAre("54321"));
}

TEST_F(ServiceDropInTest, QuotesPathsAsAUnitFileDoes) {
  config_.files.temp_roots = {"/srv/100 % \"raw\"\\x"};
  EXPECT_THAT(ServiceDropIn(config_),
              HasSubstr("ReadWritePaths=\"-/srv/100 %% \\\"raw\\\"\\\\x\"\n"));
}

TEST_F(ServiceDropInTest, OpensHomesWhereSomethingLiesInOne) {
  config_.files.temp_roots = {fs::path("/home") / "render/tmp"};
  EXPECT_THAT(ServiceDropIn(config_), HasSubstr("ProtectHome=read-only\n"));
  config_.files.temp_roots = {"/homework"};
  EXPECT_THAT(ServiceDropIn(config_), Not(HasSubstr("ProtectHome")));
}

}  // namespace
}  // namespace retentiond
