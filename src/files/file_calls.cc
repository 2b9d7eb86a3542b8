#include "files/file_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "base/unique_fd.h"

namespace retentiond {
namespace {

// By /proc, which says it on kernels that are older than statx's field.
std::optional<std::uint64_t> MountOf(int fd) {
  std::ifstream lines("/proc/self/fdinfo/" + std::to_string(fd));
  std::string key;
  std::uint64_t value = 0;
  while (lines >> key) {
    if (key == "mnt_id:" && lines >> value) return value;
  }
  return std::nullopt;
}

int Refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

int FileCalls::OpenBeneath(int directory, const char* path, int flags) {
  const int fd = OpenByKernel(directory, path, flags);
  if (fd >= 0 || errno != ENOSYS) return fd;
  return OpenStepByStep(directory, path, flags);
}

int FileCalls::OpenStepByStep(int directory, const char* path, int flags) {
  const std::optional<std::uint64_t> mount = MountOf(directory);
  std::string rest = path;
  UniqueFd step;
  while (true) {
    const std::size_t slash = rest.find('/');
    const std::string name = rest.substr(0, slash);
    const bool last = slash == std::string::npos;
    // What openat2 says of a path that leads up or is absolute.
    if (name.empty() || name == "..") return Refuse(EXDEV);
    UniqueFd next(
        ::openat(step.valid() ? step.get() : directory, name.c_str(),
                 last ? flags | O_NOFOLLOW
                      : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) return -1;
    if (!mount.has_value() || MountOf(next.get()) != mount) {
      return Refuse(EXDEV);
    }
    if (last) return next.Release();
    step = std::move(next);
    rest.erase(0, slash + 1);
  }
}

int FileCalls::OpenByKernel(int directory, const char* path, int flags) {
  open_how how = {};
  how.flags = static_cast<unsigned>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV |
                RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(
      ::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

int FileCalls::OpenParent(int directory) {
  return ::openat(directory, "..",
                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

ssize_t FileCalls::GetDents(int directory, void* buffer, std::size_t size) {
  return ::getdents64(directory, buffer, size);
}

int FileCalls::Statx(int directory, const char* name, int flags, unsigned mask,
                     struct statx* result) {
  return ::statx(directory, name, flags, mask, result);
}

int FileCalls::Unlink(int directory, const char* name, int flags) {
  return ::unlinkat(directory, name, flags);
}

int FileCalls::Rename(int from_directory, const char* from, int to_directory,
                      const char* to) {
  return ::renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int FileCalls::Flock(int fd, int operation) { return ::flock(fd, operation); }

}  // namespace retentiond
