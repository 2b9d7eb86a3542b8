#include "demo/manifest.h"

#include <fstream>
#include <sstream>
#include <string>
#include <system_error>

#include "base/status.h"
#include "demo/farm_job.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

std::uint64_t HashOfFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return HashOfContent(content.str());
}

ManifestEntry EntryOf(const fs::directory_entry& entry) {
  if (entry.is_symlink()) {
    return {.hash = HashOfContent(fs::read_symlink(entry.path()).string())};
  }
  if (entry.is_directory()) return {.directory = true};
  return {.hash = HashOfFile(entry.path())};
}

}  // namespace

absl::Status AddToManifest(const std::filesystem::path& directory,
                           Manifest& manifest) {
  try {
    for (const fs::directory_entry& entry :
         fs::recursive_directory_iterator(directory)) {
      manifest.emplace(entry.path().string(), EntryOf(entry));
    }
  } catch (const fs::filesystem_error& error) {
    return ErrnoStatus(error.code().value(), "read " + directory.string());
  }
  return absl::OkStatus();
}

}  // namespace retentiond
