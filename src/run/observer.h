// Who watches a run: the log, the progress line, tests.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "jobstore/job_store.h"
#include "jobstore/state_store.h"
#include "policy/scheduler.h"
#include "run/governor.h"

namespace retentiond {

// Called from the thread of the run, in the order in which things happen. An
// observer cannot change what happens.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  virtual void OnWait(Instant until) { (void)until; }
  virtual void OnMissed(const std::vector<LocalDate>& slots) { (void)slots; }
  virtual void OnRunBegin(const RunRecord& run) { (void)run; }
  virtual void OnPhase(const RunRecord& run) { (void)run; }
  virtual void OnBatch(const RunRecord& run, const Batch& batch,
                       const Governor& governor) {
    (void)run;
    (void)batch;
    (void)governor;
  }
  virtual void OnFiles(const RunRecord& run, const FilesOutcome& outcome) {
    (void)run;
    (void)outcome;
  }
  // The clock guard forbids the run.
  virtual void OnBlocked(const RunRecord& run) { (void)run; }
  // The run is closed, or was interrupted and stays open.
  virtual void OnRunEnd(const RunRecord& run) { (void)run; }
  // Something failed; `what_is_done` says how the daemon goes on.
  virtual void OnTrouble(const absl::Status& status,
                         const std::string& what_is_done) {
    (void)status;
    (void)what_is_done;
  }
};

}  // namespace retentiond
