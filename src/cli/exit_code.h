// Exit codes of sysexits.h.
#pragma once

#include "absl/status/status.h"

namespace retentiond {

enum class ExitCode : int {
  kOk = 0,
  kNotOk = 1,  // audit verify, check: the answer is no
  kUsage = 64,
  kUnavailable = 69,  // the database cannot be had
  kSoftware = 70,     // a fault of this program
  kTryAgain = 75,     // busy, or led by another
  kPermission = 77,
  kConfiguration = 78,
};

// What a failed command exits with.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace retentiond
