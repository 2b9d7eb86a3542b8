#include "run/table_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "testing/run/cleanup_fixture.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

class TableChangesTest : public CleanupTest {
 protected:
  void SetUp() override {
    CleanupTest::SetUp();
    AddTwenty();
    SetSizes(16384, 0);
    database_.vacuumed = {{"Job", kVacuumDone},
                          {"JobLog", "skipped: others have it locked"}};
    // Once the rows are gone.
    observer_.at_batch = [this] { SetSizes(8192, 7); };
  }
  void SetSizes(std::int64_t bytes, std::int64_t dead_rows) {
    database_.table_sizes = {
        {.table = "Job", .bytes = bytes, .dead_rows = dead_rows},
        {.table = "JobLog", .bytes = bytes, .dead_rows = std::nullopt},
        {.table = "Idle", .bytes = bytes, .dead_rows = 1}};
  }
  static TableChange Change(const std::string& table, bool dead,
                            std::optional<std::int64_t> after,
                            const std::string& vacuum) {
    TableChange change;
    change.table = table;
    change.bytes_before = 16384;
    change.bytes_after = after;
    if (dead) change.dead_rows_before = 0;
    if (dead && after.has_value()) change.dead_rows_after = 7;
    change.vacuum = vacuum;
    return change;
  }
};

TEST_F(TableChangesTest, StandInTheRecordOfTheTablesThatLostRows) {
  const RunRecord run = MustRun();
  EXPECT_THAT(run.tables,
              ElementsAre(Change("Job", true, 8192, kVacuumDone),
                          Change("JobLog", false, 8192,
                                 "skipped: others have it locked")));
  EXPECT_EQ(LastRun().tables, run.tables);
  EXPECT_THAT(Audit().back().facts,
              testing::HasSubstr(R"("table":"JobLog","vacuum":"skipped: )"));
}

TEST_F(TableChangesTest, SayThatTidyingUpFailed) {
  database_.script().Fail("TidyUp", 1, absl::AbortedError("busy"));
  EXPECT_THAT(
      MustRun().tables,
      ElementsAre(Change("Job", true, std::nullopt, "skipped: busy"),
                  Change("JobLog", false, std::nullopt, "skipped: busy")));
}

TEST_F(TableChangesTest, SayThatTheRunFailed) {
  database_.script().Fail("DeleteBatch", 2, absl::DataLossError("malformed"));
  EXPECT_THAT(
      MustRun().tables,
      ElementsAre(
          Change("Job", true, std::nullopt, "skipped: the run failed"),
          Change("JobLog", false, std::nullopt, "skipped: the run failed")));
}

TEST_F(TableChangesTest, SayThatTheWindowEnded) {
  observer_.at_batch = [this] { clock_.Advance(hours(4)); };
  EXPECT_THAT(MustRun().tables,
              ElementsAre(Change("Job", true, std::nullopt,
                                 "skipped: the window ended first"),
                          Change("JobLog", false, std::nullopt,
                                 "skipped: the window ended first")));
}

TEST_F(TableChangesTest, KeepWhatWasNotedBeforeTheRunWasResumed) {
  observer_.at_batch = [this] {
    SetSizes(8192, 7);
    stop_ = true;
  };
  EXPECT_EQ(MustRun().outcome, RunOutcome::kInterrupted);
  stop_ = false;
  observer_.at_batch = nullptr;
  EXPECT_THAT(MustRun(TheRunIsOpen()).tables,
              ElementsAre(Change("Job", true, 8192, kVacuumDone),
                          Change("JobLog", false, 8192,
                                 "skipped: others have it locked")));
}

TEST_F(TableChangesTest, AreLeftOutWhereTheSizesCannotBeRead) {
  database_.script().Fail("TableSizes", 1, absl::AbortedError("busy"));
  database_.script().Fail("TableSizes", 2, absl::AbortedError("busy"));
  database_.vacuumed.clear();
  const RunRecord run = MustRun();
  EXPECT_EQ(run.outcome, RunOutcome::kSuccess);
  EXPECT_THAT(run.tables, IsEmpty());
  EXPECT_THAT(observer_.troubles, testing::SizeIs(2));
}

}  // namespace
}  // namespace retentiond
