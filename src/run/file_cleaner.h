// The disk side of a run: knows what belongs to whom, and removes what belonged
// to deleted jobs and to no other.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/dry_run.h"
#include "base/time.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "files/orphan_scan.h"
#include "files/root.h"
#include "files/shield.h"
#include "files/tree_remover.h"
#include "files/worker_crew.h"
#include "jobstore/belongings.h"
#include "jobstore/companion_index.h"
#include "jobstore/job.h"
#include "jobstore/name_census.h"
#include "run/naming.h"
#include "run/root_ledger.h"
#include "run/root_set.h"

namespace retentiond {

// What the sweep of the temporary roots came to.
struct SweepResult {
  FilesOutcome outcome;
  std::int64_t orphans = 0;          // entries of which at least something went
  std::vector<std::string> refused;  // roots that were not swept, and why
};

// An entry that was removed, with all below it.
struct SizedEntry {
  std::string path;
  std::int64_t bytes = 0;

  friend bool operator==(const SizedEntry&, const SizedEntry&) = default;
};

// How the work on files is done.
struct FileWork {
  enum class Manner {
    kPlain,
    // By threads that have given up to change anything outside the roots
    // (files/landlock.h), and whose I/O waits for everybody else's.
    kConfined,
  };
  int most_workers = 1;  // directories that are worked on at a time
  Manner manner = Manner::kPlain;
  // Called by a worker before each batch of names; may be null.
  std::function<void()> rest = {};
  // Asked by the cleaner's own thread before each entry, and about once a
  // second while workers work; may be null. False ends what the called method
  // does, within a batch of names: what was not reached is neither done nor
  // failed, and what was begun has failed.
  std::function<bool()> may_go_on = {};
};

// All references must outlive the cleaner.
struct FileCleanerParts {
  const FilesConfig& config;
  const Naming& naming;
  FileCalls& calls;
  DryRun dry_run = DryRun::kNo;
  RootLedger ledger = {};
  FileWork work = {};
};

// For one run (or one preview). Threads: one at a time; its own workers are
// done when a method returns.
class FileCleaner {
 public:
  // Pins the roots. One that is missing, or not known to be the root of the
  // nights before, is no error: its names stay pending.
  static absl::StatusOr<std::unique_ptr<FileCleaner>> Open(
      FileCleanerParts parts);

  // Takes note of a job that is in the database: its names are borne, its
  // outputs shielded.
  absl::Status Note(const Job& job);
  enum class Presence {
    kThere,
    kGone,        // the root that it lay below was opened and lacks it
    kCannotTell,  // another root is there, or a directory on the way is not
  };
  // Takes note of an output of a job that was deleted earlier; the answer says
  // what there is of it now.
  Presence NotePast(const ShieldedOutput& output);
  // Ends a round of notes: the shield holds them from now on, and who bears a
  // name is quickly known. Not for the batch's transaction: it may take a
  // while.
  absl::Status Seal();

  // Whether an absolute path is an output that was noted, lies below one, or
  // holds one.
  bool Shields(const std::string& path) const;

  // What is to be removed for these jobs, which are about to be deleted: names
  // that no other job bears. For the batch's transaction: no file is touched.
  absl::StatusOr<Belongings> Record(const std::vector<Job>& jobs);
  // Their rows are gone: they bear no names any more.
  absl::Status Forget(const std::vector<Job>& jobs);

  // Empties what a crash left in the roots' trash. The outcome names no batch.
  FilesOutcome EmptyTrash();

  // Removes the entries. The outcome names no batch.
  absl::StatusOr<FilesOutcome> Remove(const std::vector<PendingFile>& pending);

  // Removes the orphans of every temporary root. `ask` is called after each
  // root's scan and before each removal, and lets the caller note the jobs that
  // have come since.
  absl::StatusOr<SweepResult> Sweep(Instant cutoff,
                                    const std::function<absl::Status()>& ask);

  const RootSet& root_set() const { return set_; }
  // Outputs that were met and kept while removing.
  std::int64_t shielded() const { return shielded_; }
  // The largest of what was removed, at most five, the largest first.
  const std::vector<SizedEntry>& largest() const { return largest_; }
  // Noted outputs that lie below a root, or may.
  std::int64_t outputs_below_roots() const { return outputs_below_roots_; }
  // Noted outputs that name a path of another machine ("C:\\out\\a.mov"): they
  // lie below no root.
  std::int64_t foreign_outputs() const { return foreign_outputs_; }

 private:
  // A path below a root that is there.
  struct Place {
    std::size_t root;
    std::string relative;
  };

  FileCleaner(FileCleanerParts parts, RootSet set);

  const std::vector<Root>& roots() const { return set_.roots(); }
  absl::Status IndexCompanions();
  std::vector<std::string> BorneNames(const Job& job) const;
  std::vector<PendingFile> EntriesOf(const Job& job) const;
  std::vector<std::string> AbsoluteForms(
      const std::string& output, const std::vector<std::string>& names) const;
  const Root* FindRoot(const std::string& path) const;
  bool IsAbsent(const PendingFile& entry);
  std::optional<Place> Locate(const std::string& path) const;
  bool LacksName(const Place& place) const;
  std::vector<std::string> RootIdsFor(const std::string& path,
                                      Shield::Added added) const;
  bool LiesBelowAbsentRoot(const std::string& path) const;
  void RecordOutput(const std::string& path, const Job& job,
                    Shield::Added added, Belongings& belongings) const;
  void RecordOutputs(const Job& job, Belongings& belongings);
  absl::StatusOr<bool> IsShared(
      const PendingFile& entry,
      const std::map<std::string, std::int64_t>& own_bearers);
  absl::StatusOr<std::vector<PendingFile>> WithCompanions(
      const std::vector<PendingFile>& entries);
  absl::StatusOr<bool> PatternsFit(const OrphanScan& scan);
  bool MayGoOn();
  absl::Status PostRemovals(const std::vector<PendingFile>& pending,
                            FilesOutcome& outcome);
  absl::Status PostRemoval(const PendingFile& entry, FilesOutcome& outcome);
  absl::Status SweepRoot(std::size_t root_index, Instant cutoff,
                         const std::function<absl::Status()>& ask,
                         SweepResult& result);
  absl::Status PostOrphans(std::size_t root_index, Instant cutoff,
                           const std::vector<std::string>& candidates,
                           const std::function<absl::Status()>& ask,
                           SweepResult& result);
  void PrepareWorker() const;
  void NoteSize(const std::string& root, const std::string& name,
                std::int64_t bytes);
  TreeRemover& RemoverOf(int worker, std::size_t root);
  TreeRemover::Options OptionsFor(std::size_t root);

  const FileCleanerParts parts_;
  const RootSet set_;
  std::unique_ptr<Shield> shield_;
  std::unique_ptr<NameCensus> census_;
  std::unique_ptr<CompanionIndex> companions_;  // none: not yet looked for
  std::int64_t outputs_below_roots_ = 0;
  std::int64_t foreign_outputs_ = 0;
  // Of what the workers write: the outcomes and the next two.
  std::mutex mutex_;
  std::int64_t shielded_ = 0;
  std::vector<SizedEntry> largest_;
  std::atomic<bool> stopped_ = false;  // what the workers do is to end
  // By worker and root; each is used by its worker alone.
  std::vector<std::vector<std::unique_ptr<TreeRemover>>> removers_;
  std::unique_ptr<WorkerCrew> crew_;  // the last: it ends first
};

}  // namespace retentiond
