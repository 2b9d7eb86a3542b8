// The jobs and their dependents in one database: finds what has expired and
// deletes it batch by batch.
//
// Contract for every implementation: the conformance suite
// (job_store_conformance_test.cc).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "audit/record.h"
#include "base/dry_run.h"
#include "base/finding.h"
#include "base/time.h"
#include "jobstore/belongings.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/job.h"

namespace retentiond {

// Raised by one at each take-over of the lease; a batch of an older epoch
// deletes nothing.
enum class LeaseEpoch : std::int64_t {};

struct SurveyRequest {
  Instant cutoff;        // exclusive: a job created at the cutoff is recent
  Instant slot_start;    // more than 24 h after it is undatable
  Instant daemon_start;  // for `datable_before_start`
};

struct SurveyTotals {
  std::int64_t total = 0;
  std::int64_t expired = 0;  // candidates: references may hold some
  std::int64_t in_work = 0;  // older than the cutoff, held by their state
  std::int64_t undatable = 0;
  std::int64_t ahead = 0;  // of those, stamped over 24 h after the slot
  std::int64_t datable_before_start = 0;
  std::optional<Instant> oldest_kept;  // creation time, in-work ones included
  // The oldest in-work jobs, at most 20, oldest first.
  std::vector<Job> in_work_jobs;
};

// A job that is older than the cutoff and finished, and yet stays.
struct HeldJob {
  JobId id;
  std::string table;   // whose row refers to it
  std::string reason;  // a sentence: "row 17 of Invoice refers to it ..."
};

struct BatchRequest {
  RunId run{};
  LeaseEpoch epoch{};
  Instant cutoff;
  Instant slot_start;
  // Rows to delete at most, dependents included; a single job with more goes
  // in parts. At least 1.
  std::int64_t row_limit = 500;
  Instant now;  // stands in the audit record
  // What came of the files of batches before this one; recorded in the same
  // transaction, each with an audit record of its own.
  std::vector<FilesOutcome> outcomes;
  DryRun dry_run = DryRun::kNo;
  // What is left of the night: no statement takes longer, but for a second's
  // grace, as far as the database can see to that. None: the store's own limit.
  std::optional<Micros> time_left = {};
};

// A partition of the job table that leaves as a whole; of databases that have
// such. Its jobs are recorded over several calls, and are deleted by the last.
struct PartitionStep {
  enum class Kind {
    kLeaving,  // the recorder was shown some of its jobs, which are still there
    kWaiting,  // nothing was done: others have it locked
    kDropped,  // all its jobs are deleted, and their files are pending
    kStays,    // all its jobs are still there; they go row by row, if at all
  };
  Kind kind = Kind::kWaiting;
  std::string name;
  std::int64_t jobs = 0;  // that the recorder was shown since its beginning
  std::string reason;     // why it stays
  // The next call turns to another partition, or goes on with this one.
  bool more = false;
};

struct Batch {
  // No candidate is left: nothing was deleted, and `outcomes` were not
  // recorded.
  bool finished = false;
  std::optional<BatchId> id;  // none on a dry run and when only jobs were held
  std::optional<AuditSeq> audit_seq;
  // Then `jobs` and `belongings` are empty, `outcomes` were not recorded, and
  // `rows` are those that went with it.
  std::optional<PartitionStep> partition;
  std::vector<JobId> jobs;                   // deleted
  std::map<std::string, std::int64_t> rows;  // by table, the job table too
  bool part = false;  // some dependents of one job; the job is still there
  std::optional<JobId> part_of;  // which
  std::vector<HeldJob> held;     // found while taking this batch
  Belongings belongings;         // as recorded, with their ids
  Micros lock_wait{0};           // until the write lock was had
  Micros lock_held{0};
  bool foreign_commits = false;  // others committed since the last batch
};

inline std::int64_t DeletedJobs(const Batch& batch) {
  const bool dropped = batch.partition.has_value() &&
                       batch.partition->kind == PartitionStep::Kind::kDropped;
  return dropped ? batch.partition->jobs
                 : static_cast<std::int64_t>(batch.jobs.size());
}

// Visits one job; an error stops the walk and is returned.
using JobVisitor = std::function<absl::Status(const Job&)>;

// Says what of the deleted jobs' belongings is to be removed. Called inside the
// batch's transaction, so it must be quick and must not use the store.
using BatchRecorder =
    std::function<absl::StatusOr<Belongings>(const std::vector<Job>& jobs)>;

// How large a table is, with its indexes and all its partitions.
struct TableSize {
  std::string table;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> dead_rows;  // none: nobody counts them
};

// What vacuuming came to, by table: kVacuumDone, or a text that begins
// "skipped" and says why.
using VacuumOutcome = std::map<std::string, std::string>;
inline constexpr char kVacuumDone[] = "done";

struct DatabaseSize {
  std::string kind;  // "sqlite", "postgresql"
  std::int64_t size_bytes = 0;
  std::int64_t reclaimable_bytes = 0;
};

// How long a batch may take so that others do not feel it, as the database
// keeps them apart.
struct BatchTimes {
  Micros live{std::chrono::milliseconds(5)};   // beside a farm that writes
  Micros idle{std::chrono::milliseconds(50)};  // what a first commit may wait
  // Beside a farm that writes each batch is followed by a pause of so many
  // times its length.
  int live_rests = 4;
};

// How the others at the database fare, as far as it tells.
struct FarmLoad {
  int waiting = 0;                    // sessions that wait for a lock
  std::optional<Micros> replica_lag;  // of the one that is furthest behind
  // What a reader keeps in the write-ahead log.
  std::int64_t kept_log_bytes = 0;
};

// Errors of all methods: Aborted (busy or changed underneath: try again),
// Unavailable (open anew), ResourceExhausted (disk full), PermissionDenied
// (read-only, a missing right), DataLoss (corrupt: stop the run),
// FailedPrecondition (the lease is another's, or the schema changed so that
// the plan no longer fits: stop this run).
// Threads: one at a time.
class JobStore {
 public:
  virtual ~JobStore() = default;

