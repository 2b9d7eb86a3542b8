#include "jobstore/run_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(OutcomeOf, ReadsEveryName) {
  for (const RunOutcome outcome :
       {RunOutcome::kSuccess, RunOutcome::kPartial, RunOutcome::kBlocked,
        RunOutcome::kFailed, RunOutcome::kInterrupted}) {
    EXPECT_EQ(*OutcomeOf(NameOf(outcome)), outcome);
  }
}

TEST(OutcomeOf, ReportsAnyOtherNameAsLostData) {
  EXPECT_EQ(OutcomeOf("").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(OutcomeOf("Success").status().code(), absl::StatusCode::kDataLoss);
}

TEST(JsonOfTexts, IsReadBackInOrder) {
  EXPECT_EQ(JsonOfTexts({}), "[]");
  EXPECT_THAT(TextsOfJson(JsonOfTexts({"b", "", "a\"\n"})),
              ElementsAre("b", "", "a\"\n"));
}

TEST(TextsOfJson, LeavesOutWhatIsNoText) {
  EXPECT_THAT(TextsOfJson(R"(["a",1,null])"), ElementsAre("a"));
  EXPECT_THAT(TextsOfJson("{}"), IsEmpty());
  EXPECT_THAT(TextsOfJson("["), IsEmpty());
}

TEST(JsonOfNumbers, IsReadBackByKey) {
  EXPECT_EQ(JsonOfNumbers({}), "{}");
  EXPECT_THAT(NumbersOfJson(JsonOfNumbers({{"b", 0.25}, {"a", 3}})),
              ElementsAre(Pair("a", 3), Pair("b", 0.25)));
}

TEST(NumbersOfJson, LeavesOutWhatIsNoNumber) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(NumbersOfJson(JsonOfNumbers({{"a", none}, {"b", 1}})),
              ElementsAre(Pair("b", 1)));
  EXPECT_THAT(NumbersOfJson("[]"), IsEmpty());
  EXPECT_THAT(NumbersOfJson("x"), IsEmpty());
}

TEST(JsonOfCounts, IsReadBackByKey) {
  EXPECT_EQ(JsonOfCounts({}), "{}");
  EXPECT_THAT(CountsOfJson(JsonOfCounts({{"b", 2}, {"a", 1}})),
              ElementsAre(Pair("a", 1), Pair("b", 2)));
  EXPECT_THAT(CountsOfJson(R"({"a":1.5,"b":3})"), ElementsAre(Pair("b", 3)));
  EXPECT_THAT(CountsOfJson("[]"), IsEmpty());
}

}  // namespace
}  // namespace retentiond
