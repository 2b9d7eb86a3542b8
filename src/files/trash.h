// `<root>/.retentiond-trash`: where a directory goes before it is emptied, so
// that it vanishes in one step; and `id` in it, which names the root wherever
// and by whomever it is mounted (docs/decisions/0008-roots-by-id.md).
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "files/file_calls.h"
#include "files/root.h"

namespace retentiond {

class Trash {
 public:
  enum class Mode {
    kLook,  // changes nothing
    kMake,  // makes the directory and the id where they are missing
  };
  // NotFound: there is no trash, or no id in it. InvalidArgument: what lies
  // there is no directory of root's or our own that nobody else may write to,
  // or its id cannot be read as one. Others: what could not be made.
  static absl::StatusOr<Trash> Open(const Root& root, FileCalls& calls,
                                    Mode mode);

  // 32 hexadecimal digits.
  const std::string& id() const { return id_; }

  // Takes the root's flock, until this object goes. Aborted when another
  // process works on the root's files.
  absl::Status Lock(FileCalls& calls);

 private:
  Trash() = default;
  UniqueFd id_file_;
  std::string id_;
};

// Whether `name` is one of the trash's own files, so that no directory of that
// name can be moved there.
bool IsTrashsOwn(std::string_view name);

}  // namespace retentiond
