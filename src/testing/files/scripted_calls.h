// File calls that a test counts, lets fail, or races something into.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "files/file_calls.h"

namespace retentiond {

struct FileCall {
  int number;  // the first is 1
  std::string
      function;  // "open", "parent", "list", "stat", "unlink", "rename", "lock"
  std::string name;  // as given; "" where there is none
  int flags;         // as given; 0 where there are none
};

class ScriptedCalls : public FileCalls {
 public:
  // Asked before each call: 0 to let it through, else the errno it fails with.
  using Script = std::function<int(const FileCall&)>;

  ScriptedCalls() = default;
  explicit ScriptedCalls(Script script) : script_(std::move(script)) {}

  int calls() const { return calls_; }
  // The highest descriptor that a call has returned.
  int highest_descriptor() const { return highest_descriptor_; }

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
  bool Fails(const char* function, const char* name, int flags);
  int Note(int descriptor);

  Script script_;
  int calls_ = 0;
  int highest_descriptor_ = 0;
};

}  // namespace retentiond
