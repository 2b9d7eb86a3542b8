// The daemon's own records, in the same database as the jobs, so that they
// commit with the rows. The tables are described in docs/state-format.md.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/record.h"
#include "base/time.h"
#include "jobstore/belongings.h"
#include "jobstore/job_store.h"
#include "jobstore/outbox.h"
#include "policy/alert.h"
#include "policy/clock_guard.h"

namespace retentiond {

enum class RunOutcome { kSuccess, kPartial, kBlocked, kFailed, kInterrupted };
// "success", "partial", "blocked", "failed", "interrupted".
const char* NameOf(RunOutcome outcome);

// Marks of a run: it took more than three times the median of the last ones; it
// was ended by the schedule's window.
inline constexpr char kMarkSlow[] = "slow";
inline constexpr char kMarkWindowCut[] = "window-cut";

// What a run did to a table that lost rows, of databases that tell; none: not
// known.
struct TableChange {
  std::string table;
  std::optional<std::int64_t> bytes_before;  // before the first batch
  std::optional<std::int64_t> bytes_after;   // after the vacuum
  std::optional<std::int64_t> dead_rows_before;
  std::optional<std::int64_t> dead_rows_after;
  std::string vacuum;  // as VacuumOutcome; empty: not yet

  friend bool operator==(const TableChange&, const TableChange&) = default;
};

// The execution of one slot, as `runs` shows it.
struct RunRecord {
  RunId id{};
  LocalDate slot;
  Instant slot_start;
  Instant cutoff;
  Instant started;
  std::optional<Instant> finished;    // none: open
  std::optional<RunOutcome> outcome;  // none: open
  bool late = false;
  std::string timezone;         // IANA name
  std::int64_t jobs_total = 0;  // in the database when the run began
  std::int64_t jobs_deleted = 0;
  std::map<std::string, std::int64_t> rows_deleted;  // by table
  std::int64_t files_deleted = 0;
  std::int64_t bytes_freed = 0;
  std::int64_t expired = 0;  // candidates at the survey
  std::int64_t held = 0;     // in work or referred to
  std::int64_t undatable = 0;
  std::int64_t orphans = 0;          // top-level entries removed by the sweep
  std::vector<std::string> errors;   // at most 20, the first ones
  std::vector<std::string> blocked;  // names of the clock facts that block
  // Names of all clock facts that stand; kept only in the audit.
  std::vector<std::string> clock_facts;
  std::map<std::string, double> phases_s;  // seconds by phase
  // Entries that were met and kept, by reason ("shielded", "mounted", ...).
  std::map<std::string, std::int64_t> kept;
  // What a person should hear of besides the outcome: kMarkSlow, ...
  std::vector<std::string> marks;
  std::vector<TableChange> tables;
  std::string phase;  // while open: "survey", "batches", "orphans", ...
  std::string pace;   // while open: what the governor says
  // More for the run's audit records ("host", "zone_data"); kept only there.
  std::map<std::string, std::string> audit_facts;
  // What is told of the run as CloseRun or RecordBlocked writes it; kept in no
  // run.
  AlertReport alerts;
};

struct Lease {
  LeaseEpoch epoch{};
};

// What an observer sees of the lease row.
struct LeaseView {
  std::string holder;  // empty: free
  LeaseEpoch epoch{};
  std::int64_t renewals = 0;  // unchanged for 30 s: may be taken over
};

using AuditVisitor = std::function<absl::Status(const AuditRecord&)>;

// Opened on a database without the tables, read-only, every query answers as
// if they were empty. Opened for writing, they are created or migrated; state
// of a newer version than this program knows is FailedPrecondition.
// Errors as JobStore's. Threads: one at a time.
class StateStore {
 public:
  virtual ~StateStore() = default;

  // Random, made with the tables; empty when there are none.
  virtual absl::StatusOr<std::string> StateId() = 0;

  // --- the lease; every method below that writes for a run checks the epoch.
  virtual absl::StatusOr<LeaseView> ViewLease() = 0;
  // Takes the lease when it is free, ours, or still as `seen` (which the
  // caller has watched unchanged for 30 s of its own boot time), and raises the
  // epoch each time, so that nobody who held it before can still write.
  // Aborted when another holds it; InvalidArgument when `holder` is empty.
  virtual absl::StatusOr<Lease> TakeLease(
      const std::string& holder, const std::optional<LeaseView>& seen) = 0;
  // FailedPrecondition when another has taken it over.
  virtual absl::Status RenewLease(const Lease& lease) = 0;
  virtual absl::Status ReleaseLease(const Lease& lease) = 0;

