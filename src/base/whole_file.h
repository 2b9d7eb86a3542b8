// Files that are replaced as a whole.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "absl/status/status.h"

namespace retentiond {

// Writes to `path`.new with `mode`, syncs it and renames it: whoever reads
// `path` finds the old content or the new. Errors name the path.
absl::Status WriteWholeFile(const std::filesystem::path& path,
                            const std::string& content, mode_t mode);

}  // namespace retentiond
