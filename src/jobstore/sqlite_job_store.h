// The jobs in an SQLite database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/database.h"
#include "jobstore/sqlite_batches.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/sqlite_job_table.h"

namespace retentiond {

class SqliteJobStore : public JobStore {
 public:
  // InvalidArgument: the layout does not fit the database.
  static absl::StatusOr<std::unique_ptr<SqliteJobStore>> Open(
      std::shared_ptr<SqliteConnection> connection, const JobLayout& layout);

  const DeletionPlan& plan() const override { return plan_; }
  absl::StatusOr<SurveyTotals> Survey(const SurveyRequest& request,
                                      const JobVisitor& visit) override;
  absl::Status VisitNewcomers(const JobVisitor& visit) override;
  absl::StatusOr<Batch> DeleteBatch(const BatchRequest& request,
                                    const BatchRecorder& record) override;
  absl::StatusOr<FarmLoad> Load() override;
  void Rewind() override;
  absl::StatusOr<std::optional<Job>> Find(const JobId& id,
                                          const SurveyRequest& at) override;
  absl::StatusOr<std::vector<Finding>> Check() override;
  absl::StatusOr<std::vector<std::string>> CreateMissingIndexes() override;
  absl::StatusOr<VacuumOutcome> TidyUp(const std::vector<std::string>& tables,
                                       Micros longest) override;
  absl::StatusOr<DatabaseSize> Size() override;

 private:
  SqliteJobStore(std::shared_ptr<SqliteConnection> connection,
                 const JobLayout& layout);

  absl::Status ReadPlan();
  void NoteRowid(const JobRow& row);
  absl::StatusOr<std::int64_t> DataVersion();
  absl::Status GiveBackPages(Micros longest);

  std::shared_ptr<SqliteConnection> connection_;
  JobLayout given_layout_;
  // As of the last ReadPlan.
  Catalog catalog_;
  DeletionPlan plan_;
  std::unique_ptr<SqliteJobTable> jobs_;
  // As of the last survey; none before the first.
  std::unique_ptr<SqliteBatches> batches_;
  JobAges ages_;
  std::int64_t highest_rowid_ = 0;
  std::int64_t looked_at_version_ = 0;  // PRAGMA data_version of the last look
};

}  // namespace retentiond
