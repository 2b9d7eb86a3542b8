// The walk keeps a frame for each directory from the one that holds the entry
// (the base, which is never removed) down to the current one. A directory is
// emptied of what is no directory batch by batch; the directories met on the
// way are entered when the batch is done, so that one buffer serves all levels.
// It is removed when nothing in it stays.
#include "files/tree_remover.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "files/descent.h"
#include "files/name_pattern.h"
#include "files/tree_age.h"

namespace retentiond {
namespace {

// Looks at a directory in which something still lies after it was emptied: a
// file system may skip names while others are removed, and a late writer may
// add one. Who writes more often than this is at work there.
constexpr int kMostPasses = 3;

constexpr std::int64_t kStatBlockBytes = 512;  // stx_blocks' unit, statx(2)

bool IsPermission(int error) {
  return error == EPERM || error == EACCES || error == EROFS;
}

class TreeRemoval {
 public:
  TreeRemoval(Descent& descent, std::size_t root_index, const Shield& shield,
              FileCalls& calls, const LiveSockets& sockets,
              const TreeRemover::Options& options)
      : descent_(descent),
        root_index_(root_index),
        shield_(shield),
        calls_(calls),
        sockets_(sockets),
        options_(options) {}

  Removal Run(const std::vector<std::string>& components) {
    const std::string& name = components.back();
    if (!EnterParents(components) || !IsOldEnough(name)) return removal_;
    frames_.push_back(
        {"", {}, shield_.HoldsBelow(root_index_, descent_.path())});
    frames_.back().at_end = true;
    VisitEntry(name.c_str(), DT_UNKNOWN);
    while (Step()) continue;
    return removal_;
  }

 private:
  struct Frame {
    std::string name;
    std::vector<std::string> directories;  // met, to be entered
    bool may_hold_output = false;          // at or below it
    int pass = 1;
    bool at_end = false;
    bool stays = false;  // something in it does
  };

  bool EnterParents(const std::vector<std::string>& components) {
    for (std::size_t i = 0; i + 1 < components.size(); ++i) {
      const std::string path = descent_.PathOf(components[i]);
      const absl::Status status = descent_.Enter(components[i]);
      if (status.ok()) continue;
      if (ErrnoOf(status) == EXDEV) {
        Defer(path, kKeptMounted);
      } else if (ErrnoOf(status) != ENOENT) {
        Fail(path, status);
      }
      return false;
    }
    return true;
  }

  bool IsOldEnough(const std::string& name) {
    if (!options_.only_older_than.has_value()) return true;
    const std::string path = descent_.PathOf(name);
    const absl::StatusOr<TreeAge> age =
        FindTreeAge(descent_, calls_, name, *options_.only_older_than);
    if (!age.ok()) {
      Fail(path, age.status());
    } else if (*age == TreeAge::kYoung) {
      Keep(path, kKeptNewer);
    } else if (*age == TreeAge::kMounted) {
      Defer(path, kKeptMounted);
    }
    return age.ok() && *age == TreeAge::kOld;
  }

  // One step of the walk; false when only the base is left, and done.
  bool Step() {
    Frame& frame = frames_.back();
    if (!frame.directories.empty()) {
      const std::string name = std::move(frame.directories.back());
      frame.directories.pop_back();
      EnterDirectory(name, 1);
    } else if (!frame.at_end) {
      VisitBatch();
    } else if (frames_.size() > 1) {
      FinishDirectory();
    } else {
      return false;
    }
    return true;
  }

  void VisitBatch() {
    const absl::StatusOr<std::vector<Descent::Entry>> entries =
        descent_.ReadBatch();
    if (!entries.ok()) {
      Fail(descent_.path(), entries.status());
      frames_.back().at_end = true;
      return;
    }
    frames_.back().at_end = entries->empty();
    for (std::size_t i = 0; i < entries->size(); ++i) {
      if (i % Descent::kNamesPerCheck == 0 && !IsInPlace()) return;
      VisitEntry((*entries)[i].name, (*entries)[i].type);
    }
  }

  // Leaves the directory, and those above it that went with it, if it no longer
  // lies where it was entered: what somebody moved away is not ours to remove.
  bool IsInPlace() {
    absl::Status status = descent_.CheckInPlace();
    if (status.ok()) return true;
    Fail(descent_.path(), status);
    while (!status.ok() && frames_.size() > 1) {
      frames_.pop_back();
      frames_.back().stays = true;
      LeaveDirectory().IgnoreError();  // reported above
      status = descent_.CheckInPlace();
    }
    return false;
  }

