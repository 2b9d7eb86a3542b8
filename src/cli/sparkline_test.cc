#include "cli/sparkline.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace retentiond {
namespace {

using std::chrono::days;

class SparklineTest : public ::testing::Test {
 protected:
  ~SparklineTest() override { std::fclose(stream_); }

  static RunRecord Night(int day, std::int64_t deleted,
                         RunOutcome outcome = RunOutcome::kSuccess) {
    return {.slot = LocalDate{std::chrono::year{2026} / 3 / day},
            .outcome = outcome,
            .jobs_deleted = deleted};
  }
  std::string Of(const std::vector<RunRecord>& runs) const {
    return Sparkline(terminal_, runs, {.zone = absl::UTCTimeZone()});
  }

  std::FILE* stream_ = std::tmpfile();
  Terminal terminal_{stream_, stream_};
};

TEST_F(SparklineTest, IsEmptyWithoutANight) { EXPECT_EQ("", Of({})); }

TEST_F(SparklineTest, MeasuresEachNightByTheGreatestAndHasTheOldestFirst) {
  EXPECT_EQ("▅█▂▁",
            Of({Night(4, 0), Night(3, 1), Night(2, 700), Night(1, 350)}));
}

TEST_F(SparklineTest, IsLowWhereNothingWasEverDeleted) {
  EXPECT_EQ("▁▁", Of({Night(2, 0), Night(1, 0)}));
}

TEST_F(SparklineTest, ShowsNightsThatFailedAndThatWereMissed) {
  EXPECT_EQ("█..xx█", Of({Night(6, 7), Night(5, 7, RunOutcome::kBlocked),
                          Night(4, 0, RunOutcome::kFailed), Night(1, 7)}));
}

TEST_F(SparklineTest, CountsTheNewestRunOfADate) {
  EXPECT_EQ("█", Of({Night(1, 7), Night(1, 0, RunOutcome::kFailed)}));
}

TEST_F(SparklineTest, ShowsARunThatIsNotOver) {
  RunRecord open = Night(2, 7);
  open.outcome.reset();
  EXPECT_EQ("██", Of({open, Night(1, 7)}));
}

}  // namespace
}  // namespace retentiond
