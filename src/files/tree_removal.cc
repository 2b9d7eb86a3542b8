// The walk keeps a frame for each directory from the one that holds the entry
// (the base, which is never removed) down to the current one. A directory is
// emptied of what is no directory batch by batch; the directories met on the
// way are entered when the batch is done, so that one buffer serves all levels.
// It is removed when nothing in it stays.
//
// What is removed is known by its type and inode as the directory lists them:
// to ask for each file's status costs a quarter of its removal. Only the first
// files of a directory are asked for, and of the others one in so many, for the
// bytes: it stands for the ones that were not asked for.
#include "files/tree_removal.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fnmatch.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "files/name_pattern.h"
#include "files/trash.h"
#include "files/tree_age.h"

namespace retentiond {
namespace {

// Looks at a directory in which something still lies after it was emptied: a
// file system may skip names while others are removed, and a late writer may
// add one. Who writes more often than this is at work there.
constexpr int kMostPasses = 3;

constexpr std::int64_t kStatBlockBytes = 512;  // stx_blocks' unit, statx(2)

// The files of a directory whose bytes are counted one by one, and how many
// each that is asked for after them stands for: frames of one sequence are much
// of a size, and a job's few large files are among few.
constexpr std::int64_t kFilesCountedOne = 16;
constexpr std::int64_t kFilesCountedTogether = 16;

bool IsPermission(int error) {
  return error == EPERM || error == EACCES || error == EROFS;
}

}  // namespace

TreeRemoval::TreeRemoval(const RemovalParts& parts, Descent& descent)
    : parts_(parts),
      descent_(descent),
      may_hold_past_output_(!parts.options.keep_names.empty()) {}

Removal TreeRemoval::RemoveEntry(const std::vector<std::string>& components) {
  const std::string& name = components.back();
  if (!EnterParents(components) || !IsOldEnough(name)) return removal_;
  PushBase();
  VisitEntry({name.c_str(), DT_UNKNOWN, 0});
  while (Step()) continue;
  return removal_;
}

Removal TreeRemoval::RemoveEmptyDirectory(
    const std::vector<std::string>& components) {
  const std::string& name = components.back();
  if (!EnterParents(components)) return removal_;
  PushBase();
  const std::string path = descent_.PathOf(name);
  if (parts_.shield.HoldsPath(parts_.root_index, path)) {
    KeepOutput(path, kKeptShielded);
  } else if (parts_.options.dry_run == DryRun::kNo) {
    if (parts_.calls.Unlink(descent_.fd(), name.c_str(), AT_REMOVEDIR) == 0) {
      ++removal_.directories;
    } else if (errno != ENOTEMPTY && errno != ENOTDIR) {
      FailCall(name.c_str(), "remove");
    }
  }
  return removal_;
}

Removal TreeRemoval::EmptyTrash() {
  in_trash_ = true;
  std::vector<std::string> names;
  while (true) {
    const absl::StatusOr<std::vector<Descent::Entry>> entries =
        descent_.ReadBatch();
    if (!entries.ok()) {
      Fail(std::string(kTrashName), entries.status());
      break;
    }
    if (entries->empty()) break;
    for (const Descent::Entry& entry : *entries) {
      if (!IsTrashsOwn(entry.name)) names.emplace_back(entry.name);
    }
  }
  PushBase();
  for (const std::string& name : names) {
    VisitEntry({name.c_str(), DT_UNKNOWN, 0});
    while (Step()) continue;
    if (interrupted_) break;
  }
  return removal_;
}

void TreeRemoval::PushBase() {
  Frame base{.name = ""};
  base.may_hold_output =
      parts_.shield.HoldsBelow(parts_.root_index, descent_.path());
  base.at_end = true;
  frames_.push_back(std::move(base));
}

bool TreeRemoval::EnterParents(const std::vector<std::string>& components) {
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

bool TreeRemoval::IsOldEnough(const std::string& name) {
  if (!parts_.options.only_older_than.has_value()) return true;
  const std::string path = descent_.PathOf(name);
  bool any_fits = false;
  const AgeVisitor visitor = {
      .seen =
          [&](const char* seen) { any_fits = any_fits || FitsKeepNames(seen); },
      .may_go_on = parts_.options.may_go_on};
  const absl::StatusOr<TreeAge> age = FindTreeAge(
      descent_, parts_.calls, name, *parts_.options.only_older_than, visitor);
  if (absl::IsCancelled(age.status())) {
    Defer(path, kKeptInterrupted);
  } else if (!age.ok()) {
    Fail(path, age.status());
  } else if (*age == TreeAge::kYoung) {
    Keep(path, kKeptNewer);
  } else if (*age == TreeAge::kMounted) {
    Defer(path, kKeptMounted);
  }
  if (!age.ok() || *age != TreeAge::kOld) return false;
  may_hold_past_output_ = any_fits;
  return true;
}

// One step of the walk; false when only the base is left, and done.
bool TreeRemoval::Step() {
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

void TreeRemoval::VisitBatch() {
  const absl::StatusOr<std::vector<Descent::Entry>> entries =
      descent_.ReadBatch();
  if (!entries.ok()) {
    Fail(descent_.path(), entries.status());
    frames_.back().at_end = true;
    return;
  }
  frames_.back().at_end = entries->empty();
  for (std::size_t i = 0; i < entries->size(); ++i) {
    if (i % Descent::kNamesPerCheck == 0 && (!GoesOn() || !IsInPlace())) return;
    VisitEntry((*entries)[i]);
  }
}

bool TreeRemoval::GoesOn() {
  if (!parts_.options.may_go_on || parts_.options.may_go_on()) return true;
  Interrupt();
  return false;
}

// Leaves the entry as it is now. To step up through 50,000 levels would take
// minutes.
void TreeRemoval::Interrupt() {
  const std::size_t base = descent_.depth() - (frames_.size() - 1);
  descent_.ReturnTo(base + 1);
  frames_.resize(descent_.depth() > base ? 2 : 1);
  frames_.back().directories.clear();
  frames_.back().at_end = true;
  Defer(descent_.path(), kKeptInterrupted);
  interrupted_ = true;
}

// Leaves the directory, and those above it that went with it, if it no longer
// lies where it was entered: what somebody moved away is not ours to remove.
bool TreeRemoval::IsInPlace() {
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

void TreeRemoval::VisitEntry(const Descent::Entry& entry) {
  if (KeepIfOutput(entry.name)) return;
  if (entry.type == DT_DIR) {
    frames_.back().directories.emplace_back(entry.name);
    return;
  }
  const std::int64_t number = ++frames_.back().files;
  if (MayGoUnseen(entry)) return RemoveUnseen(entry);
  struct statx st = {};
  if (StatEntry(parts_.calls, descent_.fd(), entry.name, st) != 0) {
    FailCall(entry.name, "examine");
  } else if (S_ISDIR(st.stx_mode)) {
    frames_.back().directories.emplace_back(entry.name);
  } else {
    std::int64_t stands_for = 1;
    if (number > kFilesCountedOne) {
      stands_for =
          number % kFilesCountedTogether == 0 ? kFilesCountedTogether : 0;
    }
    RemoveFile(entry.name, st, stands_for);
  }
}

bool TreeRemoval::KeepIfOutput(const char* name) {
  if (frames_.back().may_hold_output) {
    const std::string path = descent_.PathOf(name);
    if (parts_.shield.HoldsPath(parts_.root_index, path)) {
      KeepOutput(path, kKeptShielded);
      return true;
    }
  }
  if (FitsKeepNames(name)) {
    KeepOutput(descent_.PathOf(name), kKeptPastOutput);
    return true;
  }
  return false;
}

bool TreeRemoval::FitsKeepNames(const char* name) const {
  const std::vector<std::string>& patterns = parts_.options.keep_names;
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) {
                       return ::fnmatch(pattern.c_str(), name, 0) == 0;
                     });
}

// Whether all that must be known of a file stands in the directory. (What is
// not there: whether it is a mount point, but then its removal fails.)
bool TreeRemoval::MayGoUnseen(const Descent::Entry& entry) const {
  const std::int64_t number = frames_.back().files;
  return parts_.options.dry_run == DryRun::kNo && number > kFilesCountedOne &&
         number % kFilesCountedTogether != 0 &&
         (entry.type == DT_REG || entry.type == DT_LNK ||
          entry.type == DT_FIFO) &&
         (!parts_.shield.holds_inodes() || parts_.root.lists_true_inodes());
}

void TreeRemoval::RemoveUnseen(const Descent::Entry& entry) {
  // An output may be named through a link: it would lose its name with it.
  const bool leads_to_output =
      frames_.back().may_hold_output &&
      parts_.shield.HoldsBelow(parts_.root_index, descent_.PathOf(entry.name));
  if (leads_to_output ||
      parts_.shield.HoldsInode(descent_.device(), entry.inode)) {
    return KeepOutput(descent_.PathOf(entry.name), kKeptShielded);
  }
  Unlink(entry.name);
}

// `stands_for` is how many files have the bytes of this one counted for them.
void TreeRemoval::RemoveFile(const char* name, const struct statx& st,
                             std::int64_t stands_for) {
  const bool leads_to_output =
      frames_.back().may_hold_output &&
      parts_.shield.HoldsBelow(parts_.root_index, descent_.PathOf(name));
  if (leads_to_output || parts_.shield.HoldsInode(DeviceOf(st), st.stx_ino)) {
    return KeepOutput(descent_.PathOf(name), kKeptShielded);
  }
  if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
    return Defer(descent_.PathOf(name), kKeptMounted);
  }
  if (S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode)) {
    return Keep(descent_.PathOf(name), kKeptDevice);
  }
  if (S_ISSOCK(st.stx_mode) && parts_.sockets.MayBeInUse(name)) {
    return Defer(descent_.PathOf(name), kKeptSocket);
  }
  // With another name left, nothing is freed.
  if (Unlink(name) && st.stx_nlink == 1) {
    removal_.bytes +=
        static_cast<std::int64_t>(st.stx_blocks) * kStatBlockBytes * stands_for;
  }
}

