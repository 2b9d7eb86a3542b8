#include "base/status.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"

namespace retentiond {
namespace {

TEST(AnnotateTest, PutsTheContextInFront) {
  const absl::Status status =
      Annotate(absl::NotFoundError("no such file"), "open 'x'");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(MessageOf(status), "open 'x': no such file");
}

TEST(AnnotateTest, LeavesOkAlone) {
  EXPECT_TRUE(Annotate(absl::OkStatus(), "open").ok());
}

TEST(AnnotateTest, KeepsTheErrno) {
  const absl::Status status =
      Annotate(ErrnoStatus(ENOENT, "open 'x'"), "sweep");
  EXPECT_EQ(MessageOf(status), "sweep: open 'x': No such file or directory");
  EXPECT_EQ(ErrnoOf(status), ENOENT);
}

TEST(ErrnoStatusTest, SaysWhatTheCallerDoesAboutIt) {
  const std::pair<int, absl::StatusCode> kExpected[] = {
      {ENOENT, absl::StatusCode::kNotFound},
      {EACCES, absl::StatusCode::kPermissionDenied},
      {EPERM, absl::StatusCode::kPermissionDenied},
      {EROFS, absl::StatusCode::kPermissionDenied},
      {EAGAIN, absl::StatusCode::kAborted},
      {EINTR, absl::StatusCode::kAborted},
      {ENOSPC, absl::StatusCode::kResourceExhausted},
      {EDQUOT, absl::StatusCode::kResourceExhausted},
      {EMFILE, absl::StatusCode::kResourceExhausted},
      {ENFILE, absl::StatusCode::kResourceExhausted},
      {EIO, absl::StatusCode::kDataLoss},
      {ELOOP, absl::StatusCode::kInternal},
  };
  for (const auto& [error_number, code] : kExpected) {
    const absl::Status status = ErrnoStatus(error_number, "call");
    EXPECT_EQ(status.code(), code) << error_number;
    EXPECT_EQ(ErrnoOf(status), error_number);
  }
}

TEST(ErrnoStatusTest, HasNoErrnoWhereNoCallFailed) {
  EXPECT_EQ(ErrnoOf(absl::OkStatus()), 0);
  EXPECT_EQ(ErrnoOf(absl::InternalError("x")), 0);
}

absl::StatusOr<std::unique_ptr<int>> Make(bool ok) {
  if (!ok) return absl::AbortedError("busy");
  return std::make_unique<int>(7);
}

absl::StatusOr<int> Use(const absl::Status& first, bool second) {
  RETURN_IF_ERROR(first);
  ASSIGN_OR_RETURN(const std::unique_ptr<int> made, Make(second));
  return *made;
}

TEST(StatusMacrosTest, PassesValuesOn) {
  EXPECT_EQ(*Use(absl::OkStatus(), true), 7);
}

TEST(StatusMacrosTest, ReturnsTheFirstError) {
  EXPECT_EQ(MessageOf(Use(absl::InternalError("x"), false).status()), "x");
  EXPECT_EQ(MessageOf(Use(absl::OkStatus(), false).status()), "busy");
}

}  // namespace
}  // namespace retentiond
