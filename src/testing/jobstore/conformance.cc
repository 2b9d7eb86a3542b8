#include "testing/jobstore/conformance.h"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "audit/verify.h"

namespace retentiond {

void ConformanceTest::SetUp() {
  farm_ = GetParam().make();
  absl::StatusOr<Database> database = farm_->Open(OpenMode::kReadWrite);
  ASSERT_TRUE(database.ok()) << database.status();
  database_ = *std::move(database);
}

void ConformanceTest::TearDown() {
  ChainVerifier verifier;
  for (const AuditRecord& record : Audit()) verifier.Add(record);
  EXPECT_EQ(verifier.Finish().problem, "");

  std::multiset<std::string> accounted;
  for (const AuditRecord& record : AuditOf("batch")) {
    const nlohmann::json facts = nlohmann::json::parse(record.facts);
    for (const nlohmann::json& id : facts.at("jobs")) {
      accounted.insert(id);
    }
  }
  std::multiset<std::string> gone(inserted_.begin(), inserted_.end());
  for (const std::string& id : farm_->JobIds()) gone.erase(id);
  EXPECT_EQ(accounted, gone);
}

void ConformanceTest::Insert(const std::string& id, Micros age, int logs,
                             const std::string& state) {
  FarmJob job;
  job.id = id;
  job.created = kCutoff - age;
  job.state = state;
  job.output = "/renders/" + id + ".mp4";
  job.uid = "uid-" + id;
  farm_->InsertJob(job);
  inserted_.insert(id);
  if (logs > 0) farm_->InsertLogs(id, logs);
}

void ConformanceTest::InsertUndatable(const std::string& id) {
  FarmJob job;
  job.id = id;
  farm_->InsertJob(job);
  inserted_.insert(id);
}

void ConformanceTest::EraseByFarm(const std::string& id) {
  farm_->EraseJob(id);
  inserted_.erase(id);
}

RunRecord ConformanceTest::RunOf(LocalDate slot) {
  RunRecord run;
  run.slot = slot;
  run.slot_start = kSlotStart + (slot - Slot());
  run.cutoff = run.slot_start - std::chrono::days(7);
  run.started = run.slot_start + std::chrono::seconds(1);
  run.timezone = "UTC";
  return run;
}

void ConformanceTest::BeginRun() {
  const absl::StatusOr<Lease> lease = state().TakeLease("host-a", std::nullopt);
  ASSERT_TRUE(lease.ok()) << lease.status();
  lease_ = *lease;
  const absl::StatusOr<RunId> run = state().BeginRun(RunOf(Slot()), lease_);
  ASSERT_TRUE(run.ok()) << run.status();
  run_ = *run;
}

SurveyTotals ConformanceTest::Survey(const JobVisitor& visit) {
  const absl::StatusOr<SurveyTotals> totals = jobs().Survey(At(), visit);
  EXPECT_TRUE(totals.ok()) << totals.status();
  return totals.value_or(SurveyTotals());
}

BatchRequest ConformanceTest::Request(std::int64_t row_limit) const {
  BatchRequest request;
  request.run = run_;
  request.epoch = lease_.epoch;
  request.cutoff = kCutoff;
  request.slot_start = kSlotStart;
  request.row_limit = row_limit;
  request.now = kSlotStart + std::chrono::minutes(1);
  return request;
}

absl::StatusOr<Batch> ConformanceTest::Delete(const BatchRequest& request,
                                              const BatchRecorder& record) {
  return jobs().DeleteBatch(request, record);
}

ConformanceTest::Totals ConformanceTest::DeleteAll(std::int64_t row_limit,
                                                   DryRun dry_run) {
  // More batches than any test of the suite needs.
  constexpr int kMostBatches = 1000;
  BatchRequest request = Request(row_limit);
  request.dry_run = dry_run;
  Totals totals;
  for (int i = 0; i < kMostBatches; ++i) {
    const absl::StatusOr<Batch> batch = Delete(request);
    EXPECT_TRUE(batch.ok()) << batch.status();
    if (!batch.ok() || batch->finished) return totals;
    std::int64_t rows = 0;
    for (const auto& [table, count] : batch->rows) {
      totals.rows[table] += count;
      rows += count;
    }
    for (const JobId& id : batch->jobs) totals.jobs.push_back(id.text);
    for (const HeldJob& held : batch->held) totals.held.insert(held.id.text);
    if (rows > 0) ++totals.batches;
    if (batch->part) ++totals.parts;
    if (dry_run == DryRun::kNo) {
      EXPECT_LE(rows, row_limit);
    }
  }
  ADD_FAILURE() << "the batches never come to an end";
  return totals;
}

Batch ConformanceTest::DeleteLeaving(const std::vector<std::string>& names) {
  const absl::StatusOr<Batch> batch =
      Delete(Request(), [&](const std::vector<Job>& deleted) {
        Belongings belongings;
        for (const std::string& name : names) {
          PendingFile file;
          file.root = "/tmp/nexrender";
          file.name = name;
          file.job = deleted.front().id;
          belongings.pending.push_back(file);
        }
        return absl::StatusOr<Belongings>(belongings);
      });
  EXPECT_TRUE(batch.ok()) << batch.status();
  return batch.value_or(Batch());
}

std::vector<AuditRecord> ConformanceTest::Audit(AuditSeq from) {
  std::vector<AuditRecord> records;
  EXPECT_OK(state().VisitAudit(from, [&](const AuditRecord& record) {
    records.push_back(record);
    return absl::OkStatus();
  }));
  return records;
}

std::vector<AuditRecord> ConformanceTest::AuditOf(const std::string& event) {
  std::vector<AuditRecord> records;
  for (const AuditRecord& record : Audit()) {
    if (record.event == event) records.push_back(record);
  }
  return records;
}

std::vector<PendingFile> ConformanceTest::Pending() {
  return state().ListPending(PendingId{0}, 1000).value();
}

std::vector<ShieldedOutput> ConformanceTest::Shielded() {
  std::vector<ShieldedOutput> outputs;
  EXPECT_OK(state().VisitShield([&](const ShieldedOutput& output) {
    outputs.push_back(output);
    return absl::OkStatus();
  }));
  return outputs;
}

RunRecord ConformanceTest::NewestRun() {
  const std::vector<RunRecord> runs = state().ListRuns(1).value();
  return runs.empty() ? RunRecord() : runs.front();
}

}  // namespace retentiond