bool TreeRemoval::Unlink(const char* name) {
  if (parts_.options.dry_run == DryRun::kNo &&
      parts_.calls.Unlink(descent_.fd(), name, 0) != 0) {
    FailCall(name, "remove");
    return false;
  }
  ++removal_.files;
  return true;
}

void TreeRemoval::EnterDirectory(const std::string& name, int pass) {
  const absl::Status status = descent_.Enter(name);
  if (!status.ok()) return FailToEnter(name, status);
  Frame frame{.name = name};
  frame.pass = pass;
  frame.may_hold_output =
      frames_.back().may_hold_output &&
      parts_.shield.HoldsBelow(parts_.root_index, descent_.path());
  const bool is_entry = frames_.size() == 1;
  frames_.push_back(std::move(frame));
  if (parts_.shield.HoldsInode(descent_.device(), descent_.inode())) {
    KeepOutput(descent_.path(), kKeptShielded);
    frames_.back().at_end = true;
  } else if (is_entry && !Lock()) {
    frames_.back().at_end = true;
  } else if (is_entry && pass == 1) {
    MoveIntoTrash(name);
  }
}

void TreeRemoval::FailToEnter(const std::string& name,
                              const absl::Status& status) {
  const int error = ErrnoOf(status);
  if (error == ENOENT) return;
  const std::string path = descent_.PathOf(name);
  if (error == EXDEV) return Defer(path, kKeptMounted);
  struct statx st = {};
  const bool was_swapped =
      (error == ENOTDIR || error == ELOOP) &&
      StatEntry(parts_.calls, descent_.fd(), name.c_str(), st) == 0 &&
      !S_ISDIR(st.stx_mode);
  // A directory that has become a link meanwhile goes as a link.
  if (was_swapped) return RemoveFile(name.c_str(), st, 1);
  Fail(path, status);
}

