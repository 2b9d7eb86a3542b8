// Landlock: a thread gives up rights over files, for good (landlock(7)).
#pragma once

#include <vector>

#include "absl/status/status.h"

namespace retentiond {

// From now on the calling thread can neither write, make, rename nor remove
// anything but below `directories`, open descriptors, and there it can only
// remove and rename. What it may read is as before. Other threads are not
// affected. Unimplemented where the kernel has no Landlock.
absl::Status ConfineThread(const std::vector<int>& directories);

}  // namespace retentiond
