// Lets whole partitions of expired jobs leave: notes what belongs to them in
// bounded transactions, and drops each in one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/postgres_partitions.h"
#include "jobstore/row_counts.h"
#include "jobstore/state_sql.h"

namespace retentiond {

// Threads: one at a time.
class PostgresDepartures {
 public:
  // `partitions` hold expired jobs only, as the survey saw them; the rest must
  // outlive this. `schema_mark` is that of the schema which the plan was made
  // from.
  PostgresDepartures(PostgresConnection& connection,
                     const PostgresCatalog& catalog, const DeletionPlan& plan,
                     const PostgresJobTable& jobs, std::string schema_mark,
                     std::vector<PostgresPartition> partitions)
      : connection_(connection),
        catalog_(catalog),
        plan_(plan),
        jobs_(jobs),
        schema_mark_(std::move(schema_mark)),
        partitions_(std::move(partitions)) {}

  // The next step, as JobStore::DeleteBatch; none: there is none left to take.
  absl::StatusOr<std::optional<Batch>> Next(const BatchRequest& request,
                                            const BatchRecorder& record);
  // Whether there is one.
  bool done() const { return partitions_.empty(); }
  // The partition that the next step concerns.
  const PostgresPartition* current() const {
    return partitions_.empty() ? nullptr : &partitions_.front();
  }

 private:
  absl::Status Enter(const BatchRequest& request);
  absl::Status ForgetEarlier(const BatchRequest& request);
  absl::StatusOr<Batch> Note(const BatchRequest& request,
                             const BatchRecorder& record);
  absl::StatusOr<std::vector<PostgresJobRow>> ReadJobs(const JobAges& ages);
  absl::StatusOr<Batch> Drop(const BatchRequest& request);
  absl::StatusOr<RowCounts> CountLocked();
  absl::Status CheckIsUnchanged(Instant cutoff);
  absl::Status CheckNobodyRefers(const std::vector<std::string>& queries);
  absl::Status DropMembers();
  Batch BatchOf(PartitionStep::Kind kind) const;
  void Leave();

  PostgresConnection& connection_;
  const PostgresCatalog& catalog_;
  const DeletionPlan& plan_;
  const PostgresJobTable& jobs_;
  const std::string schema_mark_;
  std::vector<PostgresPartition> partitions_;  // the first is at hand
  bool forgotten_ = false;  // what an earlier attempt may have left behind
  // Of the one at hand.
  bool noted_ = false;  // all its jobs
  TextKey last_key_;
  std::int64_t jobs_noted_ = 0;
  std::int64_t number_ = 0;  // of what was noted last
  std::string since_;        // rows of transactions from here on are new
  int tries_ = 0;
};

}  // namespace retentiond
