#include "run/watched_calls.h"

#include <utility>

namespace retentiond {

WatchedCalls::WatchedCalls(FileCalls& calls, std::function<void()> beat)
    : calls_(calls), beat_(std::move(beat)) {}

WatchedCalls::~WatchedCalls() = default;

int WatchedCalls::OpenBeneath(int directory, const char* path, int flags) {
  beat_();
  return calls_.OpenBeneath(directory, path, flags);
}

int WatchedCalls::OpenParent(int directory) {
  beat_();
  return calls_.OpenParent(directory);
}

ssize_t WatchedCalls::GetDents(int directory, void* buffer, std::size_t size) {
  beat_();
  return calls_.GetDents(directory, buffer, size);
}

int WatchedCalls::Statx(int directory, const char* name, int flags,
                        unsigned mask, struct statx* result) {
  beat_();
  return calls_.Statx(directory, name, flags, mask, result);
}

int WatchedCalls::Unlink(int directory, const char* name, int flags) {
  beat_();
  return calls_.Unlink(directory, name, flags);
}

int WatchedCalls::Rename(int from_directory, const char* from, int to_directory,
                         const char* to) {
  beat_();
  return calls_.Rename(from_directory, from, to_directory, to);
}

int WatchedCalls::Flock(int fd, int operation) {
  beat_();
  return calls_.Flock(fd, operation);
}

}  // namespace retentiond
