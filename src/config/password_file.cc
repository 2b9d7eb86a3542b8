#include "config/password_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>

namespace retentiond {

absl::StatusOr<std::string> ReadPassword(const std::filesystem::path& file) {
  errno = 0;
  std::ifstream stream(file);
  std::string password;
  std::getline(stream, password);
  if (!stream.is_open() || errno != 0) {
    return absl::InvalidArgumentError(
        fmt::format("database.password_file: {}: cannot be read: {}",
                    file.string(), std::strerror(errno)));
  }
  if (!password.empty() && password.back() == '\r') password.pop_back();
  if (password.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "database.password_file: {}: is empty; expected the password in its "
        "first line",
        file.string()));
  }
  return password;
}

}  // namespace retentiond
