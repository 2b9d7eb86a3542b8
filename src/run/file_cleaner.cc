// Who may lose what: a name on disk goes with the last job that bears it. Every
// job that is in the database is noted once (the survey's visitor calls Note),
// which fills the census of names and the shield of outputs; jobs that come
// while the run goes on are noted before anything more is removed. So the
// question "does anybody else need this?" is answered from memory and a scratch
// file, not by a scan of the job table for each directory.
//
// What is removed, and how, is in file_cleaner_work.cc.
#include "run/file_cleaner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"
#include "files/log_files.h"
#include "files/name_pattern.h"
#include "files/output_path.h"
#include "run/census_keys.h"

namespace retentiond {
namespace {

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

// The path that an output's text names; the text itself when it names none.
std::string PlainPath(const std::string& output) {
  const OutputPath parsed = ParseOutputPath(output);
  return parsed.form == OutputPath::Form::kAbsolute ? NormalisePath(parsed.path)
                                                    : output;
}

void AddUnique(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) {
    list.push_back(item);
  }
}

}  // namespace

FileCleaner::FileCleaner(FileCleanerParts parts, RootSet set)
    : parts_(std::move(parts)), set_(std::move(set)) {
  shield_ = std::make_unique<Shield>(set_.roots());
  const int workers = std::max(parts_.work.most_workers, 1);
  removers_.resize(static_cast<std::size_t>(workers));
  for (auto& removers : removers_) removers.resize(roots().size());
  crew_ = std::make_unique<WorkerCrew>(
      workers, [this] { PrepareWorker(); },
      WorkerCrew::Beat{.call = [this] { MayGoOn(); }});
}

absl::StatusOr<std::unique_ptr<FileCleaner>> FileCleaner::Open(
    FileCleanerParts parts) {
  ASSIGN_OR_RETURN(RootSet set, RootSet::Open(parts.config, parts.calls,
                                              parts.dry_run, parts.ledger));
  std::unique_ptr<FileCleaner> cleaner(
      new FileCleaner(std::move(parts), std::move(set)));
  ASSIGN_OR_RETURN(cleaner->census_, NameCensus::Open());
  RETURN_IF_ERROR(cleaner->IndexCompanions());
  return cleaner;
}

// Once, before any batch: a directory of a million logs cannot be listed for
// each job.
absl::Status FileCleaner::IndexCompanions() {
  ASSIGN_OR_RETURN(companions_, CompanionIndex::Open());
  for (std::size_t i = set_.temporary_roots(); i < roots().size(); ++i) {
    const std::string& root = roots()[i].path();
    const auto add = [&](const std::string& path) -> absl::Status {
      for (const std::string& file : FilesOfCompanion(path)) {
        RETURN_IF_ERROR(companions_->Add(root, file, path));
      }
      return absl::OkStatus();
    };
    RETURN_IF_ERROR(
        VisitFiles(roots()[i], parts_.naming.log_depth(), parts_.calls, add));
  }
  return absl::OkStatus();
}

