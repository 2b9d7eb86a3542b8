#include "jobstore/deletion_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class DeletionPlanTest : public testing::Test {
 protected:
  DeletionPlanTest() { AddTable("Job"); }

  void AddTable(const std::string& name) {
    CatalogTable table;
    table.name = name;
    table.columns = {"id", "ref"};
    catalog_.tables.push_back(table);
  }

  // "Child" is added as a table when it is new.
  void Refer(const std::string& child, const std::string& parent,
             OnDelete on_delete) {
    if (catalog_.Find(child) == nullptr) AddTable(child);
    catalog_.references.push_back(
        {child, {"ref"}, parent, {"id"}, on_delete, true});
  }

  static Reference Declared(const std::string& table,
                            const std::vector<std::string>& columns) {
    return {table, columns, "Job", {"id"}, OnDelete::kDeclared, false};
  }

  DeletionPlan Plan(const std::vector<Reference>& declared = {}) {
    const auto plan = MakeDeletionPlan(catalog_, "Job", declared);
    EXPECT_TRUE(plan.ok()) << plan.status();
    return *plan;
  }

  static std::vector<std::string> Names(const DeletionPlan& plan) {
    std::vector<std::string> names;
    for (const PlanTable& table : plan.tables) names.push_back(table.name);
    return names;
  }

  static const PlanTable& Table(const DeletionPlan& plan,
                                const std::string& name) {
    return *std::find_if(
        plan.tables.begin(), plan.tables.end(),
        [&](const PlanTable& table) { return table.name == name; });
  }

  Catalog catalog_;
};

TEST_F(DeletionPlanTest, IsEmptyWhereNothingRefersToJobs) {
  Refer("Job", "User", OnDelete::kRestrict);
  const DeletionPlan plan = Plan();
  EXPECT_EQ(plan.job_table, "Job");
  EXPECT_THAT(plan.tables, IsEmpty());
  EXPECT_THAT(plan.holding, IsEmpty());
}

TEST_F(DeletionPlanTest, OrdersDependentsBeforeWhatTheyReferTo) {
  Refer("Frame", "Job", OnDelete::kCascade);
  Refer("Tile", "Frame", OnDelete::kCascade);
  Refer("TileLog", "Tile", OnDelete::kCascade);
  Refer("JobLog", "Job", OnDelete::kCascade);
  const DeletionPlan plan = Plan();
  EXPECT_THAT(Names(plan), ElementsAre("TileLog", "Tile", "Frame", "JobLog"));
  EXPECT_TRUE(Table(plan, "TileLog").leaf);
  EXPECT_FALSE(Table(plan, "Tile").leaf);
  EXPECT_TRUE(Table(plan, "JobLog").leaf);
}

TEST_F(DeletionPlanTest, OrdersByRestrictionsBetweenDependentsToo) {
  Refer("Frame", "Job", OnDelete::kCascade);
  Refer("Preview", "Job", OnDelete::kCascade);
  Refer("Preview", "Frame", OnDelete::kRestrict);
  const DeletionPlan plan = Plan();
  EXPECT_THAT(Names(plan), ElementsAre("Preview", "Frame"));
  ASSERT_EQ(plan.holding.size(), 1U);
  EXPECT_EQ(plan.holding[0].parent, "Frame");
}

TEST_F(DeletionPlanTest, KeepsEveryWayByWhichATableGoes) {
  Refer("Link", "Job", OnDelete::kCascade);
  Refer("Link", "Job", OnDelete::kCascade);
  EXPECT_EQ(Table(Plan(), "Link").via.size(), 2U);
}

TEST_F(DeletionPlanTest, TakesSelfReferencesAndCycles) {
  Refer("Job", "Job", OnDelete::kCascade);
  Refer("A", "Job", OnDelete::kCascade);
  Refer("A", "B", OnDelete::kCascade);
  Refer("B", "A", OnDelete::kCascade);
  Refer("Job", "B", OnDelete::kCascade);
  Refer("A", "A", OnDelete::kCascade);
  const DeletionPlan plan = Plan();
  EXPECT_THAT(Names(plan), UnorderedElementsAre("A", "B"));
  EXPECT_EQ(plan.job_to_job.size(), 2U);
  EXPECT_EQ(Table(plan, "A").via.size(), 3U);
  EXPECT_FALSE(Table(plan, "A").leaf);
}

