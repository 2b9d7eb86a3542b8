#include "observe/open_connections.h"

#include <sys/socket.h>

namespace retentiond {

bool OpenConnections::Admit(Micros now) {
  const std::lock_guard lock(mutex_);
  std::size_t counted = 0;
  Entry* oldest = nullptr;
  for (auto& [connection, entry] : entries_) {
    if (entry.shut_down) continue;
    ++counted;
    if (oldest == nullptr || entry.since < oldest->since) oldest = &entry;
  }
  if (counted < most_) return true;
  if (oldest == nullptr || now - oldest->since < patience_) return false;
  ::shutdown(oldest->fd, SHUT_RDWR);
  oldest->shut_down = true;
  return true;
}

void OpenConnections::Add(const void* connection, int fd, Micros now) {
  const std::lock_guard lock(mutex_);
  entries_[connection] = {.fd = fd, .since = now};
}

void OpenConnections::Remove(const void* connection) {
  const std::lock_guard lock(mutex_);
  entries_.erase(connection);
}

void OpenConnections::ShutDownAll() {
  const std::lock_guard lock(mutex_);
  for (auto& [connection, entry] : entries_) {
    ::shutdown(entry.fd, SHUT_RDWR);
    entry.shut_down = true;
  }
}

}  // namespace retentiond
