// One run: the execution of one slot, in the order that makes it safe.
//
//   lease -> guard -> survey -> guard -> claim -> recover -> batches
//         -> orphans -> tidy up -> close
//
// Rows go first, in batches of one transaction each, which also records what is
// to be removed on disk; the files of a batch go after its commit. So a crash
// at any instant leaves either nothing undone or a record of what is undone.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "files/io_pacer.h"
#include "jobstore/database.h"
#include "policy/scheduler.h"
#include "run/alert_desk.h"
#include "run/clock_watch.h"
#include "run/file_cleaner.h"
#include "run/governor.h"
#include "run/naming.h"
#include "run/observer.h"
#include "run/state_directory.h"

namespace retentiond {

// What a run works with. All references must outlive it.
struct CleanupParts {
  Database& database;
  const Config& config;
  const Naming& naming;
  Clock& clock;
  FileCalls& calls;
  StateDirectory* directory;  // null: the state directory cannot be had
  RunObserver& observer;
  AlertDesk* alerts = nullptr;  // null: nobody is told
  // Asked between batches and between files: true ends the run at once,
  // cleanly.
  std::function<bool()> stop_requested;
  Wakeup& wakeup;      // interrupts a pause
  std::string holder;  // who we are in the lease: see lease_holder.h
  std::string host;
  Instant process_start;
  Instant build_date;
  int most_file_workers = 1;
  FileWork::Manner file_manner = FileWork::Manner::kPlain;
};

class Cleanup {
 public:
  explicit Cleanup(CleanupParts parts);

  // Runs `due` (of kind kRun). The record's outcome says how it ended; it is
  // kBlocked when the clock guard forbade it and kInterrupted when it was
  // stopped (the run stays open and is resumed by the next call for it).
  // Errors: Aborted when another daemon holds the lease, and
  // FailedPrecondition when it was taken over in the middle; AlreadyExists when
  // the slot has had its run; Cancelled when it was stopped before the slot was
  // claimed; PermissionDenied when this machine must not lead, because its
  // roots are others than those that the runs of another machine have worked
  // on, or a right is missing; otherwise what the database said when not even
  // the run's end could be recorded.
  absl::StatusOr<RunRecord> Execute(const Due& due,
                                    const std::optional<LeaseView>& seen);

 private:
  // How a phase ended.
  enum class Step { kDone, kStopped, kWindowOver, kBlocked };

  absl::StatusOr<RunRecord> ExecuteLeased(const Due& due);
  absl::Status Prepare(const Due& due);
  std::map<std::string, std::string> AuditFacts() const;
  absl::StatusOr<RootLedger> ReadLedger();
  absl::Status CheckRootsAreOurs();
  FileWork FileWorkOf();
  absl::Status Survey();
  absl::Status NotePastOutputs();
  absl::StatusOr<GuardVerdict> Guard(const ClockWatch::Rows& rows);
  absl::StatusOr<RunRecord> Blocked(const GuardVerdict& verdict);
  absl::Status Claim();
  absl::StatusOr<Step> WorkThroughPhases();
  absl::Status EmptyTrash();
  absl::Status RemovePending();
  absl::StatusOr<Step> DeleteBatches();
  absl::StatusOr<Step> OneBatch(bool& finished);
  absl::Status AskLoadIfDue();
  absl::Status AfterBatch(const Batch& batch);
  absl::Status AfterPartitionStep(const Batch& batch,
                                  const std::vector<Job>& jobs);
  std::int64_t CountRows(const Batch& batch);
  void CountBacklog(const Batch& batch);
  absl::StatusOr<Step> SweepOrphans();
  absl::StatusOr<RunRecord> Close(RunOutcome outcome);
  absl::StatusOr<RunRecord> CloseFailed(const absl::Status& why);
  absl::StatusOr<RunRecord> Interrupt();

  void NoteAlerts();
  void TendAlerts();

  absl::Status AskNewcomers();
  void Count(const FilesOutcome& outcome);
  absl::Status RecordFiles(const FilesOutcome& outcome);
  void NoteError(const std::string& error);
  absl::Status RenewLeaseIfDue();
  bool MayTouchFiles();
  Micros TimeLeft() const;
  Step StepNow() const;
  void BeginPhase(const std::string& phase);
  void EndPhase();

  CleanupParts parts_;
  ClockWatch watch_;
  Governor governor_;
  Lease lease_;
  RunRecord run_;
  bool claimed_ = false;     // run_ stands open in the state
  bool files_left_ = false;  // a batch's files were not all reached
  // What the cleaner forgot of jobs that stay has to be known again before any
  // file is removed.
  bool survey_owed_ = false;
  bool partitions_left_ = false;  // the next step is another partition's
  std::optional<std::int64_t> jobs_left_last_time_;
  SurveyTotals totals_;
  Backlog backlog_;
  std::unique_ptr<IoPacer> pacer_;
  std::unique_ptr<FileCleaner> cleaner_;  // its workers use the pacer
  std::vector<FilesOutcome> unrecorded_;  // for the next batch's transaction
  std::vector<ShieldedOutput> shield_changes_;
  Micros begun_{0};   // boot time at which this piece of the run began
  Micros window_{0};  // what is left of the window for this piece
  Micros phase_begun_{0};
  Micros lease_renewed_{0};
  std::optional<Micros> load_asked_;
};

}  // namespace retentiond
