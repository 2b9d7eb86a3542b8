// Which partitions of the job table may leave as a whole, by what the catalog
// says: docs/decisions/0011-partitions.md has the rules.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/postgres_catalog.h"
#include "jobstore/postgres_job_table.h"

namespace retentiond {

struct PostgresPartition {
  // A partition of the job table, or one of a dependent table with the same
  // bounds, whose rows go with the jobs of that one.
  struct Member {
    std::string table;   // of which it is a part, as the catalog names it
    std::string parent;  // that table, quoted for SQL
    std::string sql;     // the partition, quoted for SQL
    // The columns by which its rows refer to a job or dependent; of the job
    // table's own partition none.
    std::vector<std::string> columns;
    bool referred = false;  // foreign keys lead to it

    friend bool operator==(const Member&, const Member&) = default;
  };
  std::int64_t oid = 0;         // of the job table's partition
  std::string name;             // as the catalog would name it
  Instant end;                  // its jobs were created before
  std::vector<Member> members;  // dependents first, the jobs last
  // Queries that find a row elsewhere that refers to one of the members'.
  std::vector<std::string> referring;
  // Those of them that no foreign key guards.
  std::vector<std::string> unguarded;

  const Member& jobs() const { return members.back(); }
  friend bool operator==(const PostgresPartition&,
                         const PostgresPartition&) = default;
};

// Those that lie wholly before `cutoff`, oldest first: partitions of a job
// table that is partitioned by range of its creation times, which the role
// owns, and with which nothing would be lost but the rows.
absl::StatusOr<std::vector<PostgresPartition>> FindPartitions(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const PostgresJobTable& jobs, Instant cutoff);

}  // namespace retentiond
