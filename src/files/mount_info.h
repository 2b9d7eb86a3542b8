// What /proc/self/mountinfo says of a mount (proc(5)).
#pragma once

#include <cstdint>
#include <string_view>

namespace retentiond {

// Whether the mount is a private /tmp that the service manager gave to this
// process alone (PrivateTmp=): the farm's files are not in there. False when
// the mount is not listed.
bool IsPrivateMount(std::string_view mountinfo, std::uint64_t mount_id);

}  // namespace retentiond
