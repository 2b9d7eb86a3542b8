// What every JobStore must leave in the state with a batch.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/jobstore/conformance.h"

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class BatchRecordsConformanceTest : public ConformanceTest {};

INSTANTIATE_TEST_SUITE_P(All, BatchRecordsConformanceTest,
                         testing::ValuesIn(FarmKinds()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(BatchRecordsConformanceTest, RecordsTheBatchInTheAudit) {
  Insert("a", hours(2), 2);
  Insert("b", hours(1));
  BeginRun();
  Survey();
  const absl::StatusOr<Batch> batch = Delete(Request());
  ASSERT_TRUE(batch.ok()) << batch.status();
  ASSERT_TRUE(batch->id.has_value());
  const std::vector<AuditRecord> records = AuditOf("batch");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(batch->audit_seq, records[0].seq);
  EXPECT_EQ(records[0].run, run_);
  EXPECT_EQ(records[0].time, Request().now);
  EXPECT_EQ(json::parse(records[0].facts),
            json::parse(R"({"cutoff":"2026-03-09T03:00:00Z",)"
                        R"("jobs":["a","b"],"rows":{"Job":2,"JobLog":2}})"));
}

TEST_P(BatchRecordsConformanceTest, AddsEachBatchToTheRun) {
  Insert("a", hours(2), 2);
  Insert("b", hours(1), 1);
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request(3)).ok());
  EXPECT_EQ(NewestRun().jobs_deleted, 1);
  ASSERT_TRUE(Delete(Request(3)).ok());
  EXPECT_EQ(NewestRun().jobs_deleted, 2);
  EXPECT_THAT(NewestRun().rows_deleted,
              ElementsAre(testing::Pair("Job", 2), testing::Pair("JobLog", 3)));
}

