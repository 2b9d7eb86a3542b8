// The closure of a batch: its jobs, the rows that go with them, the jobs that
// go with those, and what must stay.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/dry_run.h"
#include "jobstore/closure_statements.h"
#include "jobstore/job_store.h"

namespace retentiond {

// Kept in temporary tables of the connection. Threads: one at a time.
class SqliteClosure {
 public:
  // `jobs` must outlive the closure.
  static absl::StatusOr<std::unique_ptr<SqliteClosure>> Make(
      std::shared_ptr<SqliteConnection> connection, const Catalog& catalog,
      const DeletionPlan& plan, const SqliteJobTable& jobs);

  const ClosureStatements& statements() const { return statements_; }
  // Rows of rounds from here on belong to the present batch.
  std::int64_t first_round() const { return first_round_; }

  // Begins a batch. On a dry run what went with earlier batches stays noted, so
  // that it neither holds a later job nor is counted again.
  absl::Status Begin(DryRun dry_run);
  // Forgets the present batch alone.
  absl::Status Abandon();
  // Forgets all.
  absl::Status Clear();

  // Adds an expired job. False: it went with an earlier one.
  absl::StatusOr<bool> Add(const JobRow& row);

  // Completes the batch. Jobs that a reference holds are taken out of it; those
  // of them that were added are returned.
  absl::StatusOr<std::vector<HeldJob>> Close(const JobAges& ages);

  // The jobs that go, oldest first.
  absl::StatusOr<std::vector<Job>> GoingJobs(const JobAges& ages);

 private:
  SqliteClosure(std::shared_ptr<SqliteConnection> connection,
                const SqliteJobTable& jobs)
      : connection_(std::move(connection)), jobs_(jobs) {}

  absl::StatusOr<bool> RunRound(const std::vector<std::string>& statements,
                                std::int64_t round);
  absl::Status RunAll(const std::vector<std::string>& statements);
  absl::Status Grow(const JobAges& ages);
  absl::StatusOr<bool> TakeReachedJobs(std::int64_t round, const JobAges& ages);
  absl::StatusOr<bool> TakeOwnersOfRestricting(std::int64_t round,
                                               const JobAges& ages);
  absl::Status FindStaying();
  absl::StatusOr<std::vector<HeldJob>> WithdrawHeld(const JobAges& ages,
                                                    bool& any);
  absl::Status InsertJob(const RowKey& key, std::int64_t round);

  struct Reached {
    JobRow row;
    bool barred = false;  // found held earlier in this batch
  };
  absl::StatusOr<std::vector<Reached>> ReadReached(SqliteStatement& select,
                                                   const JobAges& ages);

  std::shared_ptr<SqliteConnection> connection_;
  const SqliteJobTable& jobs_;
  ClosureStatements statements_;
  bool linked_ = false;  // whether more than the added jobs can be concerned
  std::int64_t first_round_ = 1;
  std::int64_t last_round_ = 0;
};

}  // namespace retentiond