  // --- slots and runs
  virtual absl::StatusOr<std::optional<LocalDate>> LastSlot() = 0;
  virtual absl::Status SetLastSlot(LocalDate date) = 0;
  virtual absl::StatusOr<std::optional<RunRecord>> OpenRun() = 0;
  // Claims the slot: inserts an open run with its audit record "run-begin".
  // AlreadyExists when the slot was claimed before and closed, or does not lie
  // after the last slot. A blocked record of the same slot is continued; an
  // open run of it is given back as it is. FailedPrecondition while a run of
  // another slot is open.
  virtual absl::StatusOr<RunId> BeginRun(const RunRecord& run,
                                         const Lease& lease) = 0;
  // Writes phase, expired, held, undatable, orphans, errors, kept, marks,
  // tables and phases_s of an open run. Counts of deleted rows and files are
  // kept by DeleteBatch and RecordFiles.
  virtual absl::Status UpdateRun(const RunRecord& run, const Lease& lease) = 0;
  // Does what UpdateRun does, closes the run with its outcome (which must be
  // set) at `run.finished` or now, advances the last slot to it unless it was
  // blocked, appends "run-end" to the audit, and does what TellAlerts does with
  // `run.alerts`; one transaction.
  virtual absl::Status CloseRun(const RunRecord& run, const Lease& lease,
                                Instant now) = 0;
  // Records that the slot's run was blocked (insert, or update of the same
  // slot's blocked record), with an audit record when its facts differ from
  // the last ones, and `run.alerts` as CloseRun. Neither claims the slot nor
  // advances the last slot. An open run of that slot stays open; AlreadyExists
  // when it is closed.
  virtual absl::Status RecordBlocked(const RunRecord& run, Instant now) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<RunRecord>> ListRuns(int limit) = 0;
  // The same of the closed runs of these outcomes, of which there are at most
  // five.
  virtual absl::StatusOr<std::vector<RunRecord>> ListRunsOf(
      const std::vector<RunOutcome>& outcomes, int limit) = 0;

  // --- files
  // The entries whose removal is still to be done or to be tried again, oldest
  // first, with an id above `after`.
  virtual absl::StatusOr<std::vector<PendingFile>> ListPending(PendingId after,
                                                               int limit) = 0;
  // Strikes out the done entries, raises the attempts of the failed ones, adds
  // the counts to `run` (a later one than the batch's own, perhaps), appends
  // "files" to the audit if anything was removed, kept or failed.
  virtual absl::Status RecordFiles(RunId run, const FilesOutcome& outcome,
                                   const Lease& lease, Instant now) = 0;
  virtual absl::Status VisitShield(
      const std::function<absl::Status(const ShieldedOutput&)>& visit) = 0;
  // Sets absent_nights of these, which path and root_id name; 2 or more forgets
  // them.
  virtual absl::Status UpdateShield(const std::vector<ShieldedOutput>& outputs,
                                    const Lease& lease) = 0;

  // Every root that a run has found, by id.
  virtual absl::StatusOr<std::vector<RootRecord>> ListRoots() = 0;
  // Inserts these, or replaces those of the same id.
  virtual absl::Status RecordRoots(const std::vector<RootRecord>& roots,
                                   const Lease& lease) = 0;

  // --- audit
  virtual absl::StatusOr<AuditHead> AppendAudit(std::optional<RunId> run,
                                                const std::string& event,
                                                const std::string& facts,
                                                Instant now) = 0;
  virtual absl::StatusOr<std::optional<AuditHead>> Head() = 0;
  // In order of sequence, from `from` on.
  virtual absl::Status VisitAudit(AuditSeq from, const AuditVisitor& visit) = 0;
  // The record of the batch that deleted the job; none if none did.
  virtual absl::StatusOr<std::optional<AuditRecord>> FindDeletion(
      const JobId& id) = 0;

  // --- the clock's anchor
  virtual absl::StatusOr<std::optional<Anchor>> ReadAnchor() = 0;
  virtual absl::Status WriteAnchor(const Anchor& anchor) = 0;
  // The reading at which a standing block was first seen.
  virtual absl::StatusOr<std::optional<ClockReading>> BlockedSince() = 0;
  virtual absl::Status SetBlockedSince(
      const std::optional<ClockReading>& reading) = 0;
  // The clock of the database's server as it is now; none where there is no
  // server.
  virtual absl::StatusOr<std::optional<ServerClock>> ReadServerClock() = 0;

  // --- small texts that the daemon keeps for itself, by key ("schedule"); none
  // when there is none.
  virtual absl::StatusOr<std::optional<std::string>> ReadNote(
      const std::string& key) = 0;
  virtual absl::Status WriteNote(const std::string& key,
                                 const std::string& text) = 0;

  // --- alerts
  // Decides by the report and what stands (policy/alert_book.h) what is to be
  // said, and puts it into the outbox with the audit's head, an entry for each
  // channel that takes it; one transaction. The outbox stays bounded
  // (jobstore/outbox.h).
  virtual absl::Status TellAlerts(const AlertReport& report, Instant now) = 0;
  // By key.
  virtual absl::StatusOr<std::vector<StandingAlert>> StandingAlerts() = 0;
  virtual absl::StatusOr<OutboxView> ViewOutbox() = 0;
  // The entries that are due, oldest first, but those that come after an entry
  // of the same channel and key which is not: what is over is not told before
  // what has come up. They are due again at `until` unless they are settled:
  // until then nobody else takes them.
  virtual absl::StatusOr<std::vector<OutboxEntry>> ClaimOutbox(Instant now,
                                                               Instant until,
                                                               int limit) = 0;
  virtual absl::Status SettleOutbox(
      const std::vector<OutboxResult>& results) = 0;

  // Drops batch details older than 90 days, giving up what is still pending of
  // them (audited as kept), audit segments of which every record is older
  // than 400 days (leaving one checkpoint record each), and roots that were not
  // seen for 400 days with the outputs that lay below them. Bounded: what is
  // left waits for the next call.
  virtual absl::Status Prune(Instant now) = 0;
};

}  // namespace retentiond
