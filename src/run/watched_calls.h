// File calls that keep telling somebody that work goes on: the walk of a large
// tree asks nobody else for minutes.
#pragma once

#include <functional>

#include "files/file_calls.h"

namespace retentiond {

class WatchedCalls : public FileCalls {
 public:
  // `calls` must outlive this; `beat` is called before each call, by whatever
  // thread makes it.
  WatchedCalls(FileCalls& calls, std::function<void()> beat);
  ~WatchedCalls() override;

  int OpenBeneath(int directory, const char* path, int flags) override;
  int OpenParent(int directory) override;
  ssize_t GetDents(int directory, void* buffer, std::size_t size) override;
  int Statx(int directory, const char* name, int flags, unsigned mask,
            struct statx* result) override;
  int Unlink(int directory, const char* name, int flags) override;
  int Rename(int from_directory, const char* from, int to_directory,
             const char* to) override;
  int Flock(int fd, int operation) override;

 private:
  FileCalls& calls_;
  std::function<void()> beat_;
};

}  // namespace retentiond
