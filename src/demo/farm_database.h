// The farm's side of its database: the render manager's own tables, with two
// dependent tables that go with a job.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "demo/farm_job.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

// Makes the file and its tables.
absl::Status CreateFarmDatabase(const std::filesystem::path& path);

// The farm's own connection. Threads: one at a time; not across a fork.
class FarmDatabase {
 public:
  static absl::StatusOr<FarmDatabase> Open(const std::filesystem::path& path);

  // In one transaction. Errors: Aborted when the database is busy.
  absl::Status Insert(const std::vector<FarmJob>& jobs);
  absl::Status SetState(const std::string& id, const std::string& state);

  // What is stored of one job.
  struct Stored {
    std::string id;
    std::vector<std::string> values;  // in the order of ColumnsOf
    std::int64_t logs = 0;
    std::int64_t assets = 0;
  };
  absl::Status VisitJobs(const std::function<void(const Stored&)>& visit);

  // Rows of JobLog and Asset, of whatever job, and of User.
  struct Totals {
    std::int64_t logs = 0;
    std::int64_t assets = 0;
    std::int64_t users = 0;
    std::int64_t broken_references = 0;  // by PRAGMA foreign_key_check
  };
  absl::StatusOr<Totals> Count();

 private:
  explicit FarmDatabase(std::shared_ptr<SqliteConnection> connection)
      : connection_(std::move(connection)) {}
  absl::Status InsertRow(const FarmJob& job);
  absl::Status InsertDependents(const FarmJob& job);

  std::shared_ptr<SqliteConnection> connection_;
};

}  // namespace retentiond