// Takes the job's directory for ourselves; false when somebody works in it,
// or when that cannot be known.
bool TreeRemoval::Lock() {
  const int fd = descent_.fd();
  const std::string& path = descent_.path();
  if (parts_.calls.Flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    if (error == EWOULDBLOCK) {
      Defer(path, kKeptInUse);
      return false;
    }
    // Some network file systems know no lock on a directory, or none on a
    // descriptor for reading: nobody can hold one there.
    if (error != EBADF && error != ENOLCK && error != EOPNOTSUPP) {
      Fail(path, ErrnoStatus(error, fmt::format("lock '{}'", Shown(path))));
      return false;
    }
  }
  // A count must not keep a job waiting.
  if (parts_.options.dry_run == DryRun::kYes) parts_.calls.Flock(fd, LOCK_UN);
  return true;
}

// Where nothing below is to be kept, as far as can be known from above. It is
// no failure if it cannot be moved: then it is emptied where it lies.
void TreeRemoval::MoveIntoTrash(const std::string& name) {
  const TreeRemover::Options& options = parts_.options;
  if (options.trash == TreeRemover::UseTrash::kNo || in_trash_ ||
      options.dry_run == DryRun::kYes || descent_.depth() != 1 ||
      frames_.back().may_hold_output || may_hold_past_output_ ||
      IsTrashsOwn(name) ||
      parts_.mounts.AnyAtOrBelow(parts_.root.real_path() + "/" + name)) {
    return;
  }
  in_trash_ = descent_.MoveInto(std::string(kTrashName)).ok();
}

