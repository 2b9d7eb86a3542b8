// A database in memory: jobs in a map, the state by the real SQLite code over a
// private database, so that a batch and its records are one transaction here
// too. What a test does to it outlives the stores, as a file would.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobstore/database.h"
#include "jobstore/sqlite_connection.h"
#include "testing/jobstore/call_script.h"

namespace retentiond {

struct FakeJob {
  std::string id;
  std::optional<Instant> created = {};  // none: unreadable
  std::string state = "COMPLETED";
  std::vector<FieldValue> fields = {};
  std::map<std::string, std::int64_t> dependents = {};  // rows by table
  // The table whose row refers to the job and must stay; none: not held.
  std::optional<std::string> held_by = {};
};

class FakeDatabase {
 public:
  FakeDatabase();

  // Both stores; they use this object, which must outlive them. Opening again
  // is what a restart does.
  Database Open(OpenMode mode = OpenMode::kReadWrite);

  void Insert(const FakeJob& job);
  // Null when there is none; valid until the job is deleted.
  FakeJob* Find(const std::string& id);
  void Erase(const std::string& id) { jobs_.erase(id); }
  // The ids of all jobs, sorted.
  std::vector<std::string> Ids() const;
  std::int64_t CountRows(const std::string& table) const;

  // Methods are named as in the headers: "DeleteBatch", "CloseRun", ...
  CallScript& script() { return script_; }
  // The clock of a server that the database would have; null: there is none.
  std::function<std::optional<ServerClock>()> server;
  // What the first batches do, as with a partition that leaves: a kLeaving
  // notes one job more, a kDropped deletes those that were noted.
  std::deque<PartitionStep::Kind> partition_steps;
  // What Check answers.
  std::vector<Finding> findings;
  // What TableSizes and TidyUp answer.
  std::vector<TableSize> table_sizes;
  VacuumOutcome vacuumed;
  // What a batch says of the others' commits and of its own lock.
  bool foreign_commits = false;
  Micros lock_wait{0};
  Micros lock_held{0};
  // What the next looks at the others find; then nothing.
  std::deque<FarmLoad> loads;

 private:
  friend class FakeJobStore;

  struct Row {
    FakeJob job;
    std::int64_t inserted = 0;  // counts insertions, for newcomers
  };
  std::map<std::string, Row> jobs_;
  std::int64_t insertions_ = 0;
  CallScript script_;
  std::shared_ptr<SqliteConnection> connection_;
};

}  // namespace retentiond
