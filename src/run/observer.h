// Who watches a run: the log, the progress line, tests.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "jobstore/job_store.h"
#include "jobstore/state_store.h"
#include "policy/clock_guard.h"
#include "policy/scheduler.h"
#include "run/governor.h"
#include "run/settings.h"

namespace retentiond {

// What the state says of the past.
struct History {
  std::optional<RunRecord> last_run;      // open or blocked, perhaps
  std::optional<RunRecord> last_ended;    // success, partial or failed
  std::optional<RunRecord> last_success;  // everything that had expired went
  std::optional<AuditHead> audit_head;
};

// Jobs that are expired, held by no reference that is known yet, and still
// there.
struct Backlog {
  std::int64_t jobs = 0;
  // None of them was created before; none when there are none.
  std::optional<Instant> oldest;
};

// What an assessment of the clock has found.
struct ClockFindings {
  std::set<ClockFact> facts;
  bool kernel_synchronised = false;
  // How far the clock of the database's server is ahead of ours; none where the
  // server is no witness.
  std::optional<Micros> server_ahead;
  Micros unseen{0};  // time gained that nobody saw pass
};

// Called from the thread of the run, in the order in which things happen. An
// observer cannot change what happens. Each method does nothing unless it is
// overridden.
class RunObserver {
 public:
  virtual ~RunObserver() = default;

  // The configuration that holds from now on: at the start and after a reload.
  virtual void OnSettings(const SharedSettings& settings);
  // At the start, before and after a run, and hourly.
  virtual void OnHistory(const History& history);
  // At the start, hourly, before a run and before each of its batches.
  virtual void OnClock(const ClockFindings& findings);
  virtual void OnWait(Instant until);
  // Another daemon leads.
  virtual void OnStandby(const std::string& leader);
  // These slots passed without a run.
  virtual void OnMissed(const std::vector<LocalDate>& slots);
  // `run.late` says that it makes up for a slot that had begun before.
  virtual void OnRunBegin(const RunRecord& run);
  virtual void OnPhase(const RunRecord& run);
  // A run has looked at all jobs; perhaps it is not claimed yet.
  virtual void OnSurvey(const RunRecord& run, const SurveyTotals& totals);
  // After each survey and each batch.
  virtual void OnBacklog(const Backlog& backlog);
  virtual void OnBatch(const RunRecord& run, const Batch& batch,
                       const Governor& governor);
  // The governor is about to leave the database alone for `governor.pause()`.
  virtual void OnPause(const Governor& governor);
  virtual void OnFiles(const RunRecord& run, const FilesOutcome& outcome);
  // The clock guard forbids the run.
  virtual void OnBlocked(const RunRecord& run);
  // The run is closed, or was interrupted and stays open. Its outcome tells of
  // what failed or was left, its marks of what was slow or cut by the window.
  virtual void OnRunEnd(const RunRecord& run);
  // The schedule that holds from now on: at the start, after a reload, and when
  // the zone's rules have changed.
  virtual void OnSchedule(const Schedule& schedule);
  // A try to deliver an alert; `problem` is empty when it went well.
  virtual void OnDelivery(const std::string& channel,
                          const std::string& problem);
  // So many alerts wait to be delivered.
  virtual void OnOutbox(std::int64_t pending);
  // Something that is no trouble and should stand in the log.
  virtual void OnNotice(const std::string& notice);
  // Something failed; `what_is_done` says how the daemon goes on.
  virtual void OnTrouble(const absl::Status& status,
                         const std::string& what_is_done);
};

}  // namespace retentiond
