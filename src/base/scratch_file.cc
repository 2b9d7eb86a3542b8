#include "base/scratch_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

UniqueFd OpenIn(const std::string& directory) {
  // Not by O_TMPFILE, which some file systems below a container lack.
  std::string name = directory + "/retentiond-XXXXXX";
  UniqueFd file(mkostemp(name.data(), O_CLOEXEC));
  if (file.valid()) unlink(name.c_str());
  return file;
}

}  // namespace

absl::StatusOr<UniqueFd> OpenScratchFile() {
  const char* configured = std::getenv("TMPDIR");
  for (const char* directory : {configured, "/var/tmp", "/tmp"}) {
    if (directory == nullptr) continue;
    UniqueFd file = OpenIn(directory);
    if (file.valid()) return file;
  }
  return ErrnoStatus(errno, "scratch file in $TMPDIR, /var/tmp or /tmp");
}

}  // namespace retentiond
