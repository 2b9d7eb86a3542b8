// A farm's SQLite database in a directory of its own, for tests: the farm's own
// connection, and a job store over it.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "jobstore/sqlite_connection.h"
#include "jobstore/sqlite_job_store.h"

namespace retentiond {

// Slot and cutoff of the tests: 2026-03-16 and 2026-03-09, 03:00 UTC.
Instant TestSlotStart();
Instant TestCutoff();

// What all batches of one run came to.
struct CleanupResult {
  std::vector<std::string> jobs;  // ids, sorted
  std::map<std::string, std::int64_t> rows;
  std::map<std::string, std::string> held;  // reason by id
  std::vector<std::size_t> batch_sizes;     // jobs of each batch that had any
  std::int64_t largest_batch = 0;           // rows
  int parts = 0;
};

class SqliteFarm {
 public:
  SqliteFarm();
  ~SqliteFarm();
  SqliteFarm(const SqliteFarm&) = delete;
  SqliteFarm& operator=(const SqliteFarm&) = delete;

  std::filesystem::path path() const { return directory_ / "farm.db"; }
  const std::filesystem::path& directory() const { return directory_; }

  // By the farm's own connection; aborts the test program on an error.
  void Execute(const std::string& sql);
  std::int64_t Int(const std::string& sql);
  std::string Text(const std::string& sql);  // rows joined by ','
  // Every row of every table but the store's own, as text.
  std::string Dump();

  // The store over a connection of its own, by `layout`.
  JobLayout layout;
  absl::StatusOr<std::unique_ptr<SqliteJobStore>> Open(
      OpenMode mode = OpenMode::kReadWrite);

 private:
  std::filesystem::path directory_;
  std::shared_ptr<SqliteConnection> farm_;
};

SurveyRequest TestSurvey();
// Makes the state, takes the lease and begins the run that TestBatch names,
// when the database has none yet. SqliteFarm::Open does it.
absl::Status BeginTestRun(std::shared_ptr<SqliteConnection> connection);
BatchRequest TestBatch(std::int64_t row_limit, DryRun dry_run = DryRun::kNo);

// Survey, then batches to the end; aborts when it does not end.
absl::StatusOr<CleanupResult> CleanUp(JobStore& store,
                                      std::int64_t row_limit = 500,
                                      DryRun dry_run = DryRun::kNo);

}  // namespace retentiond
