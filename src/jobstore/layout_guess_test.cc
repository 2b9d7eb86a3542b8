#include "jobstore/layout_guess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace retentiond {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CatalogTable Table(std::string name, std::vector<std::string> columns,
                   std::vector<std::string> key = {"id"}) {
  return {.name = std::move(name),
          .columns = std::move(columns),
          .primary_key = std::move(key)};
}

TEST(LayoutGuessTest, KnowsTheRenderManagersLayout) {
  const Catalog catalog{
      .tables = {Table("User", {"id", "createdAt"}),
                 Table("Job", {"id", "outputPath", "status", "createdAt"})}};
  const auto guess = GuessLayout(catalog);
  ASSERT_TRUE(guess.ok()) << guess.status();
  EXPECT_EQ(guess->table, "Job");
  EXPECT_THAT(guess->id, ElementsAre("id"));
  EXPECT_EQ(guess->created, "createdAt");
  EXPECT_EQ(guess->status, "status");
  EXPECT_THAT(guess->outputs, ElementsAre("outputPath"));
  EXPECT_THAT(guess->dependents, IsEmpty());
}

TEST(LayoutGuessTest, FindsDependentsWithoutAForeignKey) {
  const Catalog catalog{
      .tables = {Table("render_jobs", {"id", "created_at", "state"}),
                 Table("render_log", {"id", "job_id", "line"}),
                 Table("artifact", {"id", "render_job_id"})},
      .references = {{.table = "artifact",
                      .columns = {"render_job_id"},
                      .parent = "render_jobs",
                      .parent_columns = {"id"},
                      .on_delete = OnDelete::kCascade}}};
  const auto guess = GuessLayout(catalog);
  ASSERT_TRUE(guess.ok()) << guess.status();
  EXPECT_EQ(guess->table, "render_jobs");
  EXPECT_EQ(guess->status, "state");
  EXPECT_THAT(guess->outputs, IsEmpty());
  ASSERT_EQ(guess->dependents.size(), 1U);
  EXPECT_EQ(guess->dependents[0].table, "render_log");
  EXPECT_THAT(guess->dependents[0].columns, ElementsAre("job_id"));
}

TEST(LayoutGuessTest, FindsDependentsOfACompositeKeyByAllOfIt) {
  const Catalog catalog{
      .tables = {
          Table("jobs", {"tenant_id", "id", "created_at"}, {"tenant_id", "id"}),
          Table("logs", {"job_id"}, {}),
          Table("events", {"tenant_id", "at", "job_id"}, {})}};
  const auto guess = GuessLayout(catalog);
  ASSERT_TRUE(guess.ok()) << guess.status();
  EXPECT_THAT(guess->id, ElementsAre("tenant_id", "id"));
  EXPECT_EQ(guess->status, std::nullopt);
  ASSERT_EQ(guess->dependents.size(), 1U);
  EXPECT_EQ(guess->dependents[0].table, "events");
  EXPECT_THAT(guess->dependents[0].columns, ElementsAre("tenant_id", "job_id"));
}

TEST(LayoutGuessTest, LeavesTheCreationTimeOutOfAPartitionedTablesKey) {
  const auto guess =
      GuessLayout({.tables = {Table("jobs", {"id", "created_at", "state"},
                                    {"id", "created_at"})}});
  ASSERT_TRUE(guess.ok()) << guess.status();
  EXPECT_THAT(guess->id, ElementsAre("id"));
  EXPECT_TRUE(guess->id_may_repeat);
}

TEST(LayoutGuessTest, FindsAJobTableInAnotherSchema) {
  const auto guess =
      GuessLayout({.tables = {Table("queue.render_jobs", {"id", "created_at"}),
                              Table("queue.log", {"render_job_id"}, {})}});
  ASSERT_TRUE(guess.ok()) << guess.status();
  EXPECT_EQ(guess->table, "queue.render_jobs");
  ASSERT_EQ(guess->dependents.size(), 1U);
  EXPECT_FALSE(guess->id_may_repeat);
  EXPECT_EQ(guess->dependents[0].table, "queue.log");
}

TEST(LayoutGuessTest, ListsTheTablesWhenNoneFits) {
  const auto guess = GuessLayout(
      {.tables = {Table("song", {"id"}), Table("jobs", {"id", "title"})}});
  ASSERT_FALSE(guess.ok());
  EXPECT_EQ(guess.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(guess.status().message()),
              HasSubstr("there are song, jobs"));
  EXPECT_THAT(std::string(GuessLayout({}).status().message()),
              HasSubstr("there are none"));
}

TEST(LayoutGuessTest, TellsFinishedStatesFromWork) {
  EXPECT_THAT(GuessFinished({"QUEUED", "COMPLETED", "Failed", "rendering"}),
              ElementsAre("COMPLETED", "Failed"));
  EXPECT_THAT(GuessFinished({}), IsEmpty());
}

}  // namespace
}  // namespace retentiond
