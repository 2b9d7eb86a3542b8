// Where something is mounted in this process's view, as of now.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace retentiond {

// Reads the table again only when the kernel says that it has changed
// (proc(5)). Threads: one at a time.
class MountPoints {
 public:
  explicit MountPoints(std::string table = "/proc/self/mountinfo");

  // Whether `directory`, an absolute real path, or anything below it is a mount
  // point. True when the table cannot be read.
  bool AnyAtOrBelow(std::string_view directory);

 private:
  bool HasChanged() const;
  bool Read();

  std::string table_;
  UniqueFd fd_;
  bool known_ = false;
  std::vector<std::string> points_;
};

}  // namespace retentiond
