// Where a directory really is, by the kernel, for many paths in few
// directories.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>

namespace retentiond {

// `path` without links, "." and ".."; none with errno set when it leads
// nowhere.
std::optional<std::string> RealPath(const std::string& path);

struct ResolvedDirectory {
  int error = 0;        // errno when it cannot be told; the rest is empty then
  std::string real;     // the directory, or the nearest above it that exists
  std::string missing;  // the components below `real` that do not exist; ""
                        // when the directory does
};

// Remembers what it found, up to kMostRemembered directories.
class PathResolver {
 public:
  static constexpr std::size_t kMostRemembered = 1024;

  // `directory` is absolute. A link that leads nowhere is ENOENT: what lies
  // behind it may only be away for the moment.
  ResolvedDirectory Resolve(const std::string& directory);

  std::size_t resolutions() const { return resolutions_; }

 private:
  std::unordered_map<std::string, ResolvedDirectory> remembered_;
  std::size_t resolutions_ = 0;
};

}  // namespace retentiond