std::vector<std::string> FileCleaner::BorneNames(const Job& job) const {
  const Naming& naming = parts_.naming;
  std::vector<std::string> keys;
  for (const std::string& name : naming.TemporaryNames(job)) {
    keys.push_back(TemporaryKey(name));
  }
  for (const std::string& name : naming.LogNames(job)) {
    keys.push_back(LogKey(name));
  }
  for (const std::string& name : naming.LogDirectories(job)) {
    keys.push_back(LogKey(name));
  }
  for (const std::string& path : naming.Paths(job)) {
    keys.push_back(PathKey(path));
    // The entry of a temporary root that the path leads through is no orphan.
    for (const std::filesystem::path& root : parts_.config.temp_roots) {
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
  crew_->Wait();  // the workers ask the shield
  const std::vector<std::string> names = parts_.naming.TemporaryNames(job);
  for (const std::string& output : parts_.naming.Outputs(job)) {
    if (ParseOutputPath(output).form == OutputPath::Form::kForeign) {
      ++foreign_outputs_;
    }
    if (shield_->Add(output, names) != Shield::Added::kElsewhere) {
      ++outputs_below_roots_;
    }
  }
  return census_->Add(job.id, BorneNames(job));
}

FileCleaner::Presence FileCleaner::NotePast(const ShieldedOutput& output) {
  const Shield::Added added = shield_->Add(output.path, {});
  if (added == Shield::Added::kShielded) return Presence::kThere;
  if (added != Shield::Added::kAbsent) return Presence::kCannotTell;
  const std::optional<Place> place = Locate(PlainPath(output.path));
  if (!place.has_value()) return Presence::kCannotTell;
  const bool same_root =
      output.root_id.empty() || output.root_id == set_.id(place->root);
  return same_root && LacksName(*place) ? Presence::kGone
                                        : Presence::kCannotTell;
}

absl::Status FileCleaner::Seal() {
  shield_->Seal();
  return census_->Seal();
}

bool FileCleaner::Shields(const std::string& path) const {
  for (std::size_t i = 0; i < roots().size(); ++i) {
    const std::optional<std::string> below = Below(roots()[i].path(), path);
    if (below.has_value() &&
        (shield_->HoldsPath(i, *below) || shield_->HoldsBelow(i, *below))) {
      return true;
    }
  }
  return false;
}

std::vector<PendingFile> FileCleaner::EntriesOf(const Job& job) const {
  const FilesConfig& config = parts_.config;
  const Naming& naming = parts_.naming;
  std::vector<PendingFile> entries;
  const auto add = [&](PendingFile::Kind kind,
                       const std::vector<std::filesystem::path>& in,
                       const std::string& name) {
    for (const std::filesystem::path& root : in) {
      entries.push_back(
          {.kind = kind, .root = root.string(), .name = name, .job = job.id});
    }
  };
  for (const std::string& name : naming.TemporaryNames(job)) {
    add(PendingFile::Kind::kTemporary, config.temp_roots, name);
  }
  for (const std::string& name : naming.LogNames(job)) {
    add(PendingFile::Kind::kLog, config.log_roots, name);
  }
  for (const std::string& path : naming.Paths(job)) {
    for (const auto* in : {&config.temp_roots, &config.log_roots}) {
      for (const std::filesystem::path& root : *in) {
        const std::optional<std::string> below = Below(root.string(), path);
        if (below.has_value()) {
          add(PendingFile::Kind::kPath, {root}, *below);
        }
      }
    }
  }
  for (const std::string& name : naming.LogDirectories(job)) {
    add(PendingFile::Kind::kLogDirectory, config.log_roots, name);
  }
  return entries;
}

// Behind each log file, those that were rotated away from it.
absl::StatusOr<std::vector<PendingFile>> FileCleaner::WithCompanions(
    const std::vector<PendingFile>& entries) {
  std::vector<PendingFile> all;
  for (const PendingFile& entry : entries) {
    all.push_back(entry);
    if (entry.kind != PendingFile::Kind::kLog) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> names,
                     companions_->Find(entry.root, entry.name));
    for (const std::string& name : names) {
      all.push_back(entry);
      all.back().name = name;
    }
  }
  return all;
}

const Root* FileCleaner::FindRoot(const std::string& path) const {
  const auto root = std::find_if(
      roots().begin(), roots().end(),
      [&](const Root& candidate) { return candidate.path() == path; });
  return root == roots().end() ? nullptr : &*root;
}

bool FileCleaner::IsAbsent(const PendingFile& entry) {
  const Root* root = FindRoot(entry.root);
  if (root == nullptr) return false;
  struct statx status {};
  return parts_.calls.Statx(root->fd(), entry.name.c_str(), AT_SYMLINK_NOFOLLOW,
                            STATX_TYPE, &status) != 0 &&
         errno == ENOENT;
}

// By the path as it is written, or as the kernel resolves what there is of it.
std::optional<FileCleaner::Place> FileCleaner::Locate(
    const std::string& path) const {
  std::error_code ignored;
  const std::string real =
      std::filesystem::weakly_canonical(path, ignored).string();
  for (std::size_t i = 0; i < roots().size(); ++i) {
    for (const std::string& candidate : {path, real}) {
      for (const std::string& base :
           {roots()[i].path(), roots()[i].real_path()}) {
        const std::optional<std::string> below = Below(base, candidate);
        if (below.has_value() && !below->empty()) return Place{i, *below};
      }
    }
  }
  return std::nullopt;
}

// Whether the directory that held it was opened and lacks it; or the root, and
// lacks the entry that held it.
bool FileCleaner::LacksName(const Place& place) const {
  FileCalls& calls = parts_.calls;
  const int root = roots()[place.root].fd();
  const auto lacks = [&](int directory, const std::string& name) {
    struct statx status {};
    return calls.Statx(directory, name.c_str(), AT_SYMLINK_NOFOLLOW, STATX_TYPE,
                       &status) != 0 &&
           errno == ENOENT;
  };
  const std::size_t first = place.relative.find('/');
  if (lacks(root, place.relative.substr(0, first))) return true;
  const std::size_t last = place.relative.rfind('/');
  if (last == std::string::npos) return false;
  const UniqueFd parent(
      calls.OpenBeneath(root, place.relative.substr(0, last).c_str(),
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return parent.valid() && lacks(parent.get(), place.relative.substr(last + 1));
}

// The roots of which an output may be: the one that it was seen in, else every
// one that was ever at its place.
std::vector<std::string> FileCleaner::RootIdsFor(const std::string& path,
                                                 Shield::Added added) const {
  std::vector<std::string> ids;
  const std::optional<Place> place = Locate(path);
  if (place.has_value()) AddUnique(ids, set_.id(place->root));
  if (place.has_value() && added == Shield::Added::kShielded) return ids;
  for (const RootRecord& known : parts_.ledger.known) {
    if (WasOurs(known) && Below(known.path, path).has_value()) {
      AddUnique(ids, known.id);
    }
  }
  if (ids.empty()) ids.emplace_back();
  return ids;
}

// Whether it would lie below a root that is not there now, or was one on an
// earlier night.
bool FileCleaner::LiesBelowAbsentRoot(const std::string& path) const {
  return std::any_of(set_.absent().begin(), set_.absent().end(),
                     [&](const RootSet::Absent& root) {
                       return Below(root.path, path).has_value();
                     }) ||
         std::any_of(parts_.ledger.known.begin(), parts_.ledger.known.end(),
                     [&](const RootRecord& root) {
                       return Below(root.path, path).has_value();
                     });
}

void FileCleaner::RecordOutput(const std::string& path, const Job& job,
                               Shield::Added added,
                               Belongings& belongings) const {
  for (const std::string& id : RootIdsFor(PlainPath(path), added)) {
    belongings.outputs.push_back({.path = path, .job = job.id, .root_id = id});
  }
}

void FileCleaner::RecordOutputs(const Job& job, Belongings& belongings) {
  const std::vector<std::string> names = parts_.naming.TemporaryNames(job);
  for (const std::string& output : parts_.naming.Outputs(job)) {
    const Shield::Added added = shield_->Add(output, names);
    if (added == Shield::Added::kUnresolved) {
      // Nobody can say what it names: the job's own entries stay, tonight and
      // later.
      for (const std::filesystem::path& root : parts_.config.temp_roots) {
        for (const std::string& name : names) {
          RecordOutput(root.string() + "/" + name, job, added, belongings);
        }
      }
      continue;
    }
    for (const std::string& path : AbsoluteForms(output, names)) {
      if (added != Shield::Added::kElsewhere ||
          LiesBelowAbsentRoot(PlainPath(path))) {
        RecordOutput(path, job, added, belongings);
      }
    }
  }
}

std::vector<std::string> FileCleaner::AbsoluteForms(
    const std::string& output, const std::vector<std::string>& names) const {
  if (output.starts_with("/") || output.starts_with("file:")) return {output};
  std::vector<std::string> forms;
  if (ParseOutputPath(output).form != OutputPath::Form::kRelative) return forms;
  for (const std::filesystem::path& root : parts_.config.temp_roots) {
    forms.push_back(root.string() + "/" + output);
    for (const std::string& name : names) {
      forms.push_back(root.string() + "/" + name + "/" + output);
    }
  }
  return forms;
}

// Whether another job than those of `own_bearers` bears the entry's name.
absl::StatusOr<bool> FileCleaner::IsShared(
    const PendingFile& entry,
    const std::map<std::string, std::int64_t>& own_bearers) {
  for (const std::string& key : KeysOf(entry)) {
    ASSIGN_OR_RETURN(const std::int64_t bearers, census_->Bearers(key));
    const auto own = own_bearers.find(key);
    if (bearers > (own == own_bearers.end() ? 0 : own->second)) return true;
  }
  return false;
}

absl::StatusOr<Belongings> FileCleaner::Record(const std::vector<Job>& jobs) {
  std::map<std::string, std::int64_t> own_bearers;
  for (const Job& job : jobs) {
    for (const std::string& key : BorneNames(job)) ++own_bearers[key];
  }
  Belongings belongings;
  std::set<std::pair<std::string, std::string>> seen;
  for (const Job& job : jobs) {
    ASSIGN_OR_RETURN(std::vector<PendingFile> entries,
                     WithCompanions(EntriesOf(job)));
    for (PendingFile& entry : entries) {
      if (!seen.emplace(entry.root, entry.name).second) continue;
      const bool is_directory = entry.kind == PendingFile::Kind::kLogDirectory;
      if (!AllComponentsRemovable(entry.name)) {
        if (!is_directory) {
          belongings.refused.push_back({PathOf(entry), "refused-name"});
        }
        continue;
      }
      if (IsAbsent(entry)) continue;
      ASSIGN_OR_RETURN(const bool shared, IsShared(entry, own_bearers));
      if (!shared) {
        belongings.pending.push_back(std::move(entry));
      } else if (!is_directory) {
        belongings.refused.push_back({PathOf(entry), "shared"});
      }
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

}  // namespace retentiond
