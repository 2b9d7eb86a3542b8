// The idea of ZoneFiles: absl::LoadTimeZone keeps what it has read under the
// name that it was asked for, for good, and takes a path for a name. So a file
// that changed is asked for by another spelling of its path.
//
// absl::LoadTimeZone is lenient: it takes absolute paths, "localtime" and the
// "right" zones, whose clocks count leap seconds. A configured zone is to mean
// the same on every machine, so a name is checked here first.
#include "policy/zone.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/nearest_name.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

// Where Abseil looks, too.
fs::path ZoneDirectory() {
  const char* const directory = std::getenv("TZDIR");
  return directory != nullptr && *directory != '\0' ? directory
                                                    : "/usr/share/zoneinfo";
}

bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

bool IsNameCharacter(char c) {
  return IsUpper(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         c == '_' || c == '-' || c == '+' || c == '/';
}

// Each zone and each area begins with a capital letter; "localtime",
// "posixrules", "right/..." and "zone.tab" do not.
bool IsZoneName(const std::string& name) {
  return !name.empty() && IsUpper(name.front()) && name.back() != '/' &&
         name.find("//") == std::string::npos &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

std::vector<std::string> KnownZones() {
  const fs::path root = ZoneDirectory();
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(root, error), end;
       !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().lexically_relative(root).string();
    std::error_code ignored;
    if (IsZoneName(name) && entry->is_regular_file(ignored)) {
      names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// People write "Helsinki" for "Europe/Helsinki".
std::optional<std::string> ZoneOfCity(const std::string& city,
                                      const std::vector<std::string>& zones) {
  for (const std::string& zone : zones) {
    const std::string::size_type slash = zone.rfind('/');
    if (slash != std::string::npos &&
        EditDistance(city, zone.substr(slash + 1)) == 0) {
      return zone;
    }
  }
  return std::nullopt;
}

std::string Advice(const std::string& name) {
  const std::vector<std::string> zones = KnownZones();
  if (zones.empty()) {
    return fmt::format("; {} holds no time zones: is tzdata installed?",
                       ZoneDirectory().string());
  }
  std::optional<std::string> nearest = ZoneOfCity(name, zones);
  if (!nearest.has_value()) nearest = NearestName(name, zones);
  if (nearest.has_value()) {
    return fmt::format("; did you mean \"{}\"?", *nearest);
  }
  return "; expected an IANA name like \"Europe/Helsinki\"";
}

// Tells a file from any that took its place, and from itself after a change.
std::string IdentityOf(const std::string& name) {
  struct stat file {};
  if (stat((ZoneDirectory() / name).c_str(), &file) != 0) return {};
  return fmt::format("{}:{}:{}:{}.{}", file.st_dev, file.st_ino, file.st_size,
                     file.st_mtim.tv_sec, file.st_mtim.tv_nsec);
}

}  // namespace

absl::StatusOr<absl::TimeZone> LoadZone(const std::string& name) {
  absl::TimeZone zone;
  if (!IsZoneName(name) || !absl::LoadTimeZone(name, &zone)) {
    return absl::NotFoundError(
        fmt::format("no time zone \"{}\"{}", name, Advice(name)));
  }
  return zone;
}

absl::StatusOr<absl::TimeZone> ZoneFiles::Load(const std::string& name) {
  const auto known = loaded_.find(name);
  const std::string identity = IdentityOf(name);
  if (known == loaded_.end()) {
    ASSIGN_OR_RETURN(const absl::TimeZone zone, LoadZone(name));
    loaded_[name] = {identity, zone};
    return zone;
  }
  if (known->second.identity == identity) return known->second.zone;
  known->second.identity = identity;
  std::string path = ZoneDirectory().string();
  for (int i = 0; i <= reloads_; ++i) path += "/.";
  ++reloads_;
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(path + "/" + name, &zone)) {
    return absl::DataLossError(
        fmt::format("time zone \"{}\": its new file cannot be read", name));
  }
  known->second.zone = zone;
  return zone;
}

bool ZoneFiles::HasChanged(const std::string& name) const {
  const auto known = loaded_.find(name);
  return known != loaded_.end() && known->second.identity != IdentityOf(name);
}

std::string ZoneDataVersion() {
  std::ifstream file(ZoneDirectory() / "tzdata.zi");
  std::string line;
  std::getline(file, line);
  constexpr std::string_view kPrefix = "# version ";
  if (!line.starts_with(kPrefix) || line.size() == kPrefix.size()) {
    return "unknown";
  }
  return line.substr(kPrefix.size());
}

std::string FormatLocal(Instant instant, const absl::TimeZone& zone) {
  return absl::FormatTime(absl::RFC3339_full,
                          absl::FromUnixMicros(MicrosOf(instant)), zone);
}

}  // namespace retentiond
