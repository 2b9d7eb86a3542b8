// What is asked of all roots together, and of what lies in them, before a run
// and by `retentiond check`.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "base/status_macros.h"
#include "files/name_pattern.h"
#include "files/root.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

// A root that is there, or the place where it will be.
struct Place {
  std::string configured;
  std::string real;
  std::optional<RootIdentity> identity;
};

// Whether `path` is `directory` or lies below it; both without trailing slash.
bool IsAtOrBelow(const std::string& path, const std::string& directory) {
  return path == directory || path.rfind(directory + "/", 0) == 0;
}

bool SameDirectory(const Place& a, const Place& b) {
  return a.identity.has_value() && b.identity.has_value() &&
         a.identity->device == b.identity->device &&
         a.identity->inode == b.identity->inode;
}

absl::StatusOr<Place> FindPlace(const fs::path& path,
                                const std::optional<uid_t>& owner) {
  const absl::StatusOr<Root> root = Root::Open(path, owner);
  if (root.ok()) {
    return Place{path.string(), root->real_path(), root->identity()};
  }
  if (!absl::IsNotFound(root.status())) return root.status();
  std::error_code ignored;  // a parent that cannot be read: the path as it is
  fs::path real = fs::weakly_canonical(path, ignored);
  if (real.empty()) real = path.lexically_normal();
  std::string text = real.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return Place{path.string(), std::move(text), std::nullopt};
}

// Enough to meet an entry of another user, without reading a root of millions.
constexpr int kMostEntriesSeen = 1000;

// Why `entry` could not be removed with all that is in it; empty if it can.
std::string WhyNotRemovable(const struct stat& root, int fd,
                            const std::string& entry) {
  struct stat st = {};
  if (::fstatat(fd, entry.c_str(), &st, AT_SYMLINK_NOFOLLOW) != 0) return "";
  const uid_t self = ::geteuid();
  if (self != 0 && (root.st_mode & S_ISVTX) != 0 && root.st_uid != self &&
      st.st_uid != self) {
    return "belongs to another user, and the directory is sticky";
  }
  if (S_ISDIR(st.st_mode) &&
      ::faccessat(fd, entry.c_str(), R_OK | W_OK | X_OK,
                  AT_EACCESS | AT_SYMLINK_NOFOLLOW) != 0) {
    return "is a directory that this process's user may not empty";
  }
  return "";
}

std::optional<Finding> CheckWritable(const Root& root) {
  const std::string shown = EscapeName(root.path());
  Finding finding{Finding::Level::kError,
                  "root-write",
                  "",
                  "",
                  "",
                  "run the daemon as the user that owns the files, or as "
                  "root, or let a common group write there"};
  if (::faccessat(root.fd(), ".", W_OK | X_OK, AT_EACCESS) != 0) {
    if (errno == EROFS) {
      finding.message = fmt::format(
          "nothing can be removed from '{}': it is read-only here", shown);
      finding.fix =
          "mount it writable, or have it in ReadWritePaths= of the unit "
          "(`retentiond init --write`), and restart the service";
      return finding;
    }
    finding.message = fmt::format(
        "nothing can be removed from '{}': this process's user may not write "
        "there",
        shown);
    return finding;
  }
  struct stat st = {};
  std::error_code error;
  fs::directory_iterator entries(fmt::format("/proc/self/fd/{}", root.fd()),
                                 error);
  if (error || ::fstat(root.fd(), &st) != 0) return std::nullopt;
  for (int seen = 0;
       entries != fs::directory_iterator() && seen < kMostEntriesSeen;
       entries.increment(error), ++seen) {
    const std::string name = entries->path().filename().string();
    const std::string reason = WhyNotRemovable(st, root.fd(), name);
    if (reason.empty()) continue;
    finding.level = Finding::Level::kWarning;
    finding.message = fmt::format("'{}/{}' cannot be removed: it {}", shown,
                                  EscapeName(name), reason);
    return finding;
  }
  return std::nullopt;
}

}  // namespace

absl::Status ValidateRoots(const std::vector<fs::path>& roots,
                           const std::optional<uid_t>& owner) {
  std::vector<Place> places;
  for (const fs::path& path : roots) {
    ASSIGN_OR_RETURN(const Place place, FindPlace(path, owner));
    for (const Place& other : places) {
      const bool same = SameDirectory(place, other) || place.real == other.real;
      if (!same && !IsAtOrBelow(place.real, other.real) &&
          !IsAtOrBelow(other.real, place.real)) {
        continue;
      }
      return absl::InvalidArgumentError(fmt::format(
          "roots '{}' and '{}' {}: name each directory once, and none that "
          "lies in another",
          EscapeName(other.configured), EscapeName(place.configured),
          same ? "are the same directory" : "lie one in the other"));
    }
    places.push_back(place);
  }
  return absl::OkStatus();
}

std::vector<Finding> CheckRoots(const std::vector<fs::path>& roots,
                                const std::optional<uid_t>& owner) {
  std::vector<Finding> findings;
  for (const fs::path& path : roots) {
    Finding problem;
    const absl::StatusOr<Root> root = Root::Open(path, owner, &problem);
    if (!root.ok()) {
      findings.push_back(problem);
    } else if (const std::optional<Finding> finding = CheckWritable(*root);
               finding.has_value()) {
      findings.push_back(*finding);
    }
  }
  return findings;
}

}  // namespace retentiond
