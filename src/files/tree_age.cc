#include "files/tree_age.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "files/name_pattern.h"

namespace retentiond {
namespace {

bool IsAtOrAfter(const statx_timestamp& stamp, Instant cutoff) {
  // Rounded down to the cutoff's own unit, which cannot change the answer.
  const Instant instant(std::chrono::seconds(stamp.tv_sec) +
                        Micros(stamp.tv_nsec / 1000));
  return instant >= cutoff;
}

bool IsYoung(const struct statx& st, Instant cutoff) {
  // Not every file system knows when a file was born.
  const bool born_known = (st.stx_mask & STATX_BTIME) != 0;
  return IsAtOrAfter(st.stx_mtime, cutoff) ||
         IsAtOrAfter(st.stx_ctime, cutoff) ||
         (born_known && IsAtOrAfter(st.stx_btime, cutoff));
}

class AgeWalk {
 public:
  AgeWalk(Descent& descent, FileCalls& calls, Instant cutoff,
          const AgeVisitor& visitor)
      : descent_(descent),
        calls_(calls),
        cutoff_(cutoff),
        visitor_(visitor),
        base_(descent.depth()) {}

  absl::StatusOr<TreeAge> Run(const std::string& name) {
    pending_.emplace_back();
    if (visitor_.seen) visitor_.seen(name.c_str());
    ASSIGN_OR_RETURN(TreeAge age, Look(name));
    while (age == TreeAge::kOld && !pending_.empty()) {
      ASSIGN_OR_RETURN(age, Step());
      if (age == TreeAge::kGone) age = TreeAge::kOld;  // it vanished meanwhile
    }
    while (descent_.depth() > base_) RETURN_IF_ERROR(descent_.Leave());
    return age;
  }

 private:
  // Steps into the next directory that was seen, or reads on, or steps up.
  absl::StatusOr<TreeAge> Step() {
    if (!pending_.back().empty()) {
      const std::string name = std::move(pending_.back().back());
      pending_.back().pop_back();
      return Enter(name);
    }
    if (descent_.depth() > base_) {
      if (visitor_.may_go_on && !visitor_.may_go_on()) {
        return absl::CancelledError("asked to stop");
      }
      ASSIGN_OR_RETURN(const std::vector<Descent::Entry> entries,
                       descent_.ReadBatch());
      for (const Descent::Entry& entry : entries) {
        if (visitor_.seen) visitor_.seen(entry.name);
        ASSIGN_OR_RETURN(const TreeAge age, Look(entry.name));
        if (age != TreeAge::kOld && age != TreeAge::kGone) return age;
      }
      if (!entries.empty()) return TreeAge::kOld;
      RETURN_IF_ERROR(descent_.Leave());
    }
    pending_.pop_back();
    return TreeAge::kOld;
  }

  absl::StatusOr<TreeAge> Look(const std::string& name) {
    struct statx st = {};
    if (StatEntry(calls_, descent_.fd(), name.c_str(), st) != 0) {
      if (errno == ENOENT) return TreeAge::kGone;
      return ErrnoStatus(
          errno, fmt::format("examine '{}'", ShownPath(descent_.PathOf(name))));
    }
    if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0) {
      return TreeAge::kMounted;
    }
    if (IsYoung(st, cutoff_)) return TreeAge::kYoung;
    if (S_ISDIR(st.stx_mode)) pending_.back().push_back(name);
    return TreeAge::kOld;
  }

  absl::StatusOr<TreeAge> Enter(const std::string& name) {
    const absl::Status status = descent_.Enter(name);
    if (ErrnoOf(status) == ENOENT) return TreeAge::kGone;
    RETURN_IF_ERROR(status);
    pending_.emplace_back();
    return TreeAge::kOld;
  }

  Descent& descent_;
  FileCalls& calls_;
  const Instant cutoff_;
  const AgeVisitor& visitor_;
  const std::size_t base_;
  // Directories still to be entered: one list for each level from the base on.
  std::vector<std::vector<std::string>> pending_;
};

}  // namespace

absl::StatusOr<TreeAge> FindTreeAge(Descent& descent, FileCalls& calls,
                                    const std::string& name, Instant cutoff,
                                    const AgeVisitor& visitor) {
  return AgeWalk(descent, calls, cutoff, visitor).Run(name);
}

}  // namespace retentiond
