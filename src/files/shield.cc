// Paths are hashed component by component, so that one pass over a path asks
// for it and for every directory above it: an output directory holds all that
// lies below. Each path below a root is entered as it is written and as the
// kernel resolves it, because the remover knows only the way down from the
// root, and a job may have written any other.
#include "files/shield.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "files/output_path.h"
#include "files/sequence_pattern.h"

namespace retentiond {
namespace {

using Added = Shield::Added;

struct CloseDirectory {
  void operator()(DIR* stream) const { ::closedir(stream); }
};

// FNV-1a with its published 64-bit parameters: it can be carried on from one
// component to the next, and what collides is only kept.
constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325;
constexpr std::uint64_t kFnvPrime = 0x100000001b3;

std::uint64_t Extend(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * kFnvPrime;
  }
  return hash;
}

std::uint64_t ExtendByNumber(std::uint64_t hash, std::uint64_t number) {
  return Extend(hash, {reinterpret_cast<const char*>(&number), sizeof number});
}

std::uint64_t HashOfRoot(std::size_t root) {
  return ExtendByNumber(kFnvOffset, root);
}

std::uint64_t HashOfInode(std::uint64_t device, std::uint64_t inode) {
  return ExtendByNumber(ExtendByNumber(kFnvOffset, device), inode);
}

// The hash of the entry `component` of a directory.
std::uint64_t HashOfEntry(std::uint64_t directory, std::string_view component) {
  return Extend(Extend(directory, "/"), component);
}

// Takes the first component off a relative path.
std::string_view TakeComponent(std::string_view& path) {
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view component = path.substr(0, slash);
  path.remove_prefix(std::min(slash + 1, path.size()));
  return component;
}

// What is said of an output of which several readings were added.
Added Combine(Added a, Added b) {
  for (const Added added :
       {Added::kUnresolved, Added::kShielded, Added::kAbsent}) {
    if (a == added || b == added) return added;
  }
  return Added::kElsewhere;
}

// An absolute path cut at its last component.
std::pair<std::string, std::string> SplitLast(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  const std::size_t slash = path.find_last_of('/');
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

// The directory and the name of the first component that is a sequence.
std::optional<std::pair<std::string, std::string>> FindSequence(
    std::string_view path) {
  std::string directory;
  while (!path.empty()) {
    const std::string_view component = TakeComponent(path);
    if (SequencePattern::Parse(component).has_value()) {
      return std::pair(directory.empty() ? "/" : directory,
                       std::string(component));
    }
    if (!component.empty()) directory.append("/").append(component);
  }
  return std::nullopt;
}

}  // namespace

Shield::Shield(const std::vector<Root>& roots) : roots_(roots) {}

Shield::Added Shield::Add(std::string_view output,
                          const std::vector<std::string>& job_names) {
  const OutputPath parsed = ParseOutputPath(output);
  Added added = Added::kElsewhere;
  switch (parsed.form) {
    case OutputPath::Form::kNone:
    case OutputPath::Form::kForeign:
      break;
    case OutputPath::Form::kUnreadable:
      added = Added::kUnresolved;
      break;
    case OutputPath::Form::kAbsolute:
      added = AddAbsolute(parsed.path, Reading::kOnly);
      break;
    case OutputPath::Form::kRelative:
      added = AddRelative(parsed.path, job_names);
      break;
  }
  if (added == Added::kUnresolved) {
    for (std::size_t root = 0; root < roots_.size(); ++root) {
      for (const std::string& name : job_names) {
        const std::string relative = NormalisePath(name);
        // A name that is empty or leads out would shield the root itself.
        if (!relative.empty()) ShieldBelow(root, relative);
      }
    }
  }
  return added;
}

Shield::Added Shield::AddRelative(const std::string& text,
                                  const std::vector<std::string>& job_names) {
  Added added = Added::kAbsent;
  for (const Root& root : roots_) {
    const std::string base = root.path() + "/";
    added = Combine(added, AddAbsolute(base + text, Reading::kOneOfSeveral));
    for (const std::string& name : job_names) {
      added = Combine(
          added, AddAbsolute(base + name + "/" + text, Reading::kOneOfSeveral));
    }
  }
  return added;
}

Shield::Added Shield::AddAbsolute(const std::string& text, Reading reading) {
  const auto sequence = FindSequence(text);
  if (!sequence.has_value()) return AddLiteral(text, reading);
  // Also as one file: a name may well hold a '#'.
  return Combine(AddLiteral(text, Reading::kOneOfSeveral),
                 AddSequence(sequence->first, sequence->second));
}

Shield::Added Shield::AddLiteral(const std::string& text, Reading reading) {
  const auto [directory, name] = SplitLast(text);
  const ResolvedDirectory parent = resolver_.Resolve(directory);
  const bool inside_entry = IsInsideEntry(parent.real);
  if (reading == Reading::kOneOfSeveral &&
      (parent.error == ENOTDIR || (!parent.missing.empty() && !inside_entry))) {
    return Added::kElsewhere;
  }
  const bool below_as_written = ShieldPath(NormalisePath(text));
  if (parent.error != 0) return Added::kUnresolved;
  const std::string real =
      NormalisePath(parent.real + "/" + parent.missing + "/" + name);
  const bool below_really = ShieldPath(real);
  Added added = Added::kElsewhere;
  if (parent.missing.empty()) {
    added = AddExisting(real, below_really);
  } else if (below_really && inside_entry && reading == Reading::kOnly) {
    added = Added::kUnresolved;
  }
  const bool below = below_as_written || below_really;
  return added == Added::kElsewhere && below ? Added::kAbsent : added;
}

// `path` is real but for its last component.
Shield::Added Shield::AddExisting(const std::string& path, bool below) {
  struct stat st = {};
  if (::lstat(path.c_str(), &st) != 0) {
    return errno == ENOENT ? Added::kElsewhere : Added::kUnresolved;
  }
  ShieldInode(st, below);
  if (S_ISLNK(st.st_mode)) {
    const std::optional<std::string> target = RealPath(path);
    if (!target.has_value() || ::lstat(target->c_str(), &st) != 0) {
      return Added::kUnresolved;
    }
    const bool target_below = ShieldPath(*target);
    ShieldInode(st, target_below);
    below = below || target_below;
  }
  return below ? Added::kShielded : Added::kElsewhere;
}

Shield::Added Shield::AddSequence(const std::string& directory,
                                  const std::string& pattern) {
  const bool below_as_written =
      ShieldSequence(NormalisePath(directory), pattern);
  const ResolvedDirectory resolved = resolver_.Resolve(directory);
  if (resolved.error == ENOTDIR) return Added::kElsewhere;
  if (resolved.error != 0) return Added::kUnresolved;
  const std::string real =
      NormalisePath(resolved.real + "/" + resolved.missing);
  const bool below_really = ShieldSequence(real, pattern);
  if (below_really && resolved.missing.empty()) return AddFrames(real, pattern);
  return below_as_written || below_really ? Added::kAbsent : Added::kElsewhere;
}

// The frames that are there, so that they are known by other names too.
Shield::Added Shield::AddFrames(const std::string& directory,
                                const std::string& pattern) {
  const auto sequence = SequencePattern::Parse(pattern);
  const std::unique_ptr<DIR, CloseDirectory> stream(
      ::opendir(directory.c_str()));
  if (stream == nullptr) return Added::kUnresolved;
  Added added = Added::kAbsent;
  while (const dirent* entry = ::readdir(stream.get())) {
    struct stat st = {};
    if (!sequence->Matches(entry->d_name) ||
        ::fstatat(::dirfd(stream.get()), entry->d_name, &st,
                  AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    ShieldInode(st, true);
    added = Added::kShielded;
  }
  return added;
}

bool Shield::ShieldPath(std::string_view path) {
  bool below = false;
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    for (const std::string& base : {roots_[i].path(), roots_[i].real_path()}) {
      if (const auto relative = BelowDirectory(path, base)) {
        ShieldBelow(i, *relative);
        below = true;
      } else if (BelowDirectory(base, path)) {
        ShieldBelow(i, "");
        below = true;
      }
    }
  }
  return below;
}

bool Shield::ShieldSequence(std::string_view directory,
                            const std::string& pattern) {
  bool below = false;
  for (std::size_t i = 0; i < roots_.size(); ++i) {
    for (const std::string& base : {roots_[i].path(), roots_[i].real_path()}) {
      if (auto relative = BelowDirectory(directory, base)) {
        std::uint64_t hash = HashOfRoot(i);
        ancestors_.Add(hash);
        while (!relative->empty()) {
          hash = HashOfEntry(hash, TakeComponent(*relative));
          ancestors_.Add(hash);
        }
        sequences_.push_back({hash, pattern});
        below = true;
      } else if (auto way = BelowDirectory(base, directory)) {
        // The sequence may be one of directories, with the root in it.
        if (!SequencePattern::Parse(pattern)->Matches(TakeComponent(*way))) {
          continue;
        }
        ShieldBelow(i, "");
        below = true;
      }
    }
  }
  return below;
}

void Shield::ShieldBelow(std::size_t root, std::string_view relative) {
  std::uint64_t hash = HashOfRoot(root);
  while (!relative.empty()) {
    ancestors_.Add(hash);
    hash = HashOfEntry(hash, TakeComponent(relative));
  }
  paths_.Add(hash);
}

void Shield::ShieldInode(const struct stat& st, bool below) {
  if (!below) {
    // Outside every root by its path, but a bind mount may show it below one.
    // With further links, a name below a root is a temporary one.
    const bool on_root_device = std::any_of(
        roots_.begin(), roots_.end(),
        [&](const Root& root) { return root.identity().device == st.st_dev; });
    if (!on_root_device || (!S_ISDIR(st.st_mode) && st.st_nlink > 1)) return;
  }
  inodes_.Add(HashOfInode(st.st_dev, st.st_ino));
}

bool Shield::IsInsideEntry(std::string_view path) const {
  return std::any_of(roots_.begin(), roots_.end(), [&](const Root& root) {
    const auto relative = BelowDirectory(path, root.real_path());
    return relative.has_value() && !relative->empty();
  });
}

void Shield::Seal() {
  paths_.Seal();
  ancestors_.Seal();
  inodes_.Seal();
  std::sort(sequences_.begin(), sequences_.end());
  sequences_.erase(std::unique(sequences_.begin(), sequences_.end()),
                   sequences_.end());
}

bool Shield::HoldsPath(std::size_t root, std::string_view relative) const {
  std::uint64_t hash = HashOfRoot(root);
  while (!paths_.Contains(hash)) {
    if (relative.empty()) return false;
    const std::string_view component = TakeComponent(relative);
    if (MatchesSequence(hash, component)) return true;
    hash = HashOfEntry(hash, component);
  }
  return true;
}

bool Shield::MatchesSequence(std::uint64_t directory,
                             std::string_view name) const {
  auto sequence = std::lower_bound(
      sequences_.begin(), sequences_.end(), directory,
      [](const Sequence& a, std::uint64_t b) { return a.directory < b; });
  for (; sequence != sequences_.end() && sequence->directory == directory;
       ++sequence) {
    if (SequencePattern::Parse(sequence->pattern)->Matches(name)) return true;
  }
  return false;
}

bool Shield::HoldsInode(std::uint64_t device, std::uint64_t inode) const {
  return inodes_.Contains(HashOfInode(device, inode));
}

bool Shield::HoldsBelow(std::size_t root, std::string_view relative) const {
  std::uint64_t hash = HashOfRoot(root);
  for (std::string_view rest = relative; !rest.empty();) {
    hash = HashOfEntry(hash, TakeComponent(rest));
  }
  return ancestors_.Contains(hash) || HoldsPath(root, relative);
}

std::size_t Shield::size() const {
  return paths_.size() + ancestors_.size() + inodes_.size() + sequences_.size();
}

}  // namespace retentiond
