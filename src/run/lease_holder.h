// Who holds the lease, in words that tell a dead process of this machine from a
// living one elsewhere.
#pragma once

#include <string>

namespace retentiond {

// As gethostname says.
std::string HostName();

// "host/boot id/pid namespace/pid/start time": names one process for ever.
// `host` is as gethostname says.
std::string LeaseHolderOfThisProcess(const std::string& host,
                                     const std::string& boot_id);

// Whether `holder` was a process of this boot and pid namespace that is there
// no more: its lease need not be waited for. False whenever that is not
// certain.
bool IsDeadNeighbour(const std::string& holder, const std::string& host,
                     const std::string& boot_id);

}  // namespace retentiond
