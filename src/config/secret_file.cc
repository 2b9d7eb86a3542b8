#include "config/secret_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

#include "base/status_macros.h"

namespace retentiond {

absl::StatusOr<std::filesystem::path> SecretPath(const SettingsTable& table,
                                                 const Environment& env,
                                                 const std::string& key,
                                                 const std::string& what) {
  std::string file;
  RETURN_IF_ERROR(table.ReadText(key, file));
  std::filesystem::path path = file;
  const auto credentials = env("CREDENTIALS_DIRECTORY");
  const bool bare = !file.empty() && file.find('/') == std::string::npos;
  if (bare && credentials.has_value()) path = *credentials / path;
  if (path.empty() || path.is_absolute()) return path;
  return table.Error(key, fmt::format("expected the absolute path of a file "
                                      "that holds the {}, or the name of a "
                                      "systemd credential",
                                      what));
}

absl::StatusOr<std::string> ReadSecret(const std::filesystem::path& file,
                                       const std::string& key,
                                       const std::string& what) {
  errno = 0;
  std::ifstream stream(file);
  std::string secret;
  std::getline(stream, secret);
  if (!stream.is_open() || errno != 0) {
    return absl::InvalidArgumentError(fmt::format("{}: {}: cannot be read: {}",
                                                  key, file.string(),
                                                  std::strerror(errno)));
  }
  if (!secret.empty() && secret.back() == '\r') secret.pop_back();
  if (secret.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}: is empty; expected the {} in its first line", key,
                    file.string(), what));
  }
  return secret;
}

absl::StatusOr<std::string> ReadSecret(const SecretConfig& secret,
                                       const std::string& what) {
  if (secret.file.empty()) return secret.value;
  return ReadSecret(secret.file, secret.key, what);
}

}  // namespace retentiond
