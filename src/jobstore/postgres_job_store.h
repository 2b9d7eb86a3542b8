// The jobs in a PostgreSQL database.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/database.h"
#include "jobstore/postgres_batches.h"
#include "jobstore/postgres_connection.h"
#include "jobstore/postgres_departures.h"
#include "jobstore/postgres_job_table.h"

namespace retentiond {

class PostgresJobStore : public JobStore {
 public:
  // `schema`: the one that bare table names mean; empty: the role's own.
  // `locks`: none: as the server and the role's rights allow.
  // InvalidArgument: the layout does not fit the database.
  static absl::StatusOr<std::unique_ptr<PostgresJobStore>> Open(
      std::shared_ptr<PostgresConnection> connection, const JobLayout& layout,
      const std::string& schema, std::optional<RowLocks> locks = std::nullopt);

  const DeletionPlan& plan() const override { return plan_; }
  absl::StatusOr<SurveyTotals> Survey(const SurveyRequest& request,
                                      const JobVisitor& visit) override;
  absl::Status VisitNewcomers(const JobVisitor& visit) override;
  absl::StatusOr<Batch> DeleteBatch(const BatchRequest& request,
                                    const BatchRecorder& record) override;
  BatchTimes batch_times() const override;
  absl::StatusOr<FarmLoad> Load() override;
  void Rewind() override;
  absl::StatusOr<std::optional<Job>> Find(const JobId& id,
                                          const SurveyRequest& at) override;
  absl::StatusOr<std::vector<Finding>> Check() override;
  absl::StatusOr<std::vector<std::string>> CreateMissingIndexes() override;
  absl::StatusOr<std::vector<std::string>> AddCascade(
      const std::string& table) override;
  absl::StatusOr<std::vector<TableSize>> TableSizes() override;
  absl::StatusOr<VacuumOutcome> TidyUp(const std::vector<std::string>& tables,
                                       Micros longest) override;
  absl::StatusOr<DatabaseSize> Size() override;

 private:
  PostgresJobStore(std::shared_ptr<PostgresConnection> connection,
                   const JobLayout& layout, std::string schema,
                   std::optional<RowLocks> locks);

  absl::Status ReadPlan();
  RowLocks ChooseLocks() const;
  absl::Status NoteLook();
  absl::StatusOr<std::vector<PostgresPartition>> PartitionsToWatch(
      const SurveyRequest& request);
  absl::StatusOr<Batch> NextBatch(const BatchRequest& request,
                                  const BatchRecorder& record);
  absl::StatusOr<bool> TablesWereAttached();
  void See(const PostgresJobRow& row);
  absl::StatusOr<std::optional<Batch>> NextDeparture(
      const BatchRequest& request, const BatchRecorder& record);
  absl::Status Walk(
      const std::string& condition, const PostgresValues& condition_values,
      const std::function<absl::Status(std::vector<PostgresJobRow>&)>& visit);

  std::shared_ptr<PostgresConnection> connection_;
  JobLayout given_layout_;
  std::string schema_;
  std::optional<RowLocks> given_locks_;
  // As of the last ReadPlan.
  bool citus_ = false;
  PostgresCatalog catalog_;
  DeletionPlan plan_;
  std::unique_ptr<PostgresJobTable> jobs_;
  // As of the last survey; none before the first.
  std::unique_ptr<PostgresBatches> batches_;
  std::unique_ptr<PostgresDepartures> departures_;
  // What the survey saw of each partition that may leave, by oid.
  struct Seen {
    std::int64_t jobs = 0;
    std::int64_t expired = 0;
    Instant first = Instant::max();  // creation times of the expired ones
    Instant last = Instant::min();
  };
  std::map<std::int64_t, Seen> seen_;
  // Those that were not to be dropped, in the slot that began then.
  Instant staying_slot_;
  std::set<std::int64_t> staying_;
  JobAges ages_;
  std::set<std::string> parts_;  // oids of the job table's partitions, as seen
  std::string looked_at_xid_;    // rows of transactions from here on are new
};

}  // namespace retentiond
