#include "run/announcement.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

TEST(IsMuchTest, TheFirstRunIsMuchWhateverItDeletes) {
  EXPECT_TRUE(IsMuch(1, {}));
  EXPECT_FALSE(IsMuch(0, {}));
}

TEST(IsMuchTest, TenTimesTheMedianIsMuch) {
  std::vector<RunRecord> runs(3);
  runs[0].jobs_deleted = 900;
  runs[1].jobs_deleted = 20;
  runs[2].jobs_deleted = 1;
  EXPECT_FALSE(IsMuch(199, runs));
  EXPECT_TRUE(IsMuch(200, runs));
}

TEST(IsMuchTest, FewJobsAreNotMuch) {
  const std::vector<RunRecord> idle(1);
  EXPECT_FALSE(IsMuch(99, idle));
  EXPECT_TRUE(IsMuch(100, idle));
}

class LookAheadTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    AddJob("young", slot().cutoff);
  }
  absl::StatusOr<std::optional<Announcement>> Look() {
    Database database = database_.Open();
    return LookAhead({.database = database,
                      .config = config_,
                      .naming = *naming_,
                      .clock = clock_,
                      .calls = calls_,
                      .build_date = build_date_,
                      .stop_requested = [this] { return stop_; }},
                     slot());
  }
};

TEST_F(LookAheadTest, SaysWhatTheFirstRunWillDelete) {
  AddJob("a", BeforeCutoff(1));
  AddJob("b", BeforeCutoff(2));
  const std::vector<std::string> before = Remaining();
  const auto ahead = Look();
  ASSERT_TRUE(ahead.ok()) << ahead.status();
  ASSERT_TRUE(ahead->has_value());
  EXPECT_EQ((*ahead)->usual, std::nullopt);
  const Preview& preview = (*ahead)->preview;
  EXPECT_EQ(preview.to_delete, 2);
  EXPECT_EQ(preview.job_directories, 2);
  EXPECT_EQ(Remaining(), before);
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(observer_.ended.back().bytes_freed, preview.bytes);
}

TEST_F(LookAheadTest, SaysNothingOfARunLikeTheOthers) {
  ASSERT_TRUE(Run().ok());
  AddJob("a", BeforeCutoff(1));
  const auto ahead = Look();
  ASSERT_TRUE(ahead.ok()) << ahead.status();
  EXPECT_FALSE(ahead->has_value());
}

TEST_F(LookAheadTest, SaysByHowMuchItIsMoreThanUsual) {
  AddJob("usual", BeforeCutoff(1));
  ASSERT_TRUE(Run().ok());
  for (int i = 0; i < 100; ++i) {
    database_.Insert({.id = "a" + std::to_string(i),
                      .created = BeforeCutoff(1),
                      .fields = {{}, {}}});
  }
  const auto ahead = Look();
  ASSERT_TRUE(ahead.ok()) << ahead.status();
  ASSERT_TRUE(ahead->has_value());
  EXPECT_EQ((*ahead)->usual, 1);
  EXPECT_EQ((*ahead)->preview.to_delete, 100);
}

TEST_F(LookAheadTest, EndsWhenItIsAskedTo) {
  stop_ = true;
  EXPECT_EQ(Look().status().code(), absl::StatusCode::kCancelled);
}

TEST_F(LookAheadTest, FailsWithTheDatabase) {
  AddJob("a", BeforeCutoff(1));
  for (const char* method : {"ListRunsOf", "Survey", "DeleteBatch"}) {
    database_.script().Fail(method, 1, absl::DataLossError(method));
    EXPECT_EQ(Look().status().code(), absl::StatusCode::kDataLoss) << method;
  }
}

}  // namespace
}  // namespace retentiond
