#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class JobsSectionTest : public ConfigFixture {};

TEST_F(JobsSectionTest, HasNoStateAndNoOutputsByDefaultInAnotherTable) {
  const Config config = Good("[jobs]\ntable = \"task\"\n");
  EXPECT_FALSE(config.jobs.status.has_value());
  EXPECT_THAT(config.jobs.outputs, IsEmpty());
  EXPECT_THAT(config.jobs.id, ElementsAre("id"));
  EXPECT_EQ(config.jobs.created, "createdAt");
}

TEST_F(JobsSectionTest, KeepsTheKnownDefaultsWhenTheTableIsNamed) {
  const Config config = Good("[jobs]\ntable = \"Job\"\n");
  EXPECT_TRUE(config.jobs.described);
  EXPECT_EQ(config.jobs.status, "status");
  EXPECT_THAT(config.jobs.outputs, ElementsAre("outputPath"));
}

TEST_F(JobsSectionTest, TakesTheStateOfAnotherTable) {
  const Config config =
      Good("[jobs]\ntable = \"task\"\nstatus = \"state\"\noutputs = []\n");
  EXPECT_EQ(config.jobs.status, "state");
  EXPECT_THAT(config.jobs.finished,
              ElementsAre("COMPLETED", "FAILED", "CANCELLED"));
  EXPECT_THAT(config.jobs.outputs, IsEmpty());
}

TEST_F(JobsSectionTest, TakesOneIdColumnAsAText) {
  EXPECT_THAT(Good("[jobs]\nid = \"uid\"\n").jobs.id, ElementsAre("uid"));
  EXPECT_THAT(Good("[jobs]\nid = [\"uid\"]\n").jobs.id, ElementsAre("uid"));
}

TEST_F(JobsSectionTest, RefusesBadIds) {
  EXPECT_THAT(Refusal("[jobs]\nid = []\n"),
              HasSubstr("r.toml:2: jobs.id: expected at least one text"));
  EXPECT_EQ(Refusal("[jobs]\nid = [\"a\", \"a\"]\n"),
            "r.toml:2: jobs.id: expected each column once");
  EXPECT_THAT(Refusal("[jobs]\nid = 5\n"), HasSubstr("not a number"));
}

TEST_F(JobsSectionTest, RefusesToSelectStatesOfTheKnownTable) {
  EXPECT_EQ(Refusal("[jobs]\nfinished = [\"COMPLETED\"]\n"),
            "r.toml:2: jobs.finished: cannot be changed for the render "
            "manager's own table; it names the finished states of another "
            "layout");
  EXPECT_THAT(Refusal("[jobs]\nfinished = [\"COMPLETED\", \"FAILED\", "
                      "\"CANCELLED\", \"RENDERING\"]\n"),
              HasSubstr("jobs.finished"));
}

TEST_F(JobsSectionTest, AllowsTheKnownStatesToBeSpelledOut) {
  Good("[jobs]\nfinished = [\"FAILED\", \"CANCELLED\", \"COMPLETED\"]\n");
}

TEST_F(JobsSectionTest, AllowsOtherStatesInAnotherLayout) {
  for (const std::string key : {"table = \"t\"\nstatus = \"s\"", "id = \"uid\"",
                                "created = \"made\"", "status = \"state\""}) {
    EXPECT_THAT(
        Good("[jobs]\n" + key + "\nfinished = [\"done\"]\n").jobs.finished,
        ElementsAre("done"));
  }
}

TEST_F(JobsSectionTest, RefusesFinishedStatesWithoutAStateColumn) {
  EXPECT_EQ(Refusal("[jobs]\ntable = \"task\"\nfinished = [\"done\"]\n"),
            "r.toml:3: jobs.finished: needs jobs.status, the column that holds "
            "the state");
}

TEST_F(JobsSectionTest, RefusesEmptyLists) {
  EXPECT_THAT(Refusal("[jobs]\nstatus = \"s\"\nfinished = []\n"),
              HasSubstr("jobs.finished: expected at least one text"));
  EXPECT_THAT(Refusal("[jobs]\noutputs = []\n"),
              HasSubstr("jobs.outputs: expected at least one text"));
}

TEST_F(JobsSectionTest, RefusesAnUnknownZone) {
  EXPECT_EQ(Refusal("[jobs]\ncreated_zone = \"Europe/Helsinky\"\n"),
            "r.toml:2: jobs.created_zone: no time zone \"Europe/Helsinky\"; "
            "did you mean \"Europe/Helsinki\"?");
}

TEST_F(JobsSectionTest, WantsTheTableAndAsManyColumnsAsTheIdHas) {
  EXPECT_EQ(Refusal("[[dependents]]\ncolumns = [\"a\"]\n"),
            "r.toml:1: dependents.table: expected the table that refers to "
            "jobs");
  EXPECT_EQ(Refusal("[[dependents]]\ntable = \"t\"\n"),
            "r.toml:1: dependents.columns: expected 1 column, as many as "
            "jobs.id has, in the same order");
  EXPECT_THAT(Refusal("[[dependents]]\ntable = \"t\"\ncolumns = [\"a\", "
                      "\"b\"]\n"),
              HasSubstr("r.toml:3: dependents.columns: expected 1 column,"));
  EXPECT_THAT(Refusal("[jobs]\nid = [\"a\", \"b\"]\n[[dependents]]\ntable = "
                      "\"t\"\ncolumns = \"a\"\n"),
              HasSubstr("expected 2 columns,"));
  EXPECT_THAT(Refusal("[jobs]\nid = [\"a\", \"b\"]\n[[dependents]]\ntable = "
                      "\"t\"\ncolumns = [\"a\", \"a\"]\n"),
              HasSubstr("each column once"));
}

TEST_F(JobsSectionTest, TakesOneDependentColumnAsAText) {
  EXPECT_THAT(Good("[[dependents]]\ntable = \"t\"\ncolumns = \"job\"\n")
                  .dependents[0]
                  .columns,
              ElementsAre("job"));
}

}  // namespace
}  // namespace retentiond
