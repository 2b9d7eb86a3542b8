// The part of a FileCleaner that removes: one directory a worker, as many
// workers as make it faster.
#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "files/landlock.h"
#include "files/orphan_scan.h"
#include "run/census_keys.h"
#include "run/file_cleaner.h"

namespace retentiond {
namespace {

// Candidates that one night's scan of a root may hold in memory; what lies
// beyond them is found on the next night.
constexpr std::size_t kCandidatesPerScan = 50'000;
// A root with so many young entries, of which fewer than half belong to a job,
// is not ours to sweep.
constexpr std::int64_t kYoungEntriesToJudge = 10;
constexpr std::size_t kLargestNoted = 5;

void Merge(const Removal& removal, FilesOutcome& outcome) {
  outcome.files += removal.files;
  outcome.directories += removal.directories;
  outcome.bytes += removal.bytes;
  outcome.kept.insert(outcome.kept.end(), removal.kept.begin(),
                      removal.kept.end());
  for (const auto& [reason, count] : removal.kept_by_reason) {
    outcome.kept_by_reason[reason] += count;
  }
  outcome.errors.insert(outcome.errors.end(), removal.errors.begin(),
                        removal.errors.end());
}

// ioprio_set(2) has no wrapper: the calling thread, the idle class.
void LetOthersIoGoFirst() {
  constexpr int kThisThread = 1;       // IOPRIO_WHO_PROCESS, of thread 0: us
  constexpr int kIdleClass = 3 << 13;  // IOPRIO_CLASS_IDLE
  ::syscall(SYS_ioprio_set, kThisThread, 0, kIdleClass);
}

}  // namespace

// Where the kernel cannot confine a thread, the descent's own care must do.
void FileCleaner::PrepareWorker() const {
  if (parts_.work.manner == FileWork::Manner::kPlain) return;
  std::vector<int> directories;
  if (parts_.dry_run == DryRun::kNo) {
    for (const Root& root : roots()) directories.push_back(root.fd());
  }
  ConfineThread(directories).IgnoreError();
  LetOthersIoGoFirst();
}

TreeRemover& FileCleaner::RemoverOf(int worker, std::size_t root) {
  auto& remover = removers_[static_cast<std::size_t>(worker)][root];
  if (remover == nullptr) {
    remover = std::make_unique<TreeRemover>(roots()[root], root, *shield_,
                                            parts_.calls);
  }
  return *remover;
}

bool FileCleaner::MayGoOn() {
  if (parts_.work.may_go_on && !parts_.work.may_go_on()) stopped_ = true;
  return !stopped_;
}

TreeRemover::Options FileCleaner::OptionsFor(std::size_t root) {
  return {.dry_run = parts_.dry_run,
          .trash = set_.has_trash(root) ? TreeRemover::UseTrash::kYes
                                        : TreeRemover::UseTrash::kNo,
          .may_go_on = [this] {
            if (parts_.work.rest) parts_.work.rest();
            return !stopped_;
          }};
}

void FileCleaner::NoteSize(const std::string& root, const std::string& name,
                           std::int64_t bytes) {
  const auto place = std::find_if(
      largest_.begin(), largest_.end(),
      [bytes](const SizedEntry& entry) { return entry.bytes < bytes; });
  const auto rank = static_cast<std::size_t>(place - largest_.begin());
  if (bytes == 0 || rank == kLargestNoted) return;
  largest_.insert(place, {root + "/" + name, bytes});
  if (largest_.size() > kLargestNoted) largest_.pop_back();
}

FilesOutcome FileCleaner::EmptyTrash() {
  FilesOutcome outcome;
  stopped_ = false;
  for (std::size_t i = 0; i < roots().size() && MayGoOn(); ++i) {
    if (!set_.has_trash(i)) continue;
    crew_->Post([this, i, &outcome](int worker) {
      TreeRemover::Options options = OptionsFor(i);
      // Whether it was an orphan is not known any more.
      options.keep_names = parts_.config.output_names;
      const Removal removal = RemoverOf(worker, i).EmptyTrash(options);
      const std::lock_guard lock(mutex_);
      Merge(removal, outcome);
      return removal.files + removal.directories;
    });
  }
  crew_->Wait();
  return outcome;
}

absl::StatusOr<FilesOutcome> FileCleaner::Remove(
    const std::vector<PendingFile>& pending) {
  FilesOutcome outcome;
  stopped_ = false;
  const absl::Status status = PostRemovals(pending, outcome);
  crew_->Wait();
  RETURN_IF_ERROR(status);
  return outcome;
}

absl::Status FileCleaner::PostRemovals(const std::vector<PendingFile>& pending,
                                       FilesOutcome& outcome) {
  // Directories that are to be empty come when the files are gone.
  for (const bool directories : {false, true}) {
    crew_->Wait();
    for (const PendingFile& entry : pending) {
      const bool is_directory = entry.kind == PendingFile::Kind::kLogDirectory;
      if (is_directory != directories) continue;
      if (!MayGoOn()) return absl::OkStatus();
      RETURN_IF_ERROR(PostRemoval(entry, outcome));
      // What of it is still there was dealt with: the sweep must neither count
      // nor report it again.
      RETURN_IF_ERROR(
          census_->Add(entry.job, {GoneKey(entry.root, entry.name)}));
    }
  }
  return absl::OkStatus();
}

absl::Status FileCleaner::PostRemoval(const PendingFile& entry,
                                      FilesOutcome& outcome) {
  const Root* root = FindRoot(entry.root);
  ASSIGN_OR_RETURN(const bool shared, IsShared(entry, {}));
  if (root == nullptr) {
    const std::lock_guard lock(mutex_);
    outcome.failed.push_back(entry.id);
    outcome.errors.push_back(PathOf(entry) + ": " + set_.WhyNot(entry.root));
    return absl::OkStatus();
  }
  if (shared) {
    const std::lock_guard lock(mutex_);
    outcome.done.push_back(entry.id);
    outcome.kept.push_back({PathOf(entry), "shared"});
    ++outcome.kept_by_reason["shared"];
    return absl::OkStatus();
  }
  const auto index = static_cast<std::size_t>(root - roots().data());
  crew_->Post([this, &entry, index, &outcome](int worker) {
    TreeRemover& remover = RemoverOf(worker, index);
    const TreeRemover::Options options = OptionsFor(index);
    const Removal removal =
        entry.kind == PendingFile::Kind::kLogDirectory
            ? remover.RemoveEmptyDirectory(entry.name, options)
            : remover.Remove(entry.name, options);
    const std::lock_guard lock(mutex_);
    Merge(removal, outcome);
    shielded_ += removal.shielded;
    NoteSize(entry.root, entry.name, removal.bytes);
    (removal.retry() ? outcome.failed : outcome.done).push_back(entry.id);
    return removal.files + removal.directories;
  });
  return absl::OkStatus();
}

absl::StatusOr<SweepResult> FileCleaner::Sweep(
    Instant cutoff, const std::function<absl::Status()>& ask) {
  SweepResult result;
  stopped_ = false;
  for (std::size_t i = 0; i < set_.temporary_roots() && MayGoOn(); ++i) {
    RETURN_IF_ERROR(SweepRoot(i, cutoff, ask, result));
  }
  return result;
}

absl::Status FileCleaner::SweepRoot(std::size_t root_index, Instant cutoff,
                                    const std::function<absl::Status()>& ask,
                                    SweepResult& result) {
  const Root& root = roots()[root_index];
  std::vector<std::string> candidates;
  const absl::StatusOr<OrphanScan> scan = ScanForOrphans(
      root, cutoff, parts_.calls,
      [&](const std::string& name) {
        if (candidates.size() < kCandidatesPerScan) candidates.push_back(name);
        return absl::OkStatus();
      },
      [this] { return MayGoOn(); });
  if (absl::IsCancelled(scan.status())) return absl::OkStatus();
  RETURN_IF_ERROR(scan.status());
  result.outcome.errors.insert(result.outcome.errors.end(),
                               scan->errors.begin(), scan->errors.end());
  RETURN_IF_ERROR(ask());
  ASSIGN_OR_RETURN(const bool ours, PatternsFit(*scan));
  if (!ours) {
    result.refused.push_back(
        root.path() +
        ": fewer than half of its young entries belong to a job; the name "
        "patterns do not fit, or another farm shares it");
    return absl::OkStatus();
  }
  absl::Status status =
      PostOrphans(root_index, cutoff, candidates, ask, result);
  crew_->Wait();
  return status;
}

absl::Status FileCleaner::PostOrphans(
    std::size_t root_index, Instant cutoff,
    const std::vector<std::string>& candidates,
    const std::function<absl::Status()>& ask, SweepResult& result) {
  for (const std::string& name : candidates) {
    if (!MayGoOn()) break;
    RETURN_IF_ERROR(ask());
    ASSIGN_OR_RETURN(const std::int64_t bearers,
                     census_->Bearers(TemporaryKey(name)));
    if (bearers > 0) continue;
    ASSIGN_OR_RETURN(
        const std::int64_t gone,
        census_->Bearers(GoneKey(roots()[root_index].path(), name)));
    if (gone > 0) continue;
    crew_->Post([this, root_index, cutoff, &name, &result](int worker) {
      TreeRemover::Options options = OptionsFor(root_index);
      options.keep_names = parts_.config.output_names;
      options.only_older_than = cutoff;
      const Removal removal =
          RemoverOf(worker, root_index).Remove(name, options);
      const std::lock_guard lock(mutex_);
      Merge(removal, result.outcome);
      shielded_ += removal.shielded;
      NoteSize(roots()[root_index].path(), name, removal.bytes);
      const std::int64_t removed = removal.files + removal.directories;
      if (removed > 0) ++result.orphans;
      return removed;
    });
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> FileCleaner::PatternsFit(const OrphanScan& scan) {
  if (scan.young_entries < kYoungEntriesToJudge) return true;
  std::size_t ours = 0;
  for (const std::string& name : scan.young_names) {
    ASSIGN_OR_RETURN(const std::int64_t bearers,
                     census_->Bearers(TemporaryKey(name)));
    if (bearers > 0) ++ours;
  }
  return 2 * ours >= scan.young_names.size();
}

}  // namespace retentiond
