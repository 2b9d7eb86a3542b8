// The disk side of a run: knows what belongs to whom, and removes what belonged
// to deleted jobs and to no other.
#pragma once

#include <functional>
#include <memory>
#include <string>
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
#include "jobstore/belongings.h"
#include "jobstore/job.h"
#include "jobstore/name_census.h"
#include "run/naming.h"

namespace retentiond {

// What the sweep of the temporary roots came to.
struct SweepResult {
  FilesOutcome outcome;
  std::int64_t orphans = 0;          // entries of which at least something went
  std::vector<std::string> refused;  // roots that were not swept, and why
};

// For one run (or one preview). Threads: one at a time.
class FileCleaner {
 public:
  // Pins the roots. A missing root is no error: its names stay pending, and
  // `findings` tells of it. `calls` must outlive the cleaner.
  static absl::StatusOr<std::unique_ptr<FileCleaner>> Open(
      const FilesConfig& config, const Naming& naming, FileCalls& calls,
      DryRun dry_run);

  // Takes note of a job that is in the database: its names are borne, its
  // outputs shielded.
  absl::Status Note(const Job& job);
  // Takes note of an output of a job that was deleted earlier; the answer says
  // what there is of it now.
  Shield::Added NotePast(const ShieldedOutput& output);
  // Ends a round of notes: the shield holds them from now on.
  void Seal();

  // Whether an absolute path is an output that was noted, lies below one, or
  // holds one.
  bool Shields(const std::string& path) const;

  // What is to be removed for these jobs, which are about to be deleted: names
  // that no other job bears. For the batch's transaction: no file is touched.
  absl::StatusOr<Belongings> Record(const std::vector<Job>& jobs);
  // Their rows are gone: they bear no names any more.
  absl::Status Forget(const std::vector<Job>& jobs);

  // Removes the entries; `may_go_on` is asked before each, and those that were
  // not reached are neither done nor failed. The outcome names no batch.
  absl::StatusOr<FilesOutcome> Remove(const std::vector<PendingFile>& pending,
                                      const std::function<bool()>& may_go_on);

  // Removes the orphans of every temporary root. `ask` is called after each
  // root's scan and before each removal, and lets the caller note the jobs that
  // have come since.
  absl::StatusOr<SweepResult> Sweep(Instant cutoff,
                                    const std::function<absl::Status()>& ask,
                                    const std::function<bool()>& may_go_on);

  // The roots that are not there.
  const std::vector<std::string>& missing_roots() const {
    return missing_roots_;
  }
  // Outputs that were met and kept while removing.
  std::int64_t shielded() const { return shielded_; }
  // Noted outputs that lie below a root, or may.
  std::int64_t outputs_below_roots() const { return outputs_below_roots_; }

 private:
  FileCleaner(const FilesConfig& config, const Naming& naming, FileCalls& calls,
              DryRun dry_run);

  absl::Status OpenRoots(const std::vector<std::filesystem::path>& paths,
                         const std::optional<uid_t>& owner);
  std::vector<std::string> BorneNames(const Job& job) const;
  std::vector<PendingFile> EntriesOf(const Job& job) const;
  std::vector<std::string> AbsoluteForms(
      const std::string& output, const std::vector<std::string>& names) const;
  const Root* FindRoot(const std::string& path) const;
  bool IsAbsent(const PendingFile& entry);
  void RecordOutputs(const Job& job, Belongings& belongings);
  absl::StatusOr<bool> PatternsFit(const OrphanScan& scan);
  absl::Status RemoveOne(const PendingFile& entry, FilesOutcome& outcome);
  absl::Status SweepRoot(std::size_t root_index, Instant cutoff,
                         const std::function<absl::Status()>& ask,
                         const std::function<bool()>& may_go_on,
                         SweepResult& result);

  const FilesConfig& config_;
  const Naming& naming_;
  FileCalls& calls_;
  DryRun dry_run_;
  std::vector<Root> roots_;  // temporary roots that are there, then log roots
  std::size_t temporary_roots_ = 0;
  std::vector<std::string> missing_roots_;
  std::unique_ptr<Shield> shield_;
  std::unique_ptr<NameCensus> census_;
  std::int64_t shielded_ = 0;
  std::int64_t outputs_below_roots_ = 0;
};

}  // namespace retentiond
