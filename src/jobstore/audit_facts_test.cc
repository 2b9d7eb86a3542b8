#include "jobstore/audit_facts.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

TEST(BatchFacts, WritesIdsAndTableNamesOfAnyBytes) {
  Batch batch;
  batch.jobs = {{"a"}, {"\xff"}, {"\\xff"}};
  batch.rows = {{"Job", 3}, {"T\xfe", 1}};
  EXPECT_EQ(BatchFacts(BatchRequest(), batch),
            R"({"cutoff":"1970-01-01T00:00:00Z",)"
            R"("jobs":["a",{"escaped":"\\xff"},"\\xff"],)"
            R"("rows":{"Job":3,"T\\xfe":1}})");
}

TEST(BatchFacts, NamesNoJobInAPart) {
  Batch batch;
  batch.part = true;
  batch.rows = {{"JobLog", 500}};
  EXPECT_EQ(BatchFacts(BatchRequest(), batch),
            R"({"cutoff":"1970-01-01T00:00:00Z","rows":{"JobLog":500}})");
}

TEST(DeletesJob, TellsIdsApartByEveryByte) {
  Batch batch;
  batch.jobs = {{"a\"b"}, {"\xff"}};
  const std::string facts = BatchFacts(BatchRequest(), batch);
  EXPECT_TRUE(DeletesJob(facts, {"a\"b"}));
  EXPECT_TRUE(DeletesJob(facts, {"\xff"}));
  EXPECT_FALSE(DeletesJob(facts, {"a"}));
  EXPECT_FALSE(DeletesJob(facts, {"\\xff"}));
  EXPECT_FALSE(DeletesJob(facts, {"\xfe"}));
  EXPECT_FALSE(DeletesJob(facts, {""}));
}

TEST(DeletesJob, FindsNothingInOtherFacts) {
  EXPECT_FALSE(DeletesJob("{", {"a"}));
  EXPECT_FALSE(DeletesJob("[]", {"a"}));
  EXPECT_FALSE(DeletesJob("{}", {"a"}));
  EXPECT_FALSE(DeletesJob(R"({"jobs":"a"})", {"a"}));
  EXPECT_FALSE(DeletesJob(R"({"jobs":{"x":"a"}})", {"a"}));
}

TEST(TraceOf, StandsInTheFactsOfTheBatch) {
  for (const std::string id : {"a\"b", "\xff", "\\", "\n", "j\xc3\xa4"}) {
    Batch batch;
    batch.jobs = {{id}};
    EXPECT_NE(BatchFacts(BatchRequest(), batch).find(TraceOf({id})),
              std::string::npos)
        << id;
  }
}

TEST(RunEndFacts, LeavesOutTheOutcomeThatThereIsNot) {
  RunRecord run;
  EXPECT_EQ(RunEndFacts(run).find("outcome"), std::string::npos);
  run.outcome = RunOutcome::kFailed;
  EXPECT_NE(RunEndFacts(run).find(R"("outcome":"failed")"), std::string::npos);
}

TEST(RunEndFacts, SaysWhatIsKnownOfTheTables) {
  RunRecord run;
  EXPECT_EQ(RunEndFacts(run).find("tables"), std::string::npos);
  run.tables.push_back({.table = "Job",
                        .bytes_before = 16384,
                        .bytes_after = 8192,
                        .dead_rows_before = 0,
                        .dead_rows_after = {},
                        .vacuum = "done"});
  EXPECT_NE(RunEndFacts(run).find(
                R"("tables":[{"bytes_after":8192,"bytes_before":16384,)"
                R"("dead_rows_before":0,"table":"Job","vacuum":"done"}])"),
            std::string::npos);
}

}  // namespace
}  // namespace retentiond
