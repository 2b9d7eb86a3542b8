#include "files/mount_info.h"

#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

namespace retentiond {

bool IsPrivateMount(std::string_view mountinfo, std::uint64_t mount_id) {
  std::istringstream lines{std::string(mountinfo)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::uint64_t id = 0;
    std::string parent, device, source;
    if (fields >> id >> parent >> device >> source && id == mount_id) {
      return source.find("/systemd-private-") != std::string::npos;
    }
  }
  return false;
}

}  // namespace retentiond
