// A directory below which files may be removed, opened once and pinned.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/finding.h"
#include "base/unique_fd.h"

namespace retentiond {

// What tells a root from another directory at the same path.
struct RootIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t mount_id = 0;

  friend bool operator==(const RootIdentity&, const RootIdentity&) = default;
};

class Root {
 public:
  // NotFound: there is no such directory. InvalidArgument: it is `/`, not
  // absolute, not a directory, a symbolic link, on a private mount, or its
  // owner is neither root nor ourselves nor `owner`. The message says which and
  // what to do; `problem`, when given, says it as a finding.
  static absl::StatusOr<Root> Open(const std::filesystem::path& path,
                                   const std::optional<uid_t>& owner,
                                   Finding* problem = nullptr);

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }  // absolute, as configured
  // The path with symbolic links in its parents resolved: what the kernel says
  // of the pinned descriptor.
  const std::string& real_path() const { return real_path_; }
  const RootIdentity& identity() const { return identity_; }
  // Whether the inodes that a directory lists are those that statx tells, as on
  // the usual file systems; not so on stacked and on some user-space ones.
  bool lists_true_inodes() const { return lists_true_inodes_; }

 private:
  Root() = default;
  UniqueFd fd_;
  std::string path_;
  std::string real_path_;
  RootIdentity identity_;
  bool lists_true_inodes_ = false;
};

// The user id of `files.owner`; InvalidArgument when there is no such user.
absl::StatusOr<uid_t> LookUpUser(const std::string& name);

// InvalidArgument when two roots are the same or one lies in the other, or when
// one of them is what Root::Open refuses; a missing root is no error.
absl::Status ValidateRoots(const std::vector<std::filesystem::path>& roots,
                           const std::optional<uid_t>& owner);

// root-missing (nothing there: a warning; something else there: an error),
// root-private, root-owner, root-write (an error where nothing can be removed,
// a warning where an entry is seen that cannot).
std::vector<Finding> CheckRoots(const std::vector<std::filesystem::path>& roots,
                                const std::optional<uid_t>& owner);

}  // namespace retentiond
