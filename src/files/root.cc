#include "files/root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "files/mount_info.h"
#include "files/name_pattern.h"

namespace retentiond {
namespace {

// A root's refusal in both its forms.
absl::Status Refuse(Finding* problem, absl::Status status, std::string code,
                    std::string fix) {
  if (problem != nullptr) {
    const Finding::Level level = absl::IsNotFound(status)
                                     ? Finding::Level::kWarning
                                     : Finding::Level::kError;
    *problem = {level, std::move(code),   "",
                "",    MessageOf(status), std::move(fix)};
  }
  return status;
}

absl::Status Invalid(const std::string& path, const std::string& reason) {
  return absl::InvalidArgumentError(
      fmt::format("root '{}' {}", EscapeName(path), reason));
}

// `path` without "//", "/." and trailing slashes; none when it is relative or
// goes up, which would say one thing to a reader and another to the kernel.
std::optional<std::string> PlainPath(const std::filesystem::path& path) {
  if (!path.is_absolute()) return std::nullopt;
  std::string plain;
  for (const std::filesystem::path& part : path.relative_path()) {
    if (part == "..") return std::nullopt;
    if (!part.empty() && part != ".") plain += "/" + part.string();
  }
  return plain.empty() ? "/" : plain;
}

bool IsLink(const std::string& path) {
  struct stat st = {};
  return ::lstat(path.c_str(), &st) == 0 && S_ISLNK(st.st_mode);
}

std::string ReadLink(const std::string& path) {
  std::array<char, 4096> target = {};  // PATH_MAX, the kernel's own limit
  const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
  return std::string(target.data(), length < 0 ? 0 : std::size_t(length));
}

std::string ReadMountInfo() {
  std::ifstream file("/proc/self/mountinfo");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool SameDirectory(const struct statx& a, const struct statx& b) {
  return a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major &&
         a.stx_dev_minor == b.stx_dev_minor;
}

// File systems whose directories list the inodes that statx tells.
constexpr std::array<std::int64_t, 5> kWithTrueInodes = {
    EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC,
    NFS_SUPER_MAGIC};

bool ListsTrueInodes(int fd) {
  struct statfs st = {};
  return ::fstatfs(fd, &st) == 0 &&
         std::find(kWithTrueInodes.begin(), kWithTrueInodes.end(),
                   static_cast<std::int64_t>(st.f_type)) !=
             kWithTrueInodes.end();
}

absl::Status RefusePrivate(Finding* problem, const std::string& path) {
  return Refuse(problem,
                Invalid(path,
                        "is on a private mount of this service: the farm's "
                        "files are not there; set PrivateTmp=no"),
                "root-private", "PrivateTmp=no");
}

// Whether `path`, which is missing, would lie on a private mount: a fresh /tmp
// of the service's own has none of the farm's directories in it.
bool WouldBePrivate(const std::string& path) {
  struct statx parent = {};
  std::filesystem::path above = path;
  do {
    above = above.parent_path();
    if (::statx(AT_FDCWD, above.c_str(), AT_NO_AUTOMOUNT, STATX_MNT_ID,
                &parent) == 0) {
      return IsPrivateMount(ReadMountInfo(), parent.stx_mnt_id);
    }
  } while (above != above.root_path());
  return false;  // GCOV_EXCL_LINE: "/" can always be looked at
}

absl::Status RefuseUnopened(Finding* problem, const std::string& path,
                            int error) {
  const std::string context = fmt::format("root '{}'", EscapeName(path));
  if (error == ENOENT && WouldBePrivate(path)) {
    return RefusePrivate(problem, path);
  }
  if (error == ENOENT) {
    return Refuse(problem, ErrnoStatus(error, context), "root-missing",
                  fmt::format("mkdir -p '{}'", EscapeName(path)));
  }
  if (IsLink(path)) {
    return Refuse(problem,
                  Invalid(path,
                          "is a symbolic link: name the directory that it "
                          "leads to"),
                  "root-missing", "");
  }
  if (error == ENOTDIR) {
    return Refuse(problem, Invalid(path, "is not a directory"), "root-missing",
                  "");
  }
  return Refuse(problem, ErrnoStatus(error, context), "root-write",
                "let this process's user read, write and enter it");
}

}  // namespace

absl::StatusOr<Root> Root::Open(const std::filesystem::path& path,
                                const std::optional<uid_t>& owner,
                                Finding* problem) {
  const std::optional<std::string> plain = PlainPath(path);
  if (!plain.has_value()) {
    return Refuse(problem,
                  Invalid(path.string(),
                          "is not an absolute path without '..': write it out"),
                  "root-missing", "");
  }
  Root root;
  root.path_ = *plain;
  root.fd_.Reset(
      ::open(plain->c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!root.fd_.valid()) return RefuseUnopened(problem, *plain, errno);

  struct statx own = {}, top = {};
  constexpr unsigned kMask = STATX_INO | STATX_UID | STATX_MNT_ID;
  if (::statx(root.fd(), "", AT_EMPTY_PATH, kMask, &own) != 0 ||
      ::statx(AT_FDCWD, "/", AT_NO_AUTOMOUNT, kMask, &top) != 0) {
    // GCOV_EXCL_START: no file system that is mounted refuses this for a
    // directory that is open; it stays because a root must not be guessed.
    return Refuse(problem, ErrnoStatus(errno, "examine '" + *plain + "'"),
                  "root-write", "");
    // GCOV_EXCL_STOP
  }
  root.real_path_ = ReadLink(fmt::format("/proc/self/fd/{}", root.fd()));
  root.identity_ = {gnu_dev_makedev(own.stx_dev_major, own.stx_dev_minor),
                    own.stx_ino, own.stx_mnt_id};
  root.lists_true_inodes_ = ListsTrueInodes(root.fd());
  // Without /proc the real path is empty, and a root is not opened either.
  if (SameDirectory(own, top) || root.real_path_.size() <= 1) {
    return Refuse(problem,
                  Invalid(*plain,
                          "is the top of the file system: name the directory "
                          "that holds the temporary files"),
                  "root-owner", "");
  }
  if (IsPrivateMount(ReadMountInfo(), own.stx_mnt_id)) {
    return RefusePrivate(problem, *plain);
  }
  if (own.stx_uid != 0 && own.stx_uid != ::geteuid() && own.stx_uid != owner) {
    return Refuse(
        problem,
        Invalid(*plain, fmt::format("belongs to user {}, who is neither "
                                    "root nor this process's user nor "
                                    "files.owner: set files.owner",
                                    own.stx_uid)),
        "root-owner",
        fmt::format("files.owner = the name of user {}", own.stx_uid));
  }
  return root;
}

absl::StatusOr<uid_t> LookUpUser(const std::string& name) {
  // 16 KiB hold any entry: sysconf(_SC_GETPW_R_SIZE_MAX) says 1 KiB here.
  std::vector<char> buffer(16 * 1024);
  passwd entry = {};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) {
    return absl::InvalidArgumentError(
        fmt::format("there is no user '{}' on this machine", EscapeName(name)));
  }
  return found->pw_uid;
}

}  // namespace retentiond
