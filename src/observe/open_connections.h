// Which connections are open, and which of them has to go when there are too
// many: somebody who sends a byte a second must not keep others out.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>

#include "base/time.h"

namespace retentiond {

// Threads: any.
class OpenConnections {
 public:
  // At most `most` are open at a time, and one that has been open for
  // `patience` makes room for a newcomer.
  OpenConnections(std::size_t most, Micros patience)
      : most_(most), patience_(patience) {}

  // Whether one more may be opened at `now` (boot time). Shuts the oldest down
  // if that makes room; its owner still has to close it.
  bool Admit(Micros now);
  // `fd` must stay valid until Remove.
  void Add(const void* connection, int fd, Micros now);
  void Remove(const void* connection);
  // Ends all that is being sent or received.
  void ShutDownAll();

 private:
  struct Entry {
    int fd = 0;
    Micros since{0};
    bool shut_down = false;
  };

  const std::size_t most_;
  const Micros patience_;
  std::mutex mutex_;
  std::map<const void*, Entry> entries_;
};

}  // namespace retentiond
