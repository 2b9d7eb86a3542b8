#include "files/trash.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "files/name_pattern.h"

namespace retentiond {
namespace {

constexpr char kIdFile[] = "id";
// Written whole, then renamed: an id is there or it is not.
constexpr char kFreshIdFile[] = "id.new";
constexpr std::size_t kIdDigits = 32;

std::string PathIn(const Root& root) {
  return EscapeName(root.path() + "/" + std::string(kTrashName));
}

absl::StatusOr<UniqueFd> OpenDirectory(const Root& root, FileCalls& calls,
                                       Trash::Mode mode) {
  const std::string name(kTrashName);
  if (mode == Trash::Mode::kMake &&
      ::mkdirat(root.fd(), name.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "make " + PathIn(root));
  }
  UniqueFd fd(
      calls.OpenBeneath(root.fd(), name.c_str(),
                        O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat st = {};
  if (!fd.valid() || ::fstat(fd.get(), &st) != 0) {
    return ErrnoStatus(errno, "open " + PathIn(root));
  }
  const bool owned = st.st_uid == 0 || st.st_uid == ::geteuid();
  if (!owned || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::InvalidArgumentError(
        PathIn(root) +
        ": others than root and this process's user may write there; remove "
        "it");
  }
  return fd;
}

std::string RandomId() {
  std::array<unsigned char, kIdDigits / 2> bytes = {};
  // Cannot fail for so few bytes once the machine is up (getrandom(2)).
  (void)::getrandom(bytes.data(), bytes.size(), 0);
  std::string id;
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

absl::Status MakeId(int directory, const std::string& path, FileCalls& calls) {
  const std::string line = RandomId() + "\n";
  const UniqueFd fd(
      ::openat(directory, kFreshIdFile,
               O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
               S_IRUSR | S_IWUSR));
  if (!fd.valid() ||
      ::write(fd.get(), line.data(), line.size()) !=
          static_cast<ssize_t>(line.size()) ||
      ::fsync(fd.get()) != 0 ||
      // Another daemon may have been faster: its id is the root's then.
      (calls.Rename(directory, kFreshIdFile, directory, kIdFile) != 0 &&
       errno != EEXIST) ||
      ::fsync(directory) != 0) {
    return ErrnoStatus(errno, fmt::format("write {}/{}", path, kIdFile));
  }
  return absl::OkStatus();
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

absl::StatusOr<UniqueFd> OpenId(int directory, FileCalls& calls) {
  // Not blocking: a FIFO may lie there.
  UniqueFd fd(calls.OpenBeneath(
      directory, kIdFile, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return ErrnoStatus(errno, "open");
  return fd;
}

}  // namespace

absl::StatusOr<Trash> Trash::Open(const Root& root, FileCalls& calls,
                                  Mode mode) {
  const std::string path = PathIn(root);
  ASSIGN_OR_RETURN(const UniqueFd directory, OpenDirectory(root, calls, mode));
  absl::StatusOr<UniqueFd> id = OpenId(directory.get(), calls);
  if (absl::IsNotFound(id.status()) && mode == Mode::kMake) {
    RETURN_IF_ERROR(MakeId(directory.get(), path, calls));
    id = OpenId(directory.get(), calls);
  }
  if (!id.ok()) return Annotate(id.status(), path + "/id");

  Trash trash;
  trash.id_file_ = *std::move(id);
  std::array<char, kIdDigits + 2> text = {};
  const ssize_t size =
      ::pread(trash.id_file_.get(), text.data(), text.size(), 0);
  if (size == static_cast<ssize_t>(kIdDigits) + 1) {
    trash.id_.assign(text.data(), kIdDigits);
  }
  if (trash.id_.empty() ||
      !std::all_of(trash.id_.begin(), trash.id_.end(), IsHexDigit)) {
    return absl::InvalidArgumentError(path + "/id: is no root's id; remove it");
  }
  return trash;
}

absl::Status Trash::Lock(FileCalls& calls) {
  if (calls.Flock(id_file_.get(), LOCK_EX | LOCK_NB) == 0) {
    return absl::OkStatus();
  }
  if (errno == EWOULDBLOCK) {
    return absl::AbortedError("another process is at work on its files");
  }
  return ErrnoStatus(errno, "lock its id");
}

bool IsTrashsOwn(std::string_view name) {
  return name == kIdFile || name == kFreshIdFile;
}

}  // namespace retentiond
