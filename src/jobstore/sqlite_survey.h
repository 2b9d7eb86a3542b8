// Walks a table of an SQLite database from end to end, in slices short enough
// that nobody waits for them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/candidate_list.h"
#include "jobstore/job_store.h"
#include "jobstore/sqlite_job_table.h"
#include "jobstore/survey_tally.h"

namespace retentiond {

// A walk by key ranges. Between slices no statement is open, so that no read
// lock stays: in rollback-journal mode a reader blocks every commit.
class SlicedWalk {
 public:
  // `select`: "SELECT <key columns first>, ... FROM main.t AS <alias>", without
  // a WHERE; `key`: the key columns, quoted.
  SlicedWalk(std::string select, const std::string& alias,
             const std::vector<std::string>& key);

  // Begins after `key` instead of at the first row.
  void StartAfter(RowKey key) { last_ = std::move(key); }

  using RowReader = std::function<void(const SqliteStatement&)>;
  // Reads the next slice row by row; false when the end is reached. `read` runs
  // inside the slice and must be quick.
  absl::StatusOr<bool> Next(SqliteConnection& connection,
                            const RowReader& read);

 private:
  std::string first_sql_;
  std::string next_sql_;
  std::size_t key_columns_;
  RowKey last_;  // of the last row read; empty before the first
};

// Walks the job table (from `start`, if any, else from its first row) and shows
// every row to `visit`, between slices.
absl::Status WalkJobs(
    SqliteConnection& connection, const SqliteJobTable& table,
    const JobAges& ages, std::optional<RowKey> start,
    const std::function<absl::Status(std::vector<JobRow>& slice)>& visit);

}  // namespace retentiond
