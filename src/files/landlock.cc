#include "files/landlock.h"

#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "base/status.h"
#include "base/unique_fd.h"

namespace retentiond {
namespace {

// What the first version of Landlock knows of changing files.
constexpr std::uint64_t kChanging =
    LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM;
// Version 2: renaming from one directory to another. Before it, that is refused
// (EXDEV), and the trash is not used.
constexpr std::uint64_t kRefer = 1U << 13;
// Version 3.
constexpr std::uint64_t kTruncate = 1U << 14;
// A directory that is renamed is removed here and made there.
constexpr std::uint64_t kAllowed = LANDLOCK_ACCESS_FS_REMOVE_DIR |
                                   LANDLOCK_ACCESS_FS_REMOVE_FILE |
                                   LANDLOCK_ACCESS_FS_MAKE_DIR;

}  // namespace

absl::Status ConfineThread(const std::vector<int>& directories) {
  const long version = ::syscall(SYS_landlock_create_ruleset, nullptr, 0,
                                 LANDLOCK_CREATE_RULESET_VERSION);
  if (version < 1) {
    // GCOV_EXCL_LINE: on a kernel that has it
    return absl::UnimplementedError("no Landlock");  // GCOV_EXCL_LINE: as above
  }
  const std::uint64_t refer = version >= 2 ? kRefer : 0;
  landlock_ruleset_attr handled = {};
  handled.handled_access_fs =
      kChanging | refer | (version >= 3 ? kTruncate : 0);
  const UniqueFd ruleset(static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, &handled, sizeof handled, 0)));
  for (const int directory : directories) {
    landlock_path_beneath_attr rule = {};
    rule.allowed_access = kAllowed | refer;
    rule.parent_fd = directory;
    if (::syscall(SYS_landlock_add_rule, ruleset.get(),
                  LANDLOCK_RULE_PATH_BENEATH, &rule, 0) != 0) {
      return ErrnoStatus(errno, "Landlock: add a directory");
    }
  }
  // Without it only root could confine itself.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      ::syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) {
    // GCOV_EXCL_LINE: with a sound ruleset the kernel refuses neither
    return ErrnoStatus(errno, "Landlock: confine");  // GCOV_EXCL_LINE: as above
  }
  return absl::OkStatus();
}

}  // namespace retentiond
