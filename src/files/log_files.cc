#include "files/log_files.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "files/descent.h"
#include "files/name_pattern.h"

namespace retentiond {
namespace {

constexpr std::array<std::string_view, 8> kCompressed = {
    ".gz", ".xz", ".bz2", ".zst", ".lz4", ".lzma", ".Z", ".zip"};

std::string_view WithoutCompression(std::string_view name) {
  for (const std::string_view suffix : kCompressed) {
    if (name.ends_with(suffix)) {
      name.remove_suffix(suffix.size());
      return name;
    }
  }
  return name;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// As logrotate names them: numbers, or a date with or without the hour (and
// seconds since 1970).
std::string_view WithoutRotation(std::string_view name) {
  constexpr std::string_view kOld = ".old";
  constexpr std::size_t kMostInNumber = 4, kLeastInDate = 8, kMostInDate = 14;
  if (name.ends_with(kOld)) return name.substr(0, name.size() - kOld.size());
  std::size_t digits = 0;
  while (digits < name.size() && IsDigit(name[name.size() - 1 - digits])) {
    ++digits;
  }
  if (digits == 0 || digits == name.size()) return name;
  const char before = name[name.size() - 1 - digits];
  const bool is_date = digits >= kLeastInDate && digits <= kMostInDate;
  if ((before == '.' && (digits <= kMostInNumber || is_date)) ||
      (before == '-' && is_date)) {
    return name.substr(0, name.size() - 1 - digits);
  }
  return name;
}

// One directory after another, depth first, as the other walkers go.
class FileVisit {
 public:
  FileVisit(Descent& descent, std::size_t depth,
            const std::function<absl::Status(const std::string&)>& visit)
      : descent_(descent), depth_(depth), visit_(visit) {}

  absl::Status Run() {
    pending_.emplace_back();
    while (true) {
      if (!pending_.back().empty()) {
        const std::string name = std::move(pending_.back().back());
        pending_.back().pop_back();
        if (descent_.Enter(name).ok()) pending_.emplace_back();
        continue;
      }
      const absl::StatusOr<std::vector<Descent::Entry>> entries =
          descent_.ReadBatch();
      if (!entries.ok() && descent_.depth() == 0) return entries.status();
      if (entries.ok() && !entries->empty()) {
        RETURN_IF_ERROR(Look(*entries));
        continue;
      }
      if (descent_.depth() == 0) return absl::OkStatus();
      pending_.pop_back();
      RETURN_IF_ERROR(descent_.Leave());
    }
  }

 private:
  absl::Status Look(const std::vector<Descent::Entry>& entries) {
    for (const Descent::Entry& entry : entries) {
      // One of unknown type is entered if it can be, and is no log otherwise.
      const bool perhaps_directory =
          entry.type == DT_DIR || entry.type == DT_UNKNOWN;
      if (perhaps_directory && descent_.depth() < depth_ &&
          entry.name != kTrashName) {
        pending_.back().emplace_back(entry.name);
      }
      if (entry.type != DT_DIR) {
        RETURN_IF_ERROR(visit_(descent_.PathOf(entry.name)));
      }
    }
    return absl::OkStatus();
  }

  Descent& descent_;
  const std::size_t depth_;
  const std::function<absl::Status(const std::string&)>& visit_;
  std::vector<std::vector<std::string>> pending_;  // by level
};

}  // namespace

std::vector<std::string> FilesOfCompanion(std::string_view name) {
  std::vector<std::string> files;
  const std::string_view plain = WithoutCompression(name);
  const std::string_view first = WithoutRotation(plain);
  for (const std::string_view file : {plain, first}) {
    if (file.size() < name.size() && !file.empty() && file.back() != '/' &&
        std::find(files.begin(), files.end(), file) == files.end()) {
      files.emplace_back(file);
    }
  }
  return files;
}

absl::Status VisitFiles(
    const Root& root, std::size_t depth, FileCalls& calls,
    const std::function<absl::Status(const std::string& path)>& visit) {
  ASSIGN_OR_RETURN(Descent descent, Descent::Open(root, calls));
  return FileVisit(descent, depth, visit).Run();
}

}  // namespace retentiond
