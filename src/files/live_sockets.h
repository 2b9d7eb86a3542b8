// Which socket files may have a process behind them.
#pragma once

#include <string>

namespace retentiond {

class LiveSockets {
 public:
  // `list` is the kernel's list of bound sockets, in the form of proc(5).
  explicit LiveSockets(std::string list = "/proc/net/unix");

  // Whether a bound socket's path ends in `name`. The path is what its binder
  // wrote (relative, or through links), so that only the last component counts:
  // a socket too many is kept. When the list cannot be read, all are in use.
  bool MayBeInUse(const std::string& name) const;

 private:
  std::string list_;
};

}  // namespace retentiond
