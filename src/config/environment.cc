#include "config/environment.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "base/status.h"
#include "policy/zone.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

// "Europe/Helsinki" of "/usr/share/zoneinfo/Europe/Helsinki", or of a link
// there; empty when it is neither.
std::string NameOfZoneFile(const fs::path& file) {
  static constexpr std::string_view kDirectory = "/zoneinfo/";
  std::error_code no_link;
  const fs::path target = fs::read_symlink(file, no_link);
  const std::string path = (no_link ? file : target).string();
  const std::string::size_type start = path.rfind(kDirectory);
  if (start == std::string::npos) return "";
  return path.substr(start + kDirectory.size());
}

std::string FirstLine(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return line.substr(0, line.find_last_not_of(" \t\r") + 1);
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

std::string MachineZone(const fs::path& etc) {
  for (const std::string& name :
       {NameOfZoneFile(etc / "localtime"), FirstLine(etc / "timezone")}) {
    if (LoadZone(name).ok()) return name;
  }
  return "UTC";
}

absl::StatusOr<std::string> DefaultZone(const Environment& env,
                                        const fs::path& etc) {
  std::string name = env("TZ").value_or("");
  if (name.starts_with(":")) name.erase(0, 1);
  if (name.empty() || name == "/etc/localtime") return MachineZone(etc);
  if (name.starts_with("/")) name = NameOfZoneFile(name);
  const absl::StatusOr<absl::TimeZone> zone = LoadZone(name);
  if (!zone.ok()) {
    return absl::InvalidArgumentError(
        fmt::format("TZ: {} (schedule.timezone would take precedence)",
                    MessageOf(zone.status())));
  }
  return name;
}

absl::StatusOr<fs::path> StateDirectory(const Environment& env) {
  if (const std::optional<std::string> given = env("STATE_DIRECTORY")) {
    const fs::path first = given->substr(0, given->find(':'));
    if (!first.is_absolute()) {
      return absl::InvalidArgumentError(fmt::format(
          "STATE_DIRECTORY: expected an absolute path, not \"{}\"", *given));
    }
    return first.lexically_normal();
  }
  // The XDG rules: a relative path is as good as none.
  if (const fs::path state = env("XDG_STATE_HOME").value_or("");
      state.is_absolute()) {
    return (state / "retentiond").lexically_normal();
  }
  if (const fs::path home = env("HOME").value_or(""); home.is_absolute()) {
    return (home / ".local/state/retentiond").lexically_normal();
  }
  return "/var/lib/retentiond";
}

}  // namespace retentiond
