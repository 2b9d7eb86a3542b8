// A password that stands in a file of its own.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"

namespace retentiond {

// The first line of the file. InvalidArgument (it cannot be read, or is empty)
// names the file.
absl::StatusOr<std::string> ReadPassword(const std::filesystem::path& file);

}  // namespace retentiond
