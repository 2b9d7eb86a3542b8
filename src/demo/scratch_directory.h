// A new directory below $TMPDIR, else /tmp, that goes with the object.
#pragma once

#include <filesystem>
#include <utility>

#include "absl/status/statusor.h"

namespace retentiond {

class ScratchDirectory {
 public:
  // Errors name the directory that it cannot be made in.
  static absl::StatusOr<ScratchDirectory> Make();

  ScratchDirectory(ScratchDirectory&& other) noexcept
      : path_(std::exchange(other.path_, {})) {}
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  // From now on it stays.
  std::filesystem::path Keep() { return std::exchange(path_, {}); }
  const std::filesystem::path& path() const { return path_; }

 private:
  explicit ScratchDirectory(std::filesystem::path path)
      : path_(std::move(path)) {}
  std::filesystem::path path_;  // empty: kept
};

}  // namespace retentiond
