#include "base/status.h"

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace retentiond {
namespace {

constexpr char kErrnoUrl[] = "retentiond/errno";

absl::StatusCode CodeOfErrno(int error_number) {
  switch (error_number) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::StatusCode::kPermissionDenied;
    case EAGAIN:
    case EINTR:
      return absl::StatusCode::kAborted;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
      return absl::StatusCode::kResourceExhausted;
    case EIO:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

absl::Status Annotate(const absl::Status& status, const std::string& context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), context + ": " + MessageOf(status));
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrnoUrl);
  if (payload.has_value()) annotated.SetPayload(kErrnoUrl, *payload);
  return annotated;
}

absl::Status ErrnoStatus(int error_number, const std::string& context) {
  absl::Status status(CodeOfErrno(error_number),
                      context + ": " + std::strerror(error_number));
  status.SetPayload(kErrnoUrl, absl::Cord(std::to_string(error_number)));
  return status;
}

int ErrnoOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kErrnoUrl);
  if (!payload.has_value()) return 0;
  return std::stoi(std::string(*payload));
}

std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

}  // namespace retentiond
