// A secret that stands in a file of its own, and what names that file.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "config/settings_table.h"

namespace retentiond {

// The path that `key` gives: absolute, or the name of a systemd credential;
// empty where the key is absent. `what` is in it: "password".
absl::StatusOr<std::filesystem::path> SecretPath(const SettingsTable& table,
                                                 const Environment& env,
                                                 const std::string& key,
                                                 const std::string& what);

// The first line of the file. InvalidArgument (it cannot be read, or is empty)
// names the file, and the key that named it: "database.password_file".
absl::StatusOr<std::string> ReadSecret(const std::filesystem::path& file,
                                       const std::string& key,
                                       const std::string& what);

// The same of a secret that may also stand in the configuration.
absl::StatusOr<std::string> ReadSecret(const SecretConfig& secret,
                                       const std::string& what);

}  // namespace retentiond