TEST_P(BatchRecordsConformanceTest, DeletesNothingForALeaseThatWasTakenOver) {
  Insert("old", hours(1), 1);
  BeginRun();
  Survey();
  ASSERT_TRUE(state().TakeLease("host-b", *state().ViewLease()).ok());
  EXPECT_EQ(Delete(Request()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(farm_->JobIds(), ElementsAre("old"));
  EXPECT_EQ(farm_->CountRows("JobLog"), 1);
  EXPECT_THAT(AuditOf("batch"), IsEmpty());
}

TEST_P(BatchRecordsConformanceTest, DeletesNothingWhenNobodyHoldsTheLease) {
  Insert("old", hours(1));
  BeginRun();
  Survey();
  ASSERT_OK(state().ReleaseLease(lease_));
  EXPECT_EQ(Delete(Request()).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(farm_->JobIds(), ElementsAre("old"));
}

TEST_P(BatchRecordsConformanceTest, DeletesNothingForARunThatIsNotOpen) {
  Insert("old", hours(1));
  BeginRun();
  Survey();
  BatchRequest request = Request();
  request.run = RunId{99};
  EXPECT_EQ(Delete(request).status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(farm_->JobIds(), ElementsAre("old"));
}

TEST_P(BatchRecordsConformanceTest, RollsEverythingBackWhenTheRecorderFails) {
  Insert("old", hours(1), 1);
  BeginRun();
  Survey();
  const std::size_t records = Audit().size();
  const absl::Status failure = absl::InternalError("no names");
  EXPECT_EQ(Delete(Request(), [&](const std::vector<Job>&) { return failure; })
                .status(),
            failure);
  EXPECT_THAT(farm_->JobIds(), ElementsAre("old"));
  EXPECT_EQ(farm_->CountRows("JobLog"), 1);
  EXPECT_EQ(Audit().size(), records);
  EXPECT_EQ(NewestRun().jobs_deleted, 0);
  // The batch is there to be tried again.
  EXPECT_THAT(DeleteAll(500).jobs, ElementsAre("old"));
}

TEST_P(BatchRecordsConformanceTest, ShowsTheRecorderTheJobsThatGo) {
  Insert("a", hours(2));
  Insert("b", hours(1));
  Insert("young", -hours(1));
  BeginRun();
  Survey();
  std::vector<Job> shown;
  ASSERT_TRUE(Delete(Request(), [&](const std::vector<Job>& deleted) {
                shown = deleted;
                return absl::StatusOr<Belongings>(Belongings());
              }).ok());
  ASSERT_EQ(shown.size(), 2U);
  EXPECT_EQ(shown[0].id.text, "a");
  EXPECT_THAT(shown[0].fields,
              ElementsAre(ElementsAre("/renders/a.mp4"), ElementsAre("uid-a")));
  EXPECT_EQ(shown[1].id.text, "b");
}

TEST_P(BatchRecordsConformanceTest, RecordsPendingFilesWithTheBatch) {
  Insert("a", hours(1));
  BeginRun();
  Survey();
  const Batch batch = DeleteLeaving({"uid-a", "uid-a.json"});
  EXPECT_EQ(Pending(), batch.belongings.pending);
  ASSERT_EQ(Pending().size(), 2U);
  EXPECT_EQ(Pending()[0].batch, batch.id);
  EXPECT_EQ(Pending()[0].name, "uid-a");
  EXPECT_EQ(Pending()[0].attempts, 0);
  EXPECT_LT(Pending()[0].id, Pending()[1].id);
}

TEST_P(BatchRecordsConformanceTest, RecordsOutcomesWithTheNextBatch) {
  Insert("a", hours(2));
  BeginRun();
  Survey();
  const Batch first = DeleteLeaving({"uid-a"});
  Insert("b", hours(1));
  Survey();
  BatchRequest request = Request();
  FilesOutcome outcome;
  outcome.batch = *first.id;
  outcome.files = 3;
  outcome.bytes = 4096;
  outcome.done = {first.belongings.pending[0].id};
  request.outcomes = {outcome};
  ASSERT_TRUE(Delete(request).ok());
  EXPECT_THAT(Pending(), IsEmpty());
  EXPECT_EQ(NewestRun().files_deleted, 3);
  EXPECT_EQ(NewestRun().bytes_freed, 4096);
  const std::vector<AuditRecord> records = AuditOf("files");
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(json::parse(records[0].facts)["batch_seq"],
            static_cast<std::int64_t>(*first.audit_seq));
}

TEST_P(BatchRecordsConformanceTest, RecordsNoOutcomesWhenNoCandidateIsLeft) {
  Insert("a", hours(1));
  BeginRun();
  Survey();
  const Batch batch = DeleteLeaving({"uid-a"});
  BatchRequest request = Request();
  FilesOutcome outcome;
  outcome.batch = *batch.id;
  outcome.done = {batch.belongings.pending[0].id};
  request.outcomes = {outcome};
  EXPECT_TRUE(Delete(request)->finished);
  EXPECT_EQ(Pending().size(), 1U);
}

TEST_P(BatchRecordsConformanceTest, NamesTheJobTableInItsPlan) {
  EXPECT_EQ(jobs().plan().job_table, "Job");
  ASSERT_EQ(jobs().plan().tables.size(), 1U);
  EXPECT_EQ(jobs().plan().tables[0].name, "JobLog");
  ASSERT_EQ(jobs().plan().holding.size(), 1U);
  EXPECT_EQ(jobs().plan().holding[0].table, "Invoice");
}

TEST_P(BatchRecordsConformanceTest, AnswersTheRestOfTheInterface) {
  EXPECT_TRUE(jobs().Check().ok());
  EXPECT_TRUE(jobs().CreateMissingIndexes().ok());
  EXPECT_TRUE(jobs().TableSizes().ok());
  EXPECT_TRUE(jobs().TidyUp({"Job"}, std::chrono::seconds(20)).ok());
  const absl::StatusOr<DatabaseSize> size = jobs().Size();
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_GT(size->size_bytes, 0);
  EXPECT_LE(size->reclaimable_bytes, size->size_bytes);
}

}  // namespace
}  // namespace retentiond
