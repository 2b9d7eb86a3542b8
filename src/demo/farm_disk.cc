#include "demo/farm_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <system_error>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

absl::Status Stamp(const fs::path& path, Instant stamp) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(stamp);
  const timespec time{seconds.time_since_epoch().count(),
                      (stamp - seconds).count() * 1000};
  const timespec times[2] = {time, time};
  if (utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    return ErrnoStatus(errno, "stamp " + path.string());
  }
  return absl::OkStatus();
}

absl::Status WriteOne(const FarmFile& file, const fs::path& path) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  switch (file.kind) {
    case FarmFile::Kind::kFile: {
      std::ofstream stream(path, std::ios::binary);
      stream << ContentOf(file.path, file.size_bytes);
      stream.close();
      if (!stream) return ErrnoStatus(errno, "write " + path.string());
      return absl::OkStatus();
    }
    case FarmFile::Kind::kSymbolicLink:
      fs::create_symlink(file.target, path, error);
      break;
    case FarmFile::Kind::kHardLink:
      fs::create_hard_link(file.target, path, error);
      break;
  }
  if (error) return ErrnoStatus(error.value(), "link " + path.string());
  return absl::OkStatus();
}

bool LiesBelow(const fs::path& root, const fs::path& path) {
  return path.string().starts_with(root.string() + "/");
}

// Writes `files` with `from`, the directory that they are recorded below,
// replaced by `to`.
absl::Status WriteMoved(const std::vector<FarmFile>& files, Instant stamp,
                        const fs::path& from, const fs::path& to) {
  std::set<fs::path> directories;
  for (const FarmFile& file : files) {
    const bool moved = LiesBelow(from, file.path);
    const fs::path path =
        moved ? to / fs::path(file.path).lexically_relative(from)
              : fs::path(file.path);
    RETURN_IF_ERROR(WriteOne(file, path));
    RETURN_IF_ERROR(Stamp(path, stamp));
    for (fs::path above = path.parent_path(); moved && LiesBelow(to, above);
         above = above.parent_path()) {
      directories.insert(above);
    }
  }
  for (const fs::path& directory : directories) {
    RETURN_IF_ERROR(Stamp(directory, stamp));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteFiles(const std::vector<FarmFile>& files, Instant stamp,
                        const FarmPaths& paths) {
  return WriteMoved(files, stamp, paths.temporary, paths.temporary);
}

absl::Status WriteOrphan(const FarmOrphan& orphan, const FarmPaths& paths) {
  const fs::path staging = paths.base / "staging";
  RETURN_IF_ERROR(
      WriteMoved(orphan.files, orphan.newest, paths.temporary, staging));
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(staging, error)) {
    fs::rename(entry.path(), paths.temporary / entry.path().filename(), error);
    if (error) break;
  }
  if (!error) fs::remove(staging, error);
  if (error) return ErrnoStatus(error.value(), "move " + staging.string());
  return absl::OkStatus();
}

FarmOrphan MakeOrphan(const std::string& name, Instant newest,
                      const FarmPaths& paths) {
  FarmOrphan orphan{.newest = newest};
  for (const char* file : {"project.aep", "footage/clip.mov", "cache/0001.tmp",
                           "cache/0002.tmp"}) {
    const std::string path = paths.temporary / name / file;
    orphan.files.push_back({.path = path,
                            .size_bytes = 2500,
                            .hash = HashOfContent(ContentOf(path, 2500))});
  }
  return orphan;
}

}  // namespace retentiond
