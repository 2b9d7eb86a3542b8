// A farm on disk and the daemon beside it, in this process, on a simulated
// clock; and what must be true of the farm by plain rules.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/simulated_clock.h"
#include "jobstore/sqlite_connection.h"
#include "model/scenario.h"
#include "run/daemon.h"
#include "testing/jobstore/deletion_model.h"

namespace retentiond::model {

class World {
 public:
  // Below /dev/shm, where a sync costs nothing. Goes with the object.
  explicit World(const Scenario& scenario);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Lives through the nights; what broke a promise, if anything did.
  std::optional<std::string> Play();
  // Whether a fault has hit: the calls did not end before it.
  bool was_hit() const { return was_hit_; }

 private:
  struct Made {
    std::string top;  // the entry of the root below which it lies
    bool output = false;
    // A second name of an output, which its job did not give it.
    bool second = false;
  };

  Instant SlotOf(int night) const;
  Instant CutoffOf(int night) const;
  Instant CreatedOf(const JobSpec& job) const;

  void MakeTables();
  void Arrive(int night);
  void InsertJob(const JobSpec& job);
  void ApplyLinks();
  void MakeJobFiles(const JobSpec& job);
  std::string MakeOutput(const JobSpec& job, const std::string& uid);
  void MakeFile(const std::string& relative, bool output = false);

  void LiveThrough(int night, const FaultSpec* fault);
  void Serve(int night);
  bool DieIn(int night, const FaultSpec& fault);
  std::unique_ptr<Daemon> MakeDaemon(RunObserver& observer);

  DeletionModel ModelAt(int night) const;
  bool IsExpired(const JobSpec& job, Instant cutoff) const;
  std::set<Row> RowsThere();
  std::set<std::string> NamesOf(const std::set<Row>& rows) const;
  bool IsThere(const std::string& file, const Made& made) const;
  // What breaks a promise, whatever has gone wrong.
  std::optional<std::string> CheckPromises(int night);
  std::optional<std::string> CheckAudit(const std::set<Row>& gone);
  // What is not as it must be after a night without a fault.
  std::optional<std::string> CheckEnd(int night);
  std::optional<std::string> CheckFilesAtEnd(const std::set<Row>& there);

  void Execute(const std::string& sql);
  std::string Text(const std::string& sql);

  const Scenario scenario_;
  std::filesystem::path scratch_;
  Config config_;
  SimulatedClock clock_{Instant{}};
  Wakeup wakeup_;
  FileCalls calls_;
  ServiceNotifier service_;
  std::shared_ptr<SqliteConnection> farm_;  // null while the daemon runs
  DeletionModel model_;                     // all rows that ever were
  std::set<std::size_t> linked_;
  std::map<std::string, Made> files_;  // in the temporary root
  std::set<int> logs_;
  bool was_hit_ = false;
  std::vector<std::string> told_;  // by the daemon, for a failure's report
};

}  // namespace retentiond::model
