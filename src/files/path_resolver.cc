#include "files/path_resolver.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace retentiond {

std::optional<std::string> RealPath(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(
      ::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return std::nullopt;
  return real.get();
}

namespace {

ResolvedDirectory Ask(const std::string& directory) {
  std::string path = directory;
  std::string missing;
  while (true) {
    const std::optional<std::string> real = RealPath(path);
    if (!real.has_value() && errno != ENOENT) return {errno, "", ""};
    struct stat st = {};
    if (real.has_value()) {
      // What is there but is no directory can hold nothing.
      if (::lstat(real->c_str(), &st) != 0) return {errno, "", ""};
      if (!S_ISDIR(st.st_mode)) return {ENOTDIR, "", ""};
      return {0, *real, missing};
    }
    if (::lstat(path.c_str(), &st) == 0) return {ENOENT, "", ""};
    const std::size_t slash = path.find_last_of('/');
    missing = path.substr(slash + 1) + (missing.empty() ? "" : "/") + missing;
    path.resize(slash);
    if (path.empty()) path = "/";
  }
}

}  // namespace

ResolvedDirectory PathResolver::Resolve(const std::string& directory) {
  const auto known = remembered_.find(directory);
  if (known != remembered_.end()) return known->second;
  // Outputs come in the order of their jobs: the old ones are done with.
  if (remembered_.size() >= kMostRemembered) remembered_.clear();
  ++resolutions_;
  return remembered_[directory] = Ask(directory);
}

}  // namespace retentiond