  void VisitEntry(const char* name, unsigned char type) {
    if (KeepIfOutput(name)) return;
    if (type == DT_DIR) {
      frames_.back().directories.emplace_back(name);
      return;
    }
    struct statx st = {};
    if (StatEntry(calls_, descent_.fd(), name, st) != 0) {
      FailCall(name, "examine");
    } else if (S_ISDIR(st.stx_mode)) {
      frames_.back().directories.emplace_back(name);
    } else {
      RemoveFile(name, st);
    }
  }

  bool KeepIfOutput(const char* name) {
    if (frames_.back().may_hold_output) {
      const std::string path = descent_.PathOf(name);
      if (shield_.HoldsPath(root_index_, path)) {
        KeepOutput(path, kKeptShielded);
        return true;
      }
    }
    for (const std::string& pattern : options_.keep_names) {
      if (::fnmatch(pattern.c_str(), name, 0) == 0) {
        KeepOutput(descent_.PathOf(name), kKeptPastOutput);
        return true;
      }
    }
    return false;
  }

  void RemoveFile(const char* name, const struct statx& st) {
    // An output may be named through a link: it would lose its name with it.
    const bool leads_to_output =
        frames_.back().may_hold_output &&
        shield_.HoldsBelow(root_index_, descent_.PathOf(name));
    if (leads_to_output || shield_.HoldsInode(DeviceOf(st), st.stx_ino)) {
      return KeepOutput(descent_.PathOf(name), kKeptShielded);
    }
    if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
      return Defer(descent_.PathOf(name), kKeptMounted);
    }
    if (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode)) {
      return Keep(descent_.PathOf(name), kKeptDevice);
    }
    if (S_ISSOCK(st.stx_mode) && sockets_.MayBeInUse(name)) {
      return Defer(descent_.PathOf(name), kKeptSocket);
    }
    if (options_.dry_run == DryRun::kNo &&
        calls_.Unlink(descent_.fd(), name, 0) != 0) {
      return FailCall(name, "remove");
    }
    ++removal_.files;
    // With another name left, nothing is freed.
    if (st.stx_nlink == 1) {
      removal_.bytes +=
          static_cast<std::int64_t>(st.stx_blocks) * kStatBlockBytes;
    }
  }

  void EnterDirectory(const std::string& name, int pass) {
    const std::string path = descent_.PathOf(name);
    const absl::Status status = descent_.Enter(name);
    if (!status.ok()) return FailToEnter(name, path, status);
    Frame frame{name, {}, false, pass};
    frame.may_hold_output =
        frames_.back().may_hold_output && shield_.HoldsBelow(root_index_, path);
    const bool is_entry = frames_.size() == 1;
    frames_.push_back(std::move(frame));
    if (shield_.HoldsInode(descent_.device(), descent_.inode())) {
      KeepOutput(path, kKeptShielded);
      frames_.back().at_end = true;
    } else if (is_entry && !Lock(path)) {
      frames_.back().at_end = true;
    }
  }

  void FailToEnter(const std::string& name, const std::string& path,
                   const absl::Status& status) {
    const int error = ErrnoOf(status);
    if (error == ENOENT) return;
    if (error == EXDEV) return Defer(path, kKeptMounted);
    struct statx st = {};
    const bool was_swapped =
        (error == ENOTDIR || error == ELOOP) &&
        StatEntry(calls_, descent_.fd(), name.c_str(), st) == 0 &&
        !S_ISDIR(st.stx_mode);
    // A directory that has become a link meanwhile goes as a link.
    if (was_swapped) return RemoveFile(name.c_str(), st);
    Fail(path, status);
  }

  // Takes the job's directory for ourselves; false when somebody works in it,
  // or when that cannot be known.
  bool Lock(const std::string& path) {
    const int fd = descent_.fd();
    if (calls_.Flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const int error = errno;
      if (error == EWOULDBLOCK) {
        Defer(path, kKeptInUse);
        return false;
      }
      // Some network file systems know no lock on a directory, or none on a
      // descriptor for reading: nobody can hold one there.
      if (error != EBADF && error != ENOLCK && error != EOPNOTSUPP) {
        Fail(path,
             ErrnoStatus(error, fmt::format("lock '{}'", EscapeName(path))));
        return false;
      }
    }
    // A count must not keep a job waiting.
    if (options_.dry_run == DryRun::kYes) calls_.Flock(fd, LOCK_UN);
    return true;
  }

