#include "base/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"

namespace retentiond {

absl::Status WriteWholeFile(const std::filesystem::path& path,
                            const std::string& content, mode_t mode) {
  const std::filesystem::path fresh = path.string() + ".new";
  UniqueFd fd(
      open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
  if (!fd.valid()) return ErrnoStatus(errno, "write " + fresh.string());
  const ssize_t written = write(fd.get(), content.data(), content.size());
  if (written != static_cast<ssize_t>(content.size()) || fsync(fd.get()) != 0) {
    return ErrnoStatus(errno, "write " + fresh.string());
  }
  if (rename(fresh.c_str(), path.c_str()) != 0) {
    return ErrnoStatus(errno, "rename " + fresh.string());
  }
  return absl::OkStatus();
}

}  // namespace retentiond
