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
  // Another daemon leads.
  virtual void OnStandby(const std::string& leader);
  // These slots passed without a run.
  virtual void OnMissed(const std::vector<LocalDate>& slots);
  // `run.late` says that it makes up for a slot that had begun before.
  virtual void OnRunBegin(const RunRecord& run);
  virtual void OnPhase(const RunRecord& run);
  virtual void OnBatch(const RunRecord& run, const Batch& batch,
                       const Governor& governor);
  virtual void OnFiles(const RunRecord& run, const FilesOutcome& outcome);
  // The clock guard forbids the run.
  virtual void OnBlocked(const RunRecord& run);
  // The run is closed, or was interrupted and stays open. Its outcome tells of
  // what failed or was left, its marks of what was slow or cut by the window.
  virtual void OnRunEnd(const RunRecord& run);
  // The schedule that holds from now on: at the start, after a reload, and when
  // the zone's rules have changed.
  virtual void OnSchedule(const Schedule& schedule);
  // Something that is no trouble and should stand in the log.
  virtual void OnNotice(const std::string& notice);
  // Something failed; `what_is_done` says how the daemon goes on.
  virtual void OnTrouble(const absl::Status& status,
                         const std::string& what_is_done);
};

}  // namespace retentiond
