// The other process of the demo: artists who keep submitting jobs while the
// daemon cleans up, through a connection of their own.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "demo/farm_database.h"
#include "demo/ledger.h"
#include "demo/shared_farm.h"

namespace retentiond {

class Submitter {
 public:
  struct Orders {
    int first_number = 0;   // of its jobs
    std::string long_job;   // id of a job that is in work for days ...
    Instant long_job_ends;  // ... and is finished then
  };

  // `farm` must outlive it.
  static absl::StatusOr<Submitter> Open(const FarmPaths& paths,
                                        const Orders& orders, SharedFarm& farm);

  // Submits until `farm.stop`: by the simulated time, and many more while a
  // run is going on. A busy database is tried again; any other error ends it.
  absl::Status Run();

  // What is due now, if anything.
  absl::Status Step();

 private:
  Submitter(FarmPaths paths, Orders orders, SharedFarm& farm,
            FarmDatabase database, Ledger ledger);
  absl::Status Submit(Instant now);
  absl::Status Finish(const std::string& id, Instant now);
  absl::Status Patiently(const std::function<absl::Status()>& write);

  FarmPaths paths_;
  Orders orders_;
  SharedFarm& farm_;
  FarmDatabase database_;
  Ledger ledger_;
  int number_;
  Instant due_;            // the next job's creation
  int in_this_run_ = 0;    // jobs submitted while it goes on
  std::string rendering_;  // the job before, still in work; empty: none
};

}  // namespace retentiond
