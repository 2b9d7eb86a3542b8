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

TEST(JsonOfTables, IsReadBackWithWhatIsKnown) {
  const TableChange known{.table = "Job",
                          .bytes_before = 5'000'000'000,
                          .bytes_after = 0,
                          .dead_rows_before = 1,
                          .dead_rows_after = 2,
                          .vacuum = kVacuumDone};
  const TableChange unknown{.table = "log",
                            .bytes_before = {},
                            .bytes_after = {},
                            .dead_rows_before = {},
                            .dead_rows_after = {},
                            .vacuum = "skipped: \"x\""};
  EXPECT_EQ(JsonOfTables({}), "[]");
  EXPECT_THAT(TablesOfJson(JsonOfTables({known, unknown})),
              ElementsAre(known, unknown));
}

TEST(TablesOfJson, LeavesOutWhatIsOfAnotherForm) {
  EXPECT_THAT(TablesOfJson("{}"), IsEmpty());
  EXPECT_THAT(TablesOfJson("["), IsEmpty());
  EXPECT_THAT(
      TablesOfJson(R"([1, {"table": 1, "vacuum": null, "bytes_after": "x"}])"),
      ElementsAre(TableChange()));
}

}  // namespace
}  // namespace retentiond
