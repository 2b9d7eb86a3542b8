#include "run/size_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "testing/run/cleanup_fixture.h"

namespace retentiond {
namespace {

using nlohmann::json;

class SizeFactsTest : public CleanupTest {
 protected:
  json FactsOfTheEnd() {
    const AuditRecord record = Audit().back();
    EXPECT_EQ(record.event, "run-end");
    return json::parse(record.facts);
  }
};

TEST_F(SizeFactsTest, StandInTheRunsLastRecord) {
  AddTwenty();
  MustRun();
  const json facts = FactsOfTheEnd();
  EXPECT_EQ(facts[kFactSize], "8192");
  EXPECT_EQ(facts[kFactReclaimable], "4096");
}

TEST_F(SizeFactsTest, AreLeftOutWhereTheDatabaseCannotSay) {
  AddTwenty();
  database_.script().Fail("Size", 1, absl::UnavailableError("away"));
  EXPECT_EQ(MustRun().outcome, RunOutcome::kSuccess);
  EXPECT_FALSE(FactsOfTheEnd().contains(kFactSize));
}

}  // namespace
}  // namespace retentiond
