#include "files/file_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <string>

#include "base/unique_fd.h"
#include "files/live_sockets.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

// A kernel from before openat2.
class OldKernel : public FileCalls {
 protected:
  int OpenByKernel(int directory, const char* path, int flags) override {
    (void)directory, (void)path, (void)flags;
    errno = ENOSYS;
    return -1;
  }
};

// The same on a kernel with openat2 and on one without it.
class OpenBeneathTest : public RemoverTest,
                        public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    mounts_ = EnterPrivateMounts();
    RemoverTest::SetUp();
    MakeTree(root_path(), {Dir("a", {Dir("b", {File("c")})}),
                           Link("out", outside().string()), Link("in", "a"),
                           File("file"), Dir("mnt")});
  }
  FileCalls& calls() { return GetParam() ? new_ : old_; }
  // 0, or the errno of the failure.
  int Open(const std::string& path, int flags = O_RDONLY | O_CLOEXEC) {
    const UniqueFd fd(calls().OpenBeneath(root_->fd(), path.c_str(), flags));
    return fd.valid() ? 0 : errno;
  }

  bool mounts_ = false;
  FileCalls new_;
  OldKernel old_;
};

TEST_P(OpenBeneathTest, OpensWhatLiesBelow) {
  EXPECT_EQ(Open("."), 0);
  EXPECT_EQ(Open("a"), 0);
  EXPECT_EQ(Open("a/b/c"), 0);
  EXPECT_EQ(Open("none"), ENOENT);
  EXPECT_EQ(Open("a/none/c"), ENOENT);
  EXPECT_EQ(Open("file", O_RDONLY | O_DIRECTORY | O_CLOEXEC), ENOTDIR);
}

TEST_P(OpenBeneathTest, LeavesTheDirectoryNowhere) {
  EXPECT_EQ(Open(".."), EXDEV);
  EXPECT_EQ(Open("/etc"), EXDEV);
  EXPECT_EQ(Open("a/../../outside"), EXDEV);
}

TEST_P(OpenBeneathTest, OpensNothingInADirectoryThatIsNone) {
  EXPECT_LT(calls().OpenBeneath(-1, "a", O_RDONLY | O_CLOEXEC), 0);
}

TEST_P(OpenBeneathTest, FollowsNoLink) {
  for (const char* path : {"out", "in", "out/keep.txt", "in/b"}) {
    EXPECT_NE(Open(path), 0) << path;
    EXPECT_NE(Open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), 0)
        << path;
  }
}

TEST_P(OpenBeneathTest, EntersNoMount) {
  if (!mounts_) GTEST_SKIP() << "NOT TESTED: run as root, with mounts";
  ASSERT_EQ(::mount(outside().c_str(), InRoot("mnt").c_str(), nullptr, MS_BIND,
                    nullptr),
            0);
  EXPECT_EQ(Open("mnt"), EXDEV);
  EXPECT_EQ(Open("mnt/keep.txt"), EXDEV);
  ASSERT_EQ(::umount2(InRoot("mnt").c_str(), MNT_DETACH), 0);
  EXPECT_EQ(Open("mnt"), 0);
}

TEST_P(OpenBeneathTest, ServesToRemoveATree) {
  MakeTree(
      root_path(),
      {Dir("7", {Dir("x", {File("y")}), Link("etc", outside().string())})});
  const retentiond::Shield nothing(roots());
  const Removal removal =
      TreeRemover(*root_, 0, nothing, calls()).Remove("7", {});
  EXPECT_EQ(removal.files, 2);
  EXPECT_EQ(removal.directories, 2);
  EXPECT_EQ(removal.errors_total, 0);
}

INSTANTIATE_TEST_SUITE_P(Kernels, OpenBeneathTest, testing::Bool(),
                         [](const auto& kernel) {
                           return kernel.param ? "WithOpenat2" : "Without";
                         });

}  // namespace
}  // namespace retentiond
