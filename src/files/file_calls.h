// The system calls of the walker, behind a seam so that a test can let the n-th
// one fail or race something in before it. Directories are always real.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>

namespace retentiond {

// As the system calls: the result, or -1 with errno set.
class FileCalls {
 public:
  virtual ~FileCalls() = default;

  // openat2 with RESOLVE_BENEATH | NO_SYMLINKS | NO_XDEV | NO_MAGICLINKS. Where
  // the kernel has no openat2, the same step by step: openat with O_NOFOLLOW,
  // and the mount of each step compared with that of the one before.
  virtual int OpenBeneath(int directory, const char* path, int flags);
  // openat of ".." for reading: the caller compares whom it reached.
  virtual int OpenParent(int directory);
  virtual ssize_t GetDents(int directory, void* buffer, std::size_t size);
  virtual int Statx(int directory, const char* name, int flags, unsigned mask,
                    struct statx* result);
  virtual int Unlink(int directory, const char* name, int flags);
  // renameat2 with RENAME_NOREPLACE.
  virtual int Rename(int from_directory, const char* from, int to_directory,
                     const char* to);
  virtual int Flock(int fd, int operation);

 protected:
  // openat2 as it is; ENOSYS where the kernel lacks it.
  virtual int OpenByKernel(int directory, const char* path, int flags);

 private:
  static int OpenStepByStep(int directory, const char* path, int flags);
};

}  // namespace retentiond
