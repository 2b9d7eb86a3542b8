// Takes the expired jobs of a survey batch by batch, and deletes or counts
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/batch_sizer.h"
#include "jobstore/candidate_list.h"
#include "jobstore/postgres_closure.h"
#include "jobstore/postgres_deletion.h"

namespace retentiond {

// Threads: one at a time.
class PostgresBatches {
 public:
  // `connection`, `catalog`, `plan` and `jobs` must outlive this.
  // `schema_mark` is that of the schema which the plan was made from.
  PostgresBatches(PostgresConnection& connection,
                  const PostgresCatalog& catalog, const DeletionPlan& plan,
                  const PostgresJobTable& jobs, RowLocks locks,
                  std::unique_ptr<TextCandidateList> candidates,
                  std::string schema_mark);

  // As JobStore::DeleteBatch.
  absl::StatusOr<Batch> Next(const BatchRequest& request,
                             const BatchRecorder& record);
  void Rewind();
  // The candidates created from `first` to `last` are gone.
  absl::Status Remove(Instant first, Instant last) {
    return candidates_->Remove(first, last);
  }

 private:
  // What one transaction came to.
  struct Attempt {
    Batch batch;
    std::size_t taken = 0;  // candidates concerned
    std::vector<JobId> added;
    std::vector<TextKey> locked;  // by others: to be tried later
    RowCounts collected;
    RowCounts leaves;                    // each at most twice the limit and one
    std::optional<std::string> refusal;  // why the database refused
    bool waited = false;                 // a lock was not to be had
    bool changed = false;  // jobs were changed meanwhile: to be read anew
  };

  absl::StatusOr<Attempt> Try(const BatchRequest& request,
                              const BatchRecorder& record,
                              const std::vector<TextKey>& keys);
  absl::Status CountAtCommit();
  absl::StatusOr<Attempt> Delete(const BatchRequest& request,
                                 const BatchRecorder& record,
                                 const std::vector<TextKey>& keys);
  absl::Status Record(const BatchRequest& request, const BatchRecorder& record,
                      Attempt& attempt);
  absl::StatusOr<Attempt> Count(const BatchRequest& request,
                                const BatchRecorder& record,
                                const std::vector<TextKey>& keys);
  absl::Status CheckMayDelete(const BatchRequest& request, Batch& batch);
  absl::Status Take(const BatchRequest& request,
                    const std::vector<TextKey>& keys, Attempt& attempt);
  absl::Status TakeFirst(const BatchRequest& request,
                         const std::vector<TextKey>& keys, std::size_t count,
                         Attempt& attempt);
  absl::Status NoteLocked(const std::vector<TextKey>& missing,
                          Attempt& attempt);
  absl::Status DeleteRows(const BatchRequest& request, Attempt& attempt);
  absl::StatusOr<std::vector<TextKey>> NextKeys(std::int64_t row_limit);
  absl::Status PutOff(const std::vector<TextKey>& keys, Batch& batch);

  PostgresConnection& connection_;
  const PostgresJobTable& jobs_;
  const std::string job_table_;
  const RowLocks locks_;
  std::unique_ptr<TextCandidateList> candidates_;
  // Those that others had locked, to be tried once more at the end.
  std::unique_ptr<TextCandidateList> put_off_;
  bool last_round_ = false;  // candidates_ are those that were put off
  PostgresClosure closure_;
  PostgresDeletion deletion_;
  std::string schema_mark_;
  BatchSizer sizer_;
  std::optional<std::int64_t> expected_xid_;
  bool rewound_ = false;  // what a dry run noted is still to be forgotten
};

}  // namespace retentiond
