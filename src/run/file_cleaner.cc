// Who may lose what: a name on disk goes with the last job that bears it. Every
// job that is in the database is noted once (the survey's visitor calls Note),
// which fills the census of names and the shield of outputs; jobs that come
// while the run goes on are noted before anything more is removed. So the
// question "does anybody else need this?" is answered from memory and a scratch
// file, not by a scan of the job table for each directory.
#include "run/file_cleaner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "files/name_pattern.h"
#include "files/orphan_scan.h"

namespace retentiond {
namespace {

// Candidates that one night's scan of a root may hold in memory; what lies
// beyond them is found on the next night.
constexpr std::size_t kCandidatesPerScan = 50'000;
// A root with so many young entries, of which fewer than half belong to a job,
// is not ours to sweep.
constexpr std::int64_t kYoungEntriesToJudge = 10;

// Keys of the census: a name in the temporary roots, below the log roots, and a
// path of a path column are different things.
std::string TemporaryKey(const std::string& name) { return "t/" + name; }
std::string LogKey(const std::string& name) { return "l/" + name; }
std::string PathKey(const std::string& path) { return "p/" + path; }

// On a dry run: what would be gone by then.
std::string GoneKey(const std::string& root, const std::string& name) {
  return "g/" + root + "/" + name;
}

std::string KeyOf(const PendingFile& entry) {
  switch (entry.kind) {
    case PendingFile::Kind::kTemporary:
      return TemporaryKey(entry.name);
    case PendingFile::Kind::kLog:
    case PendingFile::Kind::kLogDirectory:
      return LogKey(entry.name);
    case PendingFile::Kind::kPath:
      return PathKey(entry.root + "/" + entry.name);
  }
  return {};  // GCOV_EXCL_LINE: every kind has returned
}

std::string PathOf(const PendingFile& entry) {
  return EscapeName(entry.root + "/" + entry.name);
}

// The part of `path` below `root`; none when it does not lie below it.
std::optional<std::string> Below(const std::string& root,
                                 const std::string& path) {
  if (!path.starts_with(root + "/")) return std::nullopt;
  return path.substr(root.size() + 1);
}

bool AllComponentsRemovable(std::string_view path) {
  while (true) {
    const std::size_t slash = path.find('/');
    if (!IsRemovableName(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

void Merge(const Removal& removal, FilesOutcome& outcome) {
  outcome.files += removal.files;
  outcome.directories += removal.directories;
  outcome.bytes += removal.bytes;
  outcome.kept.insert(outcome.kept.end(), removal.kept.begin(),
                      removal.kept.end());
  outcome.errors.insert(outcome.errors.end(), removal.errors.begin(),
                        removal.errors.end());
}

}  // namespace

FileCleaner::FileCleaner(const FilesConfig& config, const Naming& naming,
                         FileCalls& calls, DryRun dry_run)
    : config_(config), naming_(naming), calls_(calls), dry_run_(dry_run) {}

absl::StatusOr<std::unique_ptr<FileCleaner>> FileCleaner::Open(
    const FilesConfig& config, const Naming& naming, FileCalls& calls,
    DryRun dry_run) {
  std::unique_ptr<FileCleaner> cleaner(
      new FileCleaner(config, naming, calls, dry_run));
  std::optional<uid_t> owner;
  if (config.owner.has_value()) {
    ASSIGN_OR_RETURN(owner, LookUpUser(*config.owner));
  }
  RETURN_IF_ERROR(cleaner->OpenRoots(config.temp_roots, owner));
  cleaner->temporary_roots_ = cleaner->roots_.size();
  RETURN_IF_ERROR(cleaner->OpenRoots(config.log_roots, owner));
  cleaner->shield_ = std::make_unique<Shield>(cleaner->roots_);
  ASSIGN_OR_RETURN(cleaner->census_, NameCensus::Open());
  return cleaner;
}

absl::Status FileCleaner::OpenRoots(
    const std::vector<std::filesystem::path>& paths,
    const std::optional<uid_t>& owner) {
  for (const std::filesystem::path& path : paths) {
    absl::StatusOr<Root> root = Root::Open(path, owner);
    if (root.ok()) {
      roots_.push_back(*std::move(root));
    } else if (root.status().code() == absl::StatusCode::kNotFound) {
      missing_roots_.push_back(path.string());
    } else {
      return root.status();
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> FileCleaner::BorneNames(const Job& job) const {
  std::vector<std::string> keys;
  for (const std::string& name : naming_.TemporaryNames(job)) {
    keys.push_back(TemporaryKey(name));
  }
  for (const std::string& name : naming_.LogNames(job)) {
    keys.push_back(LogKey(name));
  }
  for (const std::string& path : naming_.Paths(job)) {
    keys.push_back(PathKey(path));
    // The entry of a temporary root that the path leads through is no orphan.
    for (const std::filesystem::path& root : config_.temp_roots) {
      const std::optional<std::string> below = Below(root.string(), path);
      if (below.has_value()) {
        keys.push_back(TemporaryKey(below->substr(0, below->find('/'))));
      }
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

absl::Status FileCleaner::Note(const Job& job) {
  const std::vector<std::string> names = naming_.TemporaryNames(job);
  for (const std::string& output : naming_.Outputs(job)) {
    if (shield_->Add(output, names) != Shield::Added::kElsewhere) {
      ++outputs_below_roots_;
    }
  }
  return census_->Add(job.id, BorneNames(job));
}

Shield::Added FileCleaner::NotePast(const ShieldedOutput& output) {
  return shield_->Add(output.path, {});
}

void FileCleaner::Seal() { shield_->Seal(); }

bool FileCleaner::Shields(const std::string& path) const {
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    const std::optional<std::string> below = Below(roots_[i].path(), path);
    if (below.has_value() &&
        (shield_->HoldsPath(i, *below) || shield_->HoldsBelow(i, *below))) {
      return true;
    }
  }
  return false;
}

std::vector<PendingFile> FileCleaner::EntriesOf(const Job& job) const {
  std::vector<PendingFile> entries;
  const auto add = [&](PendingFile::Kind kind, std::string root,
                       std::string name) {
    entries.push_back({.kind = kind,
                       .root = std::move(root),
                       .name = std::move(name),
                       .job = job.id});
  };
  for (const std::string& name : naming_.TemporaryNames(job)) {
    for (const std::filesystem::path& root : config_.temp_roots) {
      add(PendingFile::Kind::kTemporary, root.string(), name);
    }
  }
  for (const std::string& name : naming_.LogNames(job)) {
    for (const std::filesystem::path& root : config_.log_roots) {
      add(PendingFile::Kind::kLog, root.string(), name);
    }
  }
  for (const std::string& path : naming_.Paths(job)) {
    for (const auto* roots : {&config_.temp_roots, &config_.log_roots}) {
      for (const std::filesystem::path& root : *roots) {
        const std::optional<std::string> below = Below(root.string(), path);
        if (below.has_value()) {
          add(PendingFile::Kind::kPath, root.string(), *below);
        }
      }
    }
  }
  return entries;
}

const Root* FileCleaner::FindRoot(const std::string& path) const {
  const auto root = std::find_if(
      roots_.begin(), roots_.end(),
      [&](const Root& candidate) { return candidate.path() == path; });
  return root == roots_.end() ? nullptr : &*root;
}

bool FileCleaner::IsAbsent(const PendingFile& entry) {
  const Root* root = FindRoot(entry.root);
  if (root == nullptr) return false;
  struct statx status {};
  return calls_.Statx(root->fd(), entry.name.c_str(), AT_SYMLINK_NOFOLLOW,
                      STATX_TYPE, &status) != 0 &&
         errno == ENOENT;
}

void FileCleaner::RecordOutputs(const Job& job, Belongings& belongings) {
  const std::vector<std::string> names = naming_.TemporaryNames(job);
  for (const std::string& output : naming_.Outputs(job)) {
    switch (shield_->Add(output, names)) {
      case Shield::Added::kElsewhere:
        break;
      case Shield::Added::kShielded:
      case Shield::Added::kAbsent:
        for (const std::string& path : AbsoluteForms(output, names)) {
          belongings.outputs.push_back({.path = path, .job = job.id});
        }
        break;
      case Shield::Added::kUnresolved:
        // Nobody can say what it names: the job's own entries stay, tonight
        // and later.
        for (const std::filesystem::path& root : config_.temp_roots) {
          for (const std::string& name : names) {
            belongings.outputs.push_back(
                {.path = root.string() + "/" + name, .job = job.id});
          }
        }
        break;
    }
  }
}

std::vector<std::string> FileCleaner::AbsoluteForms(
    const std::string& output, const std::vector<std::string>& names) const {
  if (output.starts_with("/") || output.starts_with("file:")) return {output};
  std::vector<std::string> forms;
  for (const std::filesystem::path& root : config_.temp_roots) {
    forms.push_back(root.string() + "/" + output);
    for (const std::string& name : names) {
      forms.push_back(root.string() + "/" + name + "/" + output);
    }
  }
  return forms;
}

absl::StatusOr<Belongings> FileCleaner::Record(const std::vector<Job>& jobs) {
  std::map<std::string, std::int64_t> own_bearers;
  for (const Job& job : jobs) {
    for (const std::string& key : BorneNames(job)) ++own_bearers[key];
  }
  Belongings belongings;
  std::set<std::pair<std::string, std::string>> seen;
  for (const Job& job : jobs) {
    for (PendingFile& entry : EntriesOf(job)) {
      if (!seen.emplace(entry.root, entry.name).second) continue;
      if (!AllComponentsRemovable(entry.name)) {
        belongings.refused.push_back({PathOf(entry), "refused-name"});
        continue;
      }
      if (IsAbsent(entry)) continue;
      const std::string key = KeyOf(entry);
      ASSIGN_OR_RETURN(const std::int64_t bearers, census_->Bearers(key));
      if (bearers > own_bearers[key]) {
        belongings.refused.push_back({PathOf(entry), "shared"});
        continue;
      }
      belongings.pending.push_back(std::move(entry));
    }
    RecordOutputs(job, belongings);
  }
  return belongings;
}

absl::Status FileCleaner::Forget(const std::vector<Job>& jobs) {
  for (const Job& job : jobs) {
    RETURN_IF_ERROR(census_->Remove(job.id, BorneNames(job)));
  }
  return absl::OkStatus();
}

absl::StatusOr<FilesOutcome> FileCleaner::Remove(
    const std::vector<PendingFile>& pending,
    const std::function<bool()>& may_go_on) {
  FilesOutcome outcome;
  for (const PendingFile& entry : pending) {
    if (!may_go_on()) break;
    RETURN_IF_ERROR(RemoveOne(entry, outcome));
  }
  return outcome;
}

absl::Status FileCleaner::RemoveOne(const PendingFile& entry,
                                    FilesOutcome& outcome) {
  const Root* root = FindRoot(entry.root);
  if (root == nullptr) {
    outcome.failed.push_back(entry.id);
    outcome.errors.push_back(PathOf(entry) + ": its root is not there");
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::int64_t bearers, census_->Bearers(KeyOf(entry)));
  if (bearers > 0) {
    outcome.done.push_back(entry.id);
    outcome.kept.push_back({PathOf(entry), "shared"});
    return absl::OkStatus();
  }
  TreeRemover remover(*root, static_cast<std::size_t>(root - roots_.data()),
                      *shield_, calls_);
  const Removal removal = remover.Remove(entry.name, {.dry_run = dry_run_});
  Merge(removal, outcome);
  shielded_ += removal.shielded;
  (removal.retry() ? outcome.failed : outcome.done).push_back(entry.id);
  if (dry_run_ == DryRun::kYes) {
    // It is still there, but the sweep must not count it again.
    return census_->Add(entry.job, {GoneKey(entry.root, entry.name)});
  }
  return absl::OkStatus();
}

absl::StatusOr<SweepResult> FileCleaner::Sweep(
    Instant cutoff, const std::function<absl::Status()>& ask,
    const std::function<bool()>& may_go_on) {
  SweepResult result;
  for (std::size_t i = 0; i < temporary_roots_ && may_go_on(); ++i) {
    RETURN_IF_ERROR(SweepRoot(i, cutoff, ask, may_go_on, result));
  }
  return result;
}

absl::Status FileCleaner::SweepRoot(std::size_t root_index, Instant cutoff,
                                    const std::function<absl::Status()>& ask,
                                    const std::function<bool()>& may_go_on,
                                    SweepResult& result) {
  const Root& root = roots_[root_index];
  TreeRemover remover(root, root_index, *shield_, calls_);
  std::vector<std::string> candidates;
  ASSIGN_OR_RETURN(
      const OrphanScan scan,
      ScanForOrphans(root, cutoff, calls_, [&](const std::string& name) {
        if (candidates.size() < kCandidatesPerScan) candidates.push_back(name);
        return absl::OkStatus();
      }));
  result.outcome.errors.insert(result.outcome.errors.end(), scan.errors.begin(),
                               scan.errors.end());
  RETURN_IF_ERROR(ask());
  ASSIGN_OR_RETURN(const bool ours, PatternsFit(scan));
  if (!ours) {
    result.refused.push_back(
        root.path() +
        ": fewer than half of its young entries belong to a job; the name "
        "patterns do not fit, or another farm shares it");
    return absl::OkStatus();
  }
  for (const std::string& name : candidates) {
    if (!may_go_on()) break;
    RETURN_IF_ERROR(ask());
    ASSIGN_OR_RETURN(const std::int64_t bearers,
                     census_->Bearers(TemporaryKey(name)));
    if (bearers > 0) continue;
    ASSIGN_OR_RETURN(const std::int64_t gone,
                     census_->Bearers(GoneKey(root.path(), name)));
    if (gone > 0) continue;
    const Removal removal =
        remover.Remove(name, {.dry_run = dry_run_,
                              .keep_names = config_.output_names,
                              .only_older_than = cutoff});
    Merge(removal, result.outcome);
    shielded_ += removal.shielded;
    if (removal.files + removal.directories > 0) ++result.orphans;
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
