#include "alert/chain_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "audit/record.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/sqlite_state.h"
#include "testing/jobstore/fake_database.h"

namespace retentiond {
namespace {

using testing::StartsWith;

// A state whose audit records somebody changes on their way.
class ChainWatchTest : public testing::Test {
 protected:
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(
          state().AppendAudit(std::nullopt, "note", "{}", Instant{}).ok());
    }
  }
  std::string Look() {
    const absl::StatusOr<std::string> problem = LookAtChain(state());
    EXPECT_TRUE(problem.ok()) << problem.status();
    return problem.value_or("");
  }
  std::string Noted() {
    return (*state().ReadNote("audit-verified")).value_or("none");
  }
  StateStore& state() { return *database_.state; }

  FakeDatabase farm_;
  Database database_ = farm_.Open();
};

TEST_F(ChainWatchTest, FindsNothingInAnEmptyState) {
  EXPECT_EQ(Look(), "");
  EXPECT_EQ(Noted(), "none");
}

TEST_F(ChainWatchTest, RemembersHowFarItHasLooked) {
  Append(3);
  EXPECT_EQ(Look(), "");
  EXPECT_THAT(Noted(), StartsWith("3:"));
  EXPECT_EQ(Look(), "");
  Append(2);
  EXPECT_EQ(Look(), "");
  EXPECT_EQ(Noted(), "5:" + (*state().Head())->hash);
}

TEST_F(ChainWatchTest, BeginsAnewWhereTheNoteIsNoHead) {
  Append(1);
  for (const std::string note :
       {"", "x", ":ab", "1", "1234567890123456789:ab"}) {
    ASSERT_TRUE(state().WriteNote("audit-verified", note).ok());
    EXPECT_EQ(Look(), "");
    EXPECT_THAT(Noted(), StartsWith("1:"));
  }
}

TEST_F(ChainWatchTest, FindsThatTheLastOneIsGone) {
  Append(2);
  Look();
  const std::string noted = Noted();
  ASSERT_TRUE(state().WriteNote("audit-verified", "2:00").ok());
  EXPECT_EQ(Look(), "record 2, the last one of the night before, is gone");
  ASSERT_TRUE(state().WriteNote("audit-verified", "9:00").ok());
  EXPECT_EQ(Look(), "record 9, the last one of the night before, is gone");
  EXPECT_EQ(Noted(), "9:00");
}

// With a database of its own, that somebody else writes to.
class ChangedChainTest : public testing::Test {
 protected:
  std::string LookAfter(const std::string& sql) {
    const std::shared_ptr<SqliteConnection> connection =
        SqliteConnection::OpenScratch().value();
    const auto state =
        OpenSqliteState(connection, OpenMode::kReadWrite).value();
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(
          state->AppendAudit(std::nullopt, "note", "{}", Instant{}).ok());
      // The first two are of the night before.
      if (i == 1) {
        EXPECT_EQ(*LookAtChain(*state), "");
      }
    }
    EXPECT_TRUE(connection->Execute(sql).ok());
    std::string problem = *LookAtChain(*state);
    // It stands until somebody has looked into it.
    EXPECT_EQ(*LookAtChain(*state), problem);
    return problem;
  }
};

TEST_F(ChangedChainTest, FindsARecordThatWasChanged) {
  EXPECT_EQ(LookAfter("UPDATE retentiond_audit SET facts = '{\"a\":1}' WHERE "
                      "seq = 4"),
            "record 4 was changed, or the one before it");
  EXPECT_EQ(LookAfter("UPDATE retentiond_audit SET hash = 'ab' WHERE seq = 3"),
            "record 3 was changed, or the one before it");
  EXPECT_EQ(LookAfter("UPDATE retentiond_audit SET previous = 'ab' WHERE "
                      "seq = 5"),
            "record 5 was changed, or the one before it");
}

TEST_F(ChangedChainTest, FindsARecordThatIsMissing) {
  EXPECT_EQ(LookAfter("DELETE FROM retentiond_audit WHERE seq = 4"),
            "record 4 is missing");
  EXPECT_EQ(LookAfter("DELETE FROM retentiond_audit WHERE seq = 2"),
            "record 2, the last one of the night before, is gone");
}

TEST_F(ChainWatchTest, SaysWhatFailed) {
  for (const char* method : {"ReadNote", "Head"}) {
    farm_.script().Fail(method, 1, absl::UnavailableError("away"));
    EXPECT_FALSE(LookAtChain(state()).ok()) << method;
  }
  Append(1);
  farm_.script().Fail("WriteNote", 1, absl::UnavailableError("away"));
  EXPECT_FALSE(LookAtChain(state()).ok());
  Look();
  farm_.script().Fail("VisitAudit", 1, absl::UnavailableError("away"));
  EXPECT_FALSE(LookAtChain(state()).ok());
}

}  // namespace
}  // namespace retentiond
