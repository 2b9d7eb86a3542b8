// A farm's PostgreSQL database, for tests: the farm's own connection, and a job
// store over it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "jobstore/postgres_job_store.h"
#include "testing/jobstore/postgres_cluster.h"
#include "testing/jobstore/sqlite_farm.h"

namespace retentiond {

class PostgresFarm : public ScratchPostgres {
 public:
  PostgresFarm();

  // The store over a connection of its own, by `layout`; with the lease taken
  // and the run begun that TestBatch names.
  JobLayout layout;
  std::string schema;
  std::optional<RowLocks> locks;
  absl::StatusOr<std::unique_ptr<PostgresJobStore>> Open(
      OpenMode mode = OpenMode::kReadWrite);
  // Waits until no transaction of another test on the same server is older than
  // this farm's rows, which would pass for changed ones meanwhile.
  void OutliveOthers();
  // As another role, whose rights the test has given.
  std::optional<std::string> role;
};

}  // namespace retentiond
