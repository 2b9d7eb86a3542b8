#include "testing/files/scripted_calls.h"

#include <algorithm>
#include <cerrno>

namespace retentiond {

bool ScriptedCalls::Fails(const char* function, const char* name, int flags) {
  ++calls_;
  if (!script_) return false;
  const int error = script_({calls_, function, name, flags});
  if (error != 0) errno = error;
  return error != 0;
}

int ScriptedCalls::Note(int descriptor) {
  highest_descriptor_ = std::max(highest_descriptor_, descriptor);
  return descriptor;
}

int ScriptedCalls::OpenBeneath(int directory, const char* path, int flags) {
  if (Fails("open", path, flags)) return -1;
  return Note(FileCalls::OpenBeneath(directory, path, flags));
}

int ScriptedCalls::OpenParent(int directory) {
  if (Fails("parent", "", 0)) return -1;
  return Note(FileCalls::OpenParent(directory));
}

ssize_t ScriptedCalls::GetDents(int directory, void* buffer, std::size_t size) {
  if (Fails("list", "", 0)) return -1;
  return FileCalls::GetDents(directory, buffer, size);
}

int ScriptedCalls::Statx(int directory, const char* name, int flags,
                         unsigned mask, struct statx* result) {
  if (Fails("stat", name, flags)) return -1;
  return FileCalls::Statx(directory, name, flags, mask, result);
}

int ScriptedCalls::Unlink(int directory, const char* name, int flags) {
  if (Fails("unlink", name, flags)) return -1;
  return FileCalls::Unlink(directory, name, flags);
}

int ScriptedCalls::Rename(int from_directory, const char* from,
                          int to_directory, const char* to) {
  if (Fails("rename", from, 0)) return -1;
  return FileCalls::Rename(from_directory, from, to_directory, to);
}

int ScriptedCalls::Flock(int fd, int operation) {
  if (Fails("lock", "", operation)) return -1;
  return FileCalls::Flock(fd, operation);
}

}  // namespace retentiond
