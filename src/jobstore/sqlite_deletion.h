// Counts and deletes what a closed batch takes.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/row_counts.h"
#include "jobstore/sqlite_closure.h"
#include "jobstore/sqlite_enforcement.h"

namespace retentiond {

// The rows of leaf tables are never collected: they are found by their going
// parents in one statement, so that a missing index costs a scan a batch and
// not a scan a job.
class SqliteDeletion {
 public:
  static absl::StatusOr<SqliteDeletion> Make(SqliteConnection& connection,
                                             const Catalog& catalog,
                                             const DeletionPlan& plan,
                                             const ClosureStatements& closure);

  // Who keeps the foreign keys during Delete.
  Enforcement enforcement() const { return enforcement_; }

  // The batch's jobs and collected rows.
  absl::StatusOr<RowCounts> CountCollected(SqliteConnection& connection,
                                           std::int64_t first_round) const;
  // The batch's leaf rows, of each table at most `limit`.
  absl::StatusOr<RowCounts> CountLeaves(SqliteConnection& connection,
                                        std::int64_t first_round,
                                        std::int64_t limit) const;

  // Deletes the batch: leaves, then dependents before those they refer to, the
  // jobs last. `collected` as CountCollected said. FailedPrecondition: the
  // database (a constraint, a trigger) refused.
  absl::StatusOr<RowCounts> Delete(SqliteConnection& connection,
                                   std::int64_t first_round,
                                   const RowCounts& collected) const;
  // Deletes at most `limit` leaf rows and nothing else.
  absl::StatusOr<RowCounts> DeleteLeaves(SqliteConnection& connection,
                                         std::int64_t first_round,
                                         std::int64_t limit) const;

 private:
  struct Leaf {
    std::string table;
    std::string count;        // ?1 first round, ?2 limit
    std::string remove;       // ?1 first round
    std::string remove_some;  // ?1 first round, ?2 limit
  };
  struct Collected {
    std::string table;
    std::string count;
    std::string remove;
    std::string remaining;  // those that are there in spite of `remove`
  };
  absl::Status AddLeaf(SqliteConnection& connection, const Catalog& catalog,
                       const PlanTable& table,
                       const ClosureStatements& closure);
  void AddCollected(const ClosureTable& table);
  absl::Status AddClearing(SqliteConnection& connection,
                           const Reference& clearing,
                           const ClosureStatements& closure);

  Enforcement enforcement_ = Enforcement::kBySqlite;
  std::vector<Leaf> leaves_;
  std::vector<std::string> clear_;    // SET NULL, where it is ours to do
  std::vector<Collected> collected_;  // in the order of deletion
};

}  // namespace retentiond
