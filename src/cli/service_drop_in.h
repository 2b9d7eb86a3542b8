// What the systemd unit has to be told of one farm: whose files they are, and
// which directories may be written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"

namespace retentiond {

// The user that the unit runs as by itself, made by the package.
inline constexpr char kUnitUser[] = "retentiond";
inline constexpr char kDefaultDropIn[] =
    "/etc/systemd/system/retentiond.service.d/retentiond.conf";

// The user to whom `path` belongs, or the number of one without a name; none
// where there is no such path.
std::optional<std::string> OwnerOf(const std::filesystem::path& path);

// The users other than root to whom the roots that are there belong, each once.
std::vector<std::string> RootOwners(const FilesConfig& files);

// Who has to run the daemon: the owner of the SQLite database, since a journal
// that another one leaves shuts the farm out; else who the roots belong to;
// else kUnitUser.
std::string ServiceUser(const Config& config);

// The drop-in: User=, and ReadWritePaths= with the roots and the directory of
// the SQLite database. A root that is missing does not stop the start.
std::string ServiceDropIn(const Config& config);

// Whether `text` was made by ServiceDropIn, or is nothing.
bool IsOurDropIn(const std::string& text);

}  // namespace retentiond
