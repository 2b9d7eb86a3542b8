// What the tests of the conformance suite share: a fresh farm, its stores, a
// lease and a run, and the promises that hold after each of them.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "testing/jobstore/farm.h"

namespace retentiond {

class ConformanceTest : public testing::TestWithParam<FarmKind> {
 protected:
  // 2026-03-16T03:00:00Z and the cutoff of that slot in UTC.
  static constexpr Instant kSlotStart{Micros(1'773'630'000'000'000)};
  static constexpr Instant kCutoff = kSlotStart - std::chrono::days(7);
  static constexpr Micros kTick{1};

  // What a whole run of batches did.
  struct Totals {
    std::vector<std::string> jobs;  // in the order of their deletion
    std::map<std::string, std::int64_t> rows;
    std::set<std::string> held;
    int batches = 0;  // that deleted anything
    int parts = 0;
  };

  void SetUp() override;
  // The audit chain is whole, and names each job that is gone exactly once.
  void TearDown() override;

  // A job in the farm; `age` is how long before the cutoff it was created.
  void Insert(const std::string& id, Micros age, int logs = 0,
              const std::string& state = "COMPLETED");
  void InsertUndatable(const std::string& id);
  // Deleted by the farm itself, so that no record needs to name it.
  void EraseByFarm(const std::string& id);

  // Takes the lease and begins the slot's run.
  void BeginRun();
  static RunRecord RunOf(LocalDate slot);
  static LocalDate Slot() {
    return LocalDate(std::chrono::year(2026) / 3 / 16);
  }

  static SurveyRequest At() { return {kCutoff, kSlotStart, kSlotStart}; }
  SurveyTotals Survey(const JobVisitor& visit = nullptr);
  BatchRequest Request(std::int64_t row_limit = 500) const;
  absl::StatusOr<Batch> Delete(const BatchRequest& request,
                               const BatchRecorder& record = NothingBelongs);
  Totals DeleteAll(std::int64_t row_limit, DryRun dry_run = DryRun::kNo);
  // Deletes one batch whose jobs leave `names` behind, all of the first job.
  Batch DeleteLeaving(const std::vector<std::string>& names);

  static absl::StatusOr<Belongings> NothingBelongs(const std::vector<Job>&) {
    return Belongings();
  }

  std::vector<AuditRecord> Audit(AuditSeq from = AuditSeq{1});
  std::vector<AuditRecord> AuditOf(const std::string& event);
  std::vector<PendingFile> Pending();
  std::vector<ShieldedOutput> Shielded();
  RunRecord NewestRun();

  StateStore& state() { return *database_.state; }
  JobStore& jobs() { return *database_.jobs; }

  std::unique_ptr<Farm> farm_;
  Database database_;
  Lease lease_;
  RunId run_{};

 private:
  std::set<std::string> inserted_;
};

#define ASSERT_OK(expression) ASSERT_EQ((expression), absl::OkStatus())
#define EXPECT_OK(expression) EXPECT_EQ((expression), absl::OkStatus())

}  // namespace retentiond
