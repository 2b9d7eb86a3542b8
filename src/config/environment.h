// What the configuration takes from the environment and the machine where the
// file is silent. Every error names the variable.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "config/config.h"

namespace retentiond {

// TZ ("Europe/Helsinki", ":Europe/Helsinki", or the path of a zone file), else
// the machine's zone. A zone that can be loaded, or an error.
absl::StatusOr<std::string> DefaultZone(
    const Environment& env, const std::filesystem::path& etc = "/etc");

// The zone that `etc`/localtime links to, else that of `etc`/timezone, else
// "UTC".
std::string MachineZone(const std::filesystem::path& etc);

// The first directory of $STATE_DIRECTORY, else $XDG_STATE_HOME/retentiond,
// else $HOME/.local/state/retentiond, else /var/lib/retentiond.
absl::StatusOr<std::filesystem::path> StateDirectory(const Environment& env);

}  // namespace retentiond