void TreeRemoval::MoveBack(const std::string& name) {
  if (parts_.options.dry_run == DryRun::kYes) return;
  if (parts_.calls.Rename(descent_.fd(), name.c_str(), parts_.root.fd(),
                          name.c_str()) == 0) {
    return;
  }
  const int error = errno;
  if (error == ENOENT) return;  // somebody else has taken it away
  const std::string path = descent_.PathOf(name);
  in_trash_ = false;  // shown as it is
  Fail(path, ErrnoStatus(error, fmt::format("leave '{}' where it is: move back",
                                            Shown(path))));
  in_trash_ = true;
}

void TreeRemoval::FinishDirectory() {
  const Frame frame = std::move(frames_.back());
  frames_.pop_back();
  // Enough for a message: a copy of the whole at each of 50,000 levels is not.
  const std::string path = descent_.path().substr(0, PATH_MAX);
  if (const absl::Status status = LeaveDirectory(); !status.ok()) {
    return Fail(path, status);
  }
  const bool is_entry = frames_.size() == 1;
  if (frame.stays) {
    frames_.back().stays = true;
  } else if (parts_.options.dry_run == DryRun::kYes ||
             parts_.calls.Unlink(descent_.fd(), frame.name.c_str(),
                                 AT_REMOVEDIR) == 0) {
    ++removal_.directories;
    return;
  } else if (errno == ENOTEMPTY && frame.pass < kMostPasses) {
    return EnterDirectory(frame.name, frame.pass + 1);
  } else {
    FailCall(frame.name.c_str(), "remove");
  }
  if (in_trash_ && is_entry) MoveBack(frame.name);
}

// Steps up with the descent, as many levels as it has to. The frame that is
// left was taken off by the caller.
absl::Status TreeRemoval::LeaveDirectory() {
  const std::size_t base = descent_.depth() - frames_.size();
  absl::Status status = descent_.Leave();
  while (frames_.size() > 1 && base + frames_.size() - 1 > descent_.depth()) {
    frames_.pop_back();
  }
  return status;
}

// A path as it is reported: where the entry lay before it went into the trash.
std::string TreeRemoval::Shown(std::string path) const {
  const std::string prefix = std::string(kTrashName) + "/";
  if (in_trash_ && path.starts_with(prefix)) path.erase(0, prefix.size());
  return ShownPath(path);
}

void TreeRemoval::Keep(const std::string& path, const char* reason) {
  if (!frames_.empty()) frames_.back().stays = true;
  ++removal_.kept_total;
  ++removal_.kept_by_reason[reason];
  if (removal_.kept.size() < Removal::kMostKept) {
    removal_.kept.push_back({Shown(path), reason});
  }
}

void TreeRemoval::KeepOutput(const std::string& path, const char* reason) {
  Keep(path, reason);
  ++removal_.shielded;
}

void TreeRemoval::Defer(const std::string& path, const char* reason) {
  Keep(path, reason);
  ++removal_.deferred;
}

void TreeRemoval::Fail(const std::string& path, const absl::Status& status) {
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
// vanished is no failure, and EBUSY is a mount point that the listing does not
// tell.
void TreeRemoval::FailCall(const char* name, const char* action) {
  const int error = errno;
  const std::string path = descent_.PathOf(name);
  if (error == ENOENT) return;
  if (error == EBUSY) return Defer(path, kKeptMounted);
  Fail(path, ErrnoStatus(error, fmt::format("{} '{}'", action, Shown(path))));
}

}  // namespace retentiond
