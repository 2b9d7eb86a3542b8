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
#include "jobstore/sqlite_closure.h"
#include "jobstore/sqlite_deletion.h"

namespace retentiond {

// Threads: one at a time.
class SqliteBatches {
 public:
  // `jobs` must outlive this. `schema_version` is the one that the plan was
  // made from.
  static absl::StatusOr<std::unique_ptr<SqliteBatches>> Make(
      std::shared_ptr<SqliteConnection> connection, const Catalog& catalog,
      const DeletionPlan& plan, const SqliteJobTable& jobs,
      std::unique_ptr<CandidateList> candidates, std::int64_t schema_version);

  // As JobStore::DeleteBatch.
  absl::StatusOr<Batch> Next(const BatchRequest& request,
                             const BatchRecorder& record);
  void Rewind();

 private:
  SqliteBatches() = default;

  // What one transaction came to.
  struct Attempt {
    Batch batch;
    std::size_t taken = 0;      // candidates concerned
    std::vector<JobRow> added;  // those that fit
    RowCounts collected;
    RowCounts leaves;                    // each at most twice the limit and one
    std::optional<std::string> refusal;  // why the database refused
  };

  absl::StatusOr<Attempt> Delete(const BatchRequest& request,
                                 const BatchRecorder& record,
                                 const std::vector<RowKey>& keys);
  absl::StatusOr<Attempt> Count(const BatchRequest& request,
                                const BatchRecorder& record,
                                const std::vector<RowKey>& keys);
  absl::Status CheckMayDelete(const BatchRequest& request);
  absl::StatusOr<bool> ForeignCommits();
  absl::Status Take(const BatchRequest& request,
                    const std::vector<RowKey>& keys, Attempt& attempt);
  absl::Status TakeFirst(const BatchRequest& request,
                         const std::vector<RowKey>& keys, std::size_t count,
                         Attempt& attempt);
  absl::Status DeleteRows(const BatchRequest& request, Attempt& attempt);
  absl::StatusOr<std::vector<Job>> JobsOf(const BatchRequest& request,
                                          const Attempt& attempt);

  std::shared_ptr<SqliteConnection> connection_;
  const SqliteJobTable* jobs_ = nullptr;
  std::string job_table_;
  std::unique_ptr<CandidateList> candidates_;
  std::unique_ptr<SqliteClosure> closure_;
  std::optional<SqliteDeletion> deletion_;
  std::int64_t schema_version_ = 0;
  std::optional<std::int64_t> data_version_;
  BatchSizer sizer_;
  bool rewound_ = false;  // what a dry run noted is still to be forgotten
};

}  // namespace retentiond