  void FinishDirectory() {
    const Frame frame = std::move(frames_.back());
    frames_.pop_back();
    const std::string path = descent_.path();
    if (const absl::Status status = LeaveDirectory(); !status.ok()) {
      return Fail(path, status);
    }
    if (frame.stays) {
      frames_.back().stays = true;
    } else if (options_.dry_run == DryRun::kYes ||
               calls_.Unlink(descent_.fd(), frame.name.c_str(), AT_REMOVEDIR) ==
                   0) {
      ++removal_.directories;
    } else if (errno == ENOTEMPTY && frame.pass < kMostPasses) {
      EnterDirectory(frame.name, frame.pass + 1);
    } else {
      FailCall(frame.name.c_str(), "remove");
    }
  }

  // Steps up with the descent, as many levels as it has to. The frame that is
  // left was taken off by the caller.
  absl::Status LeaveDirectory() {
    const std::size_t base = descent_.depth() - frames_.size();
    absl::Status status = descent_.Leave();
    while (frames_.size() > 1 && base + frames_.size() - 1 > descent_.depth()) {
      frames_.pop_back();
    }
    return status;
  }

  void Keep(const std::string& path, const char* reason) {
    if (!frames_.empty()) frames_.back().stays = true;
    ++removal_.kept_total;
    if (removal_.kept.size() < Removal::kMostKept) {
      removal_.kept.push_back({EscapeName(path), reason});
    }
  }

  void KeepOutput(const std::string& path, const char* reason) {
    Keep(path, reason);
    ++removal_.shielded;
  }

  void Defer(const std::string& path, const char* reason) {
    Keep(path, reason);
    ++removal_.deferred;
  }

  void Fail(const std::string& path, const absl::Status& status) {
    if (!frames_.empty()) frames_.back().stays = true;
    if (absl::IsFailedPrecondition(status)) {
      Keep(path, kKeptMoved);
    } else if (IsPermission(ErrnoOf(status))) {
      Keep(path, kKeptPermission);
    }
    ++removal_.errors_total;
    if (removal_.errors.size() < Removal::kMostErrors) {
      removal_.errors.push_back(MessageOf(status));
    }
  }

  // By errno, of a call on the entry `name` of the current directory. What has
  // vanished is no failure, and EBUSY is a mount point that another process
  // has just made.
  void FailCall(const char* name, const char* action) {
    const int error = errno;
    const std::string path = descent_.PathOf(name);
    if (error == ENOENT) return;
    if (error == EBUSY) return Defer(path, kKeptMounted);
    Fail(path,
         ErrnoStatus(error, fmt::format("{} '{}'", action, EscapeName(path))));
  }

  Descent& descent_;
  const std::size_t root_index_;
  const Shield& shield_;
  FileCalls& calls_;
  const LiveSockets& sockets_;
  const TreeRemover::Options& options_;
  std::vector<Frame> frames_;
  Removal removal_;
};

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> components;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/')) {
    components.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  components.emplace_back(path);
  return components;
}

}  // namespace

void Removal::Add(const Removal& other) {
  files += other.files;
  directories += other.directories;
  bytes += other.bytes;
  shielded += other.shielded;
  kept_total += other.kept_total;
  deferred += other.deferred;
  errors_total += other.errors_total;
  for (const KeptEntry& entry : other.kept) {
    if (kept.size() < kMostKept) kept.push_back(entry);
  }
  for (const std::string& error : other.errors) {
    if (errors.size() < kMostErrors) errors.push_back(error);
  }
}

TreeRemover::TreeRemover(const Root& root, std::size_t root_index,
                         const Shield& shield, FileCalls& calls,
                         LiveSockets sockets)
    : root_(root),
      root_index_(root_index),
      shield_(shield),
      calls_(calls),
      sockets_(std::move(sockets)) {}

Removal TreeRemover::Remove(std::string_view relative, const Options& options) {
  Removal removal;
  const std::vector<std::string> components = SplitPath(relative);
  if (!std::all_of(components.begin(), components.end(), IsRemovableName)) {
    removal.kept.push_back({EscapeName(relative), kKeptRefusedName});
    removal.kept_total = 1;
    return removal;
  }
  absl::StatusOr<Descent> descent = Descent::Open(root_, calls_);
  const absl::Status status =
      descent.ok() ? descent->CheckInPlace() : descent.status();
  if (!status.ok()) {
    removal.errors.push_back(MessageOf(status));
    removal.errors_total = 1;
    return removal;
  }
  return TreeRemoval(*descent, root_index_, shield_, calls_, sockets_, options)
      .Run(components);
}

}  // namespace retentiond
