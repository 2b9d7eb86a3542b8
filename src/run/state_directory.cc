#include "run/state_directory.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <system_error>

#include "base/status.h"
#include "base/status_macros.h"
#include "base/whole_file.h"

namespace retentiond {
namespace {

constexpr char kAnchorFile[] = "anchor.json";
constexpr char kDatabaseFile[] = "database";

absl::Status WriteWhole(const std::filesystem::path& path,
                        const std::string& content) {
  return WriteWholeFile(path, content, S_IRUSR | S_IWUSR);
}

std::string ReadWhole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

absl::StatusOr<StateDirectory> StateDirectory::Open(
    const std::filesystem::path& base, const std::string& state_id,
    const std::string& database) {
  StateDirectory directory;
  directory.path_ = base / state_id;
  std::error_code error;
  const bool fresh = !std::filesystem::exists(directory.path_, error);
  std::filesystem::create_directories(base, error);
  if (mkdir(directory.path_.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, "state directory " + directory.path_.string());
  }
  for (std::filesystem::directory_iterator it(base, error), end;
       !error && it != end; it.increment(error)) {
    if (it->path() == directory.path_) continue;
    if (ReadWhole(it->path() / kDatabaseFile) != database) continue;
    directory.lost_.push_back(it->path());
  }
  directory.state_was_lost_ = !directory.lost_.empty();
  if (fresh) {
    RETURN_IF_ERROR(WriteWhole(directory.path_ / kDatabaseFile, database));
  }
  return directory;
}

absl::Status StateDirectory::ForgetLostState() {
  for (const std::filesystem::path& lost : lost_) {
    const std::filesystem::path note = lost / kDatabaseFile;
    if (unlink(note.c_str()) != 0 && errno != ENOENT) {
      return ErrnoStatus(errno, "remove " + note.string());
    }
  }
  lost_.clear();
  state_was_lost_ = false;
  return absl::OkStatus();
}

absl::StatusOr<Anchor> StateDirectory::ReadAnchor() const {
  const std::filesystem::path file = path_ / kAnchorFile;
  if (access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::NotFoundError(file.string() + ": no anchor yet");
  }
  const nlohmann::json json =
      nlohmann::json::parse(ReadWhole(file), nullptr, false);
  const auto number = [&](const char* key) {
    return json.is_object() && json.contains(key) &&
           json[key].is_number_integer();
  };
  if (!number("wall_us") || !number("boot_time_us") ||
      !json.contains("boot_id") || !json["boot_id"].is_string()) {
    return absl::DataLossError(file.string() + ": is not an anchor");
  }
  return Anchor{.wall = InstantFromMicros(json["wall_us"]),
                .boot_id = json["boot_id"],
                .boot_time = Micros(json["boot_time_us"])};
}

absl::Status StateDirectory::WriteAnchor(const Anchor& anchor) const {
  const nlohmann::json json = {{"wall_us", MicrosOf(anchor.wall)},
                               {"boot_id", anchor.boot_id},
                               {"boot_time_us", anchor.boot_time.count()}};
  return WriteWhole(path_ / kAnchorFile, json.dump() + "\n");
}

std::optional<std::string> StateDirectory::ReadNote(
    const std::string& name) const {
  const std::filesystem::path file = path_ / (name + ".json");
  if (access(file.c_str(), F_OK) != 0) return std::nullopt;
  return ReadWhole(file);
}

absl::Status StateDirectory::WriteNote(const std::string& name,
                                       const std::string& text) const {
  return WriteWhole(path_ / (name + ".json"), text + "\n");
}

}  // namespace retentiond