  // As the catalog was at Open or at the last Survey.
  virtual const DeletionPlan& plan() const = 0;

  // Reads every job once, in slices that never hold the database for more than
  // 5 ms, shows each to `visit` (which may be null), and remembers the expired
  // ones for DeleteBatch. Constant memory.
  virtual absl::StatusOr<SurveyTotals> Survey(const SurveyRequest& request,
                                              const JobVisitor& visit) = 0;

  // Shows the jobs that were inserted since the last Survey or call; perhaps
  // some others once more. Cheap when nobody else has committed.
  virtual absl::Status VisitNewcomers(const JobVisitor& visit) = 0;

  // Deletes the next expired jobs, oldest first, with their dependents, in one
  // transaction: all or nothing. Age and state are read again inside it; a job
  // that no longer fits, or that a reference holds, is passed over. On a dry
  // run the same is read and counted, and nothing is written. Whole partitions
  // of expired jobs come first (PartitionStep), each over several calls.
  virtual absl::StatusOr<Batch> DeleteBatch(const BatchRequest& request,
                                            const BatchRecorder& record) = 0;

  virtual BatchTimes batch_times() const { return {}; }

  // Cheap: may be asked several times a second, between batches.
  virtual absl::StatusOr<FarmLoad> Load();

  // Starts over at the oldest candidate (after a dry run).
  virtual void Rewind() = 0;

  // The job with that id, whatever its age; none when there is none.
  virtual absl::StatusOr<std::optional<Job>> Find(const JobId& id,
                                                  const SurveyRequest& at) = 0;

  // What could be better in this database; see docs/check.md for the codes.
  virtual absl::StatusOr<std::vector<Finding>> Check() = 0;

  // Creates the missing indexes on referring columns, and returns what was
  // done, one statement each.
  virtual absl::StatusOr<std::vector<std::string>> CreateMissingIndexes() = 0;

  // Gives the references of `table` that hold jobs a cascade, and returns what
  // was done, one statement each; none: it has no such. Unimplemented: this
  // database cannot; the findings say what an administrator can do.
  virtual absl::StatusOr<std::vector<std::string>> AddCascade(
      const std::string& table);

  // Of the job table and its dependents; empty where the database counts only
  // the whole (Size).
  virtual absl::StatusOr<std::vector<TableSize>> TableSizes();

  // Gives the space back as far as that disturbs nobody, refreshes the
  // planner's statistics. Takes no longer than `longest`, nor than some seconds
  // for all; called after the last batch. `tables`: those that lost rows. Says
  // what came of each where they are vacuumed one by one.
  virtual absl::StatusOr<VacuumOutcome> TidyUp(
      const std::vector<std::string>& tables, Micros longest) = 0;

  virtual absl::StatusOr<DatabaseSize> Size() = 0;
};

}  // namespace retentiond
