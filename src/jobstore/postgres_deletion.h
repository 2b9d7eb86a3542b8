// Counts and deletes what a closed batch takes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/postgres_closure.h"
#include "jobstore/row_counts.h"

namespace retentiond {

// The rows of leaf tables are never collected: they are found by their going
// parents in one statement.
class PostgresDeletion {
 public:
  // All must outlive this.
  PostgresDeletion(PostgresConnection& connection,
                   const PostgresCatalog& catalog, const DeletionPlan& plan,
                   const PostgresJobTable& jobs, const PostgresClosure& closure,
                   RowLocks locks)
      : connection_(connection),
        catalog_(catalog),
        plan_(plan),
        jobs_(jobs),
        closure_(closure),
        locks_(locks) {}

  // The batch's jobs and collected rows.
  RowCounts CountCollected() const;
  // The batch's leaf rows, of each table at most about `limit`.
  absl::StatusOr<RowCounts> CountLeaves(std::int64_t limit) const;

  struct Deleted {
    RowCounts rows;
    // Jobs that were not as they had been read (RowLocks::kNone): roll back.
    bool changed = false;
  };
  // Deletes the batch. FailedPrecondition: the database (a constraint, a
  // trigger) refused.
  absl::StatusOr<Deleted> Delete() const;
  // Deletes at most `limit` leaf rows and nothing else.
  absl::StatusOr<Deleted> DeleteLeaves(std::int64_t limit) const;

 private:
  // Assigns parameters to the keys of tables, each once in a statement.
  class Parameters;
  // Rows of one table that go: those that refer by `via` to going rows, or,
  // without it, those that were collected.
  struct Piece {
    std::string table;
    const Reference* via = nullptr;
  };
  struct NotedJobs {
    std::string rows;       // "unnest(...) AS d(k0, created, status)"
    std::string unchanged;  // the condition that job c is as in d
    PostgresValues values;
    std::int64_t count = 0;
  };

  std::vector<Piece> Dependents() const;
  ReferenceJoin JoinOf(const Piece& piece, Parameters& parameters) const;
  std::string DeleteSql(const Piece& piece, Parameters& parameters) const;
  NotedJobs NoteJobs() const;
  absl::StatusOr<bool> AnyChanged() const;
  absl::StatusOr<Deleted> DeleteAtOnce() const;
  absl::StatusOr<Deleted> DeleteOneByOne() const;
  absl::Status CheckNothingIsKept() const;

  PostgresConnection& connection_;
  const PostgresCatalog& catalog_;
  const DeletionPlan& plan_;
  const PostgresJobTable& jobs_;
  const PostgresClosure& closure_;
  const RowLocks locks_;
};

}  // namespace retentiond
