// A file without a name, for what does not fit into memory.
#pragma once

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retentiond {

// Open for reading and writing, empty, and gone with its last descriptor. It
// lies where SQLite puts its own temporary files: in $TMPDIR, else /var/tmp,
// else /tmp, whichever first takes a file.
absl::StatusOr<UniqueFd> OpenScratchFile();

}  // namespace retentiond
