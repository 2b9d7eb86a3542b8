#include "files/file_calls.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace retentiond {

int FileCalls::OpenBeneath(int directory, const char* path, int flags) {
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

int FileCalls::Flock(int fd, int operation) { return ::flock(fd, operation); }

}  // namespace retentiond
