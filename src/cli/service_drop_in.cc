#include "cli/service_drop_in.h"

#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace retentiond {
namespace {

namespace fs = std::filesystem;

constexpr char kFirstLine[] =
    "# Made by `retentiond init --write`, and made anew by the next one.\n";

std::vector<fs::path> Roots(const FilesConfig& files) {
  std::vector<fs::path> roots = files.temp_roots;
  roots.insert(roots.end(), files.log_roots.begin(), files.log_roots.end());
  return roots;
}

// As a word of a unit file (systemd.syntax(7), "Quoting"; "%" begins a
// specifier).
std::string Word(const fs::path& path) {
  std::string word = "\"-";
  for (const char c : path.string()) {
    if (c == '"' || c == '\\') word += '\\';
    if (c == '%') word += '%';
    word += c;
  }
  return word + '"';
}

// Where the unit shows nothing by itself: ProtectHome=yes.
bool IsInAHome(const fs::path& path) {
  static constexpr std::array<const char*, 3> kHomes = {"/home", "/root",
                                                        "/run/user"};
  return std::any_of(kHomes.begin(), kHomes.end(), [&](const char* home) {
    const fs::path top = home;
    return std::mismatch(top.begin(), top.end(), path.begin(), path.end())
               .first == top.end();
  });
}

}  // namespace

std::optional<std::string> OwnerOf(const fs::path& path) {
  struct stat st = {};
  if (::stat(path.c_str(), &st) != 0) return std::nullopt;
  std::vector<char> buffer(16 * 1024);
  passwd entry = {};
  passwd* found = nullptr;
  ::getpwuid_r(st.st_uid, &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(st.st_uid) : found->pw_name;
}

std::vector<std::string> RootOwners(const FilesConfig& files) {
  std::vector<std::string> owners;
  for (const fs::path& root : Roots(files)) {
    const std::optional<std::string> owner = OwnerOf(root);
    if (!owner.has_value() || *owner == "root") continue;
    if (std::find(owners.begin(), owners.end(), *owner) != owners.end()) {
      continue;
    }
    owners.push_back(*owner);
  }
  return owners;
}

std::string ServiceUser(const Config& config) {
  if (config.database.kind == DatabaseKind::kSqlite) {
    if (const auto owner = OwnerOf(config.database.path)) return *owner;
  }
  const std::vector<std::string> owners = RootOwners(config.files);
  return owners.empty() ? kUnitUser : owners.front();
}

std::string ServiceDropIn(const Config& config) {
  std::vector<fs::path> writable = Roots(config.files);
  if (config.database.kind == DatabaseKind::kSqlite) {
    writable.push_back(config.database.path.parent_path());
  }
  std::string text = kFirstLine;
  text += "[Service]\n";
  const std::string user = ServiceUser(config);
  if (user != kUnitUser) text += fmt::format("User={}\n", user);
  text += "# Nothing else can be written by it. The dash: may be missing.\n";
  text += "ReadWritePaths=\n";
  for (const fs::path& path : writable) {
    text += fmt::format("ReadWritePaths={}\n", Word(path));
  }
  if (std::any_of(writable.begin(), writable.end(), IsInAHome)) {
    text += "ProtectHome=read-only\n";
  }
  return text;
}

bool IsOurDropIn(const std::string& text) {
  return text.empty() || text.starts_with(kFirstLine);
}

}  // namespace retentiond
