// Context for statuses on their way up.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace retentiond {

// `status` with "context: " in front of its message; code and payloads kept.
// OK stays OK.
absl::Status Annotate(const absl::Status& status, const std::string& context);

// A status for a failed system call. The code says what the caller does about
// it (ENOENT NotFound, EACCES/EPERM/EROFS PermissionDenied, EAGAIN/EINTR
// Aborted, ENOSPC/EDQUOT/EMFILE/ENFILE ResourceExhausted, EIO DataLoss, else
// Internal); the errno is kept as a payload.
absl::Status ErrnoStatus(int error_number, const std::string& context);

// The errno that ErrnoStatus kept; 0 when there is none.
int ErrnoOf(const absl::Status& status);

// The message as a std::string (Debian's Abseil has a string_view of its own).
std::string MessageOf(const absl::Status& status);

}  // namespace retentiond
