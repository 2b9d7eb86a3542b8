#include "run/watched_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <memory>

#include "base/unique_fd.h"

namespace retentiond {
namespace {

TEST(WatchedCallsTest, MakesEachCallAndTellsOfIt) {
  const UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  FileCalls calls;
  int beats = 0;
  const std::unique_ptr<FileCalls> watched =
      std::make_unique<WatchedCalls>(calls, [&beats] { ++beats; });

  const UniqueFd tmp(
      watched->OpenBeneath(root.get(), "tmp", O_RDONLY | O_DIRECTORY));
  EXPECT_TRUE(tmp.valid());
  const UniqueFd parent(watched->OpenParent(tmp.get()));
  EXPECT_TRUE(parent.valid());
  std::array<char, 4096> names{};
  EXPECT_GT(watched->GetDents(parent.get(), names.data(), names.size()), 0);
  struct statx status {};
  EXPECT_EQ(watched->Statx(parent.get(), "tmp", 0, STATX_TYPE, &status), 0);
  // Of what is not there, so that nothing changes.
  const char* none = "no such name, retentiond";
  EXPECT_EQ(watched->Unlink(tmp.get(), none, 0), -1);
  EXPECT_EQ(watched->Rename(tmp.get(), none, tmp.get(), "another"), -1);
  EXPECT_EQ(watched->Flock(tmp.get(), LOCK_SH), 0);
  EXPECT_EQ(beats, 7);
}

}  // namespace
}  // namespace retentiond
