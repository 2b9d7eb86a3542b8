#include "demo/scratch_directory.h"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/status.h"

namespace retentiond {

absl::StatusOr<ScratchDirectory> ScratchDirectory::Make() {
  std::error_code error;
  // The real path: what the daemon says of a file is then what is shown.
  const std::filesystem::path above = std::filesystem::canonical(
      std::filesystem::temp_directory_path(error), error);
  if (error) return ErrnoStatus(error.value(), "the directory for the demo");
  std::string name = above / "retentiond-demo-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    return ErrnoStatus(errno, "make a directory in " + above.string());
  }
  return ScratchDirectory(name);
}

ScratchDirectory::~ScratchDirectory() {
  if (path_.empty()) return;
  // What cannot be removed is left: there is nobody to tell.
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

}  // namespace retentiond
