#include "observe/size_report.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "testing/run/cleanup_fixture.h"

namespace retentiond {
namespace {

using nlohmann::json;

bool GoOn() { return true; }

class SizeReportTest : public CleanupTest {
 protected:
  void Append(const std::string& event, const std::string& facts) {
    ASSERT_TRUE(database_.Open()
                    .state
                    ->AppendAudit(std::nullopt, event, facts,
                                  Instant(std::chrono::hours(24)))
                    .ok());
  }
  void AppendNight(const std::string& slot, int size) {
    Append("run-end", json{{"slot", slot},
                           {"size_bytes", std::to_string(size)},
                           {"reclaimable_bytes", "1"}}
                          .dump());
  }
  std::vector<SizeAtNight> Sizes(std::size_t most) {
    return *ListSizes(*database_.Open().state, most, GoOn);
  }
};

TEST_F(SizeReportTest, ListsTheLastOnesOldestFirst) {
  EXPECT_TRUE(Sizes(3).empty());
  for (int i = 1; i <= 4; ++i) AppendNight("2040-03-1" + std::to_string(i), i);
  const std::vector<SizeAtNight> sizes = Sizes(3);
  ASSERT_EQ(sizes.size(), 3U);
  EXPECT_EQ(sizes[0].slot, "2040-03-12");
  EXPECT_EQ(sizes[2].size_bytes, 4);
  EXPECT_EQ(Sizes(4).size(), 4U);
  const json told = json::parse(JsonOf(sizes));
  EXPECT_EQ(told[0], json({{"slot", "2040-03-12"},
                           {"time", "1970-01-02T00:00:00Z"},
                           {"size_bytes", 2},
                           {"reclaimable_bytes", 1}}));
}

// Those of versions that did not note it, and what somebody else has written.
TEST_F(SizeReportTest, PassesOverRecordsWithoutASize) {
  Append("run-end", "{}");
  Append("run-end", R"({"slot":"2040-03-11","size_bytes":"1"})");
  Append("run-end",
         R"({"slot":"2040-03-11","size_bytes":1,"reclaimable_bytes":"1"})");
  Append("run-end",
         R"({"slot":"2040-03-11","size_bytes":"x","reclaimable_bytes":"1"})");
  Append("run-end", R"({"size_bytes":"1","reclaimable_bytes":"1"})");
  Append("run-end", R"({"slot":2,"size_bytes":"1","reclaimable_bytes":"1"})");
  Append("batch", R"({"slot":"2","size_bytes":"1","reclaimable_bytes":"1"})");
  EXPECT_TRUE(Sizes(9).empty());
}

TEST_F(SizeReportTest, IsNotedWhenARunIsClosed) {
  AddTwenty();
  MustRun();
  ASSERT_EQ(Sizes(9).size(), 1U);
  EXPECT_GT(Sizes(9)[0].size_bytes, 0);
}

TEST_F(SizeReportTest, EndsWhenItIsAskedTo) {
  AppendNight("2040-03-11", 1);
  EXPECT_TRUE(absl::IsCancelled(
      ListSizes(*database_.Open().state, 9, [] { return false; }).status()));
}

}  // namespace
}  // namespace retentiond
