#include "cli/exit_code.h"

#include <gtest/gtest.h>

namespace retentiond {
namespace {

TEST(ExitCodeTest, FollowsSysexits) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), ExitCode::kOk);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::OutOfRangeError(""))), 64);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::NotFoundError(""))), 69);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::UnavailableError(""))), 69);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::DataLossError(""))), 69);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::ResourceExhaustedError(""))), 69);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::FailedPreconditionError(""))),
            69);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::InternalError(""))), 70);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::AbortedError(""))), 75);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::PermissionDeniedError(""))), 77);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::InvalidArgumentError(""))), 78);
}

}  // namespace
}  // namespace retentiond
