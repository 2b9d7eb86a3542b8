// Whether anything in a tree is younger than an instant.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "files/descent.h"
#include "files/file_calls.h"

namespace retentiond {

enum class TreeAge {
  kOld,      // every stamp in it is before the cutoff
  kYoung,    // a stamp is at or after it
  kMounted,  // the entry, or something in it, is a mount point: not looked into
  kGone,     // there is no such entry
};

// Both may be null.
struct AgeVisitor {
  std::function<void(const char*)> seen = {};  // is told each name looked at
  // Asked before each batch of names; false: Cancelled.
  std::function<bool()> may_go_on = {};
};

// Looks at the modification, change and birth time of the entry `name` of the
// current directory and of everything in it; stops at the first that is young.
// Stands where it stood afterwards, but after an error perhaps further up.
// Errors: of the first entry that cannot be read (what has vanished meanwhile
// is none); Cancelled.
absl::StatusOr<TreeAge> FindTreeAge(Descent& descent, FileCalls& calls,
                                    const std::string& name, Instant cutoff,
                                    const AgeVisitor& visitor = {});

}  // namespace retentiond
