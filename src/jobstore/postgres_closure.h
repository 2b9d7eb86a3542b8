// The closure of a batch: its jobs, the rows that go with them, the jobs that
// go with those, and what must stay.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/dry_run.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/job_store.h"
#include "jobstore/postgres_job_table.h"
#include "jobstore/postgres_reference.h"

namespace retentiond {

// How a batch makes sure that its rows stay as they were read.
enum class RowLocks {
  kTaken,  // SELECT ... FOR UPDATE
  // None: the DELETE itself decides, by reading age and state once more. For a
  // server that refuses row locks (Citus), and a role without the right.
  kNone,
};

// Threads: one at a time.
class PostgresClosure {
 public:
  // All must outlive the closure.
  PostgresClosure(PostgresConnection& connection,
                  const PostgresCatalog& catalog, const DeletionPlan& plan,
                  const PostgresJobTable& jobs, RowLocks locks);

  // A table whose rows are collected one by one: the job table, which is the
  // first, and the plan's tables to which or from which other references lead.
  struct Collected {
    std::string name;
    const PostgresTable* table = nullptr;
    RowAddress address;
    std::map<TextKey, std::int64_t> going;  // the round in which it came in
    struct Stay {
      std::int64_t round = 0;
      std::string source;
      std::string reason;
    };
    std::map<TextKey, Stay> stay;
    std::map<TextKey, std::int64_t> above;  // on the way up to an owning job
  };
  const std::vector<Collected>& tables() const { return tables_; }
  const Collected* Find(const std::string& table) const;
  // Of the present batch, sorted.
  std::vector<TextKey> GoingKeys(const Collected& table) const;
  // Of the batches before it, on a dry run.
  std::vector<TextKey> GoneKeys(const Collected& table) const;

  // Begins a batch. On a dry run what went with earlier batches stays noted, so
  // that it neither holds a later job nor is counted again.
  void Begin(DryRun dry_run);
  void Abandon();  // forgets the present batch alone
  void Clear();    // forgets all

  // Adds an expired job. False: it went with an earlier one.
  bool Add(PostgresJobRow row);
  // Completes the batch. Jobs that a reference holds are taken out of it; those
  // of them that were added are returned.
  absl::StatusOr<std::vector<HeldJob>> Close(const JobAges& ages);
  // The jobs that go, oldest first.
  std::vector<PostgresJobRow> GoingJobs() const;

 private:
  Collected* Find(const std::string& table);
  std::vector<TextKey> KeysOfRound(const std::map<TextKey, std::int64_t>& keys,
                                   std::int64_t first, std::int64_t last) const;
  absl::StatusOr<std::vector<TextKey>> ReadChildren(
      const Reference& reference, const std::vector<TextKey>& parents);
  absl::StatusOr<std::vector<TextKey>> ReadParents(
      const Reference& reference, const std::vector<TextKey>& children);
  absl::StatusOr<std::vector<PostgresJobRow>> ReadJobsReferring(
      const Reference& reference, const std::vector<TextKey>& parents,
      const JobAges& ages);
  absl::Status Grow(const JobAges& ages);
  absl::StatusOr<bool> Spread(const Reference& via, std::int64_t round);
  absl::StatusOr<bool> TakeReachedJobs(const Reference& reference,
                                       std::int64_t round, const JobAges& ages);
  absl::StatusOr<bool> TakeOwnersOfRestricting(std::int64_t round,
                                               const JobAges& ages);
  absl::Status FindStaying();
  absl::Status StayOfBlocked(const Reference& reference);
  absl::Status StayOfHolding(const Reference& reference);
  absl::StatusOr<bool> Keep(const Reference& reference, std::int64_t round);
  std::vector<HeldJob> WithdrawHeld();
  std::vector<Reference> Vias() const;

  PostgresConnection& connection_;
  const PostgresCatalog& catalog_;
  const DeletionPlan& plan_;
  const PostgresJobTable& jobs_;
  const RowLocks locks_;
  std::string for_update_;  // appended to what reads rows of the batch
  bool linked_ = false;     // whether more than the added jobs can be concerned
  std::vector<Collected> tables_;
  std::map<TextKey, PostgresJobRow> rows_;  // the jobs of the batch, as read
  std::set<TextKey> barred_;                // found held earlier in this batch
  std::map<TextKey, std::string> blocked_;  // jobs that stay, and why
  std::int64_t first_round_ = 1;
  std::int64_t last_round_ = 0;
};

}  // namespace retentiond