TEST_F(DeletionPlanTest, SortsTheOtherActions) {
  Refer("Invoice", "Job", OnDelete::kRestrict);
  Refer("Note", "Job", OnDelete::kNoAction);
  Refer("Job", "Job", OnDelete::kSetNull);
  Refer("Stat", "Job", OnDelete::kSetDefault);
  Refer("Far", "Invoice", OnDelete::kCascade);
  const DeletionPlan plan = Plan();
  EXPECT_THAT(plan.tables, IsEmpty());
  EXPECT_EQ(plan.holding.size(), 2U);
  EXPECT_EQ(plan.clearing.size(), 2U);
  EXPECT_THAT(plan.job_to_job, IsEmpty());
}

TEST_F(DeletionPlanTest, TakesDeclaredDependents) {
  AddTable("render_log");
  Refer("line", "render_log", OnDelete::kCascade);
  const DeletionPlan plan = Plan({Declared("render_log", {"ref"})});
  EXPECT_THAT(Names(plan), ElementsAre("line", "render_log"));
  EXPECT_EQ(Table(plan, "render_log").via[0].on_delete, OnDelete::kDeclared);
}

TEST_F(DeletionPlanTest, NamesTheTablesThatThereAre) {
  AddTable("Asset");
  const auto plan = MakeDeletionPlan(catalog_, "Jobs", {});
  EXPECT_EQ(plan.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(MessageOf(plan.status()), HasSubstr("\"Jobs\""));
  EXPECT_THAT(MessageOf(plan.status()), HasSubstr("Asset, Job"));
  EXPECT_THAT(MessageOf(MakeDeletionPlan(Catalog(), "Job", {}).status()),
              HasSubstr("none"));
}

TEST_F(DeletionPlanTest, RefusesDeclaredDependentsThatDoNotFit) {
  AddTable("log");
  const auto message = [&](const Reference& declared) {
    const auto plan = MakeDeletionPlan(catalog_, "Job", {declared});
    EXPECT_EQ(plan.status().code(), absl::StatusCode::kInvalidArgument);
    return MessageOf(plan.status());
  };
  EXPECT_THAT(message(Declared("logs", {"ref"})), HasSubstr("Job, log"));
  EXPECT_THAT(message(Declared("log", {"job"})), HasSubstr("id, ref"));
  EXPECT_THAT(message(Declared("log", {"id", "ref"})), HasSubstr("expected 1"));
  EXPECT_THAT(message(Declared("log", {})), HasSubstr("0 columns"));
}

TEST(CatalogTest, NamesActionsAsThePlanPrintsThem) {
  EXPECT_STREQ(NameOf(OnDelete::kCascade), "cascade");
  EXPECT_STREQ(NameOf(OnDelete::kSetNull), "set-null");
  EXPECT_STREQ(NameOf(OnDelete::kSetDefault), "set-default");
  EXPECT_STREQ(NameOf(OnDelete::kRestrict), "restrict");
  EXPECT_STREQ(NameOf(OnDelete::kNoAction), "no-action");
  EXPECT_STREQ(NameOf(OnDelete::kDeclared), "declared");
}

TEST(CatalogTest, AnIndexServesTheColumnsItLeadsWith) {
  CatalogTable table;
  table.indexes = {{"a", "b", "c"}};
  EXPECT_TRUE(table.HasIndexOn({"a"}));
  EXPECT_TRUE(table.HasIndexOn({"b", "a"}));
  EXPECT_FALSE(table.HasIndexOn({"b"}));
  EXPECT_FALSE(table.HasIndexOn({"a", "b", "c", "d"}));
}

}  // namespace
}  // namespace retentiond
