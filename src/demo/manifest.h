// What lies below a directory: every name with a hash of its content.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace retentiond {

struct ManifestEntry {
  bool directory = false;
  // HashOfContent of a file's bytes or a link's target; links are not followed.
  std::uint64_t hash = 0;

  friend bool operator==(const ManifestEntry&, const ManifestEntry&) = default;
};

// By absolute path.
using Manifest = std::map<std::string, ManifestEntry>;

// Adds all that lies below `directory`, which is not itself an entry.
absl::Status AddToManifest(const std::filesystem::path& directory,
                           Manifest& manifest);

}  // namespace retentiond
