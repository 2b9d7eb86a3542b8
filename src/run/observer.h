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
// observer cannot change what happens. Each method does nothing unless it is
// overridden.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  virtual void OnWait(Instant until);
  virtual void OnMissed(const std::vector<LocalDate>& slots);
  virtual void OnRunBegin(const RunRecord& run);
  virtual void OnPhase(const RunRecord& run);
  virtual void OnBatch(const RunRecord& run, const Batch& batch,
                       const Governor& governor);
  virtual void OnFiles(const RunRecord& run, const FilesOutcome& outcome);
  // The clock guard forbids the run.
  virtual void OnBlocked(const RunRecord& run);
  // The run is closed, or was interrupted and stays open.
  virtual void OnRunEnd(const RunRecord& run);
  // Something failed; `what_is_done` says how the daemon goes on.
  virtual void OnTrouble(const absl::Status& status,
                         const std::string& what_is_done);
};

}  // namespace retentiond
