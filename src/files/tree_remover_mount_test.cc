// Mount points in a job's directory, as only root can make them: each test has
// mounts of its own.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include <cerrno>
#include <filesystem>
#include <string>

#include "base/status.h"
#include "base/unique_fd.h"
#include "files/trash.h"
#include "files/tree_remover.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class TreeRemoverMountTest : public RemoverTest {
 protected:
  void SetUp() override {
    // First: a root's identity is that of its mount here.
    const bool may_mount = EnterPrivateMounts();
    RemoverTest::SetUp();
    if (!may_mount) {
      GTEST_SKIP() << "NOT TESTED: run as root, with the right to mount";
    }
  }
  void Bind(const fs::path& source, const fs::path& target) {
    ASSERT_EQ(
        ::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  void Unmount(const fs::path& target) {
    ASSERT_EQ(::umount2(target.c_str(), MNT_DETACH), 0);
  }
  void ExpectMounted(const Removal& removal, const std::string& path) {
    EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{path, "mounted"}));
    EXPECT_THAT(removal.errors, IsEmpty());
    EXPECT_TRUE(removal.retry());
  }
};

TEST_F(TreeRemoverMountTest, LeavesABindMountOfADirectory) {
  MakeTree(root_path(), {Dir("7", {Dir("mnt"), File("a"), Dir("b")})});
  Bind(outside(), InRoot("7/mnt"));
  ExpectMounted(Remove("7"), "7/mnt");
  EXPECT_TRUE(fs::exists(InRoot("7/mnt/keep.txt")));
  EXPECT_FALSE(fs::exists(InRoot("7/a")));
  EXPECT_FALSE(fs::exists(InRoot("7/b")));
  Unmount(InRoot("7/mnt"));
}

TEST_F(TreeRemoverMountTest, LeavesABindMountOfAFile) {
  MakeTree(root_path(), {Dir("7", {File("mnt"), File("a")})});
  Bind(outside() / "keep.txt", InRoot("7/mnt"));
  ExpectMounted(Remove("7"), "7/mnt");
  EXPECT_FALSE(fs::exists(InRoot("7/a")));
  Unmount(InRoot("7/mnt"));
}

TEST_F(TreeRemoverMountTest, LeavesAnotherFileSystem) {
  MakeTree(root_path(), {Dir("7", {Dir("mnt"), File("a")})});
  ASSERT_EQ(::mount("none", InRoot("7/mnt").c_str(), "tmpfs", 0, nullptr), 0);
  MakeTree(InRoot("7/mnt"), {File("b")});
  ExpectMounted(Remove("7"), "7/mnt");
  EXPECT_TRUE(fs::exists(InRoot("7/mnt/b")));
  Unmount(InRoot("7/mnt"));
}

TEST_F(TreeRemoverMountTest, LeavesAnEntryThatIsAMount) {
  MakeTree(root_path(), {Dir("7"), Dir("log")});
  Bind(outside(), InRoot("7"));
  Bind(outside(), InRoot("log"));
  ExpectMounted(Remove("7"), "7");
  ExpectMounted(Remove("log/keep.txt"), "log");
  TreeRemover::Options options;
  options.only_older_than = NewestStamp() + std::chrono::hours(1);
  ExpectMounted(Remove("7", options), "7");
  Unmount(InRoot("7"));
  Unmount(InRoot("log"));
}

TEST_F(TreeRemoverMountTest, KeepsTheEntryWhenAMountInItHidesTheAge) {
  MakeTree(root_path(), {Dir("7", {File("a"), Dir("b", {Dir("mnt")})})});
  TreeRemover::Options options;
  options.only_older_than = NewestStamp() + std::chrono::hours(1);
  Bind(outside(), InRoot("7/b/mnt"));
  ExpectMounted(Remove("7", options), "7");
  EXPECT_TRUE(fs::exists(InRoot("7/a")));
  Unmount(InRoot("7/b/mnt"));
}

TEST_F(TreeRemoverMountTest, LeavesEverythingOnAReadOnlyMount) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Bind(root_path(), root_path());
  ASSERT_EQ(::mount(nullptr, root_path().c_str(), nullptr,
                    MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
            0);
  root_.emplace(OpenRoot());
  const Removal removal = Remove("7");
  EXPECT_THAT(removal.errors, ElementsAre(HasSubstr("Read-only file system")));
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/a", "permission"}));
  root_.reset();
  Unmount(root_path());
}

TEST_F(TreeRemoverMountTest, RemovesOnADiskThatIsFull) {
  ASSERT_EQ(
      ::mount("none", root_path().c_str(), "tmpfs", 0, "size=64k,nr_inodes=4"),
      0);
  root_.emplace(OpenRoot());
  MakeTree(root_path(), {Dir("7", {File("a", std::string(60'000, 'x'))})});
  MakeTree(root_path(), {File("filler")});
  EXPECT_EQ(ErrnoOf(Trash::Open(*root_, calls_, Trash::Mode::kMake).status()),
            ENOSPC);
  TreeRemover::Options options;
  options.trash = TreeRemover::UseTrash::kYes;
  EXPECT_EQ(Remove("7", options).files, 1);
  EXPECT_THAT(Remaining(), ElementsAre("filler"));
  root_.reset();
  Unmount(root_path());
}

TEST_F(TreeRemoverMountTest, StopsWhenSomethingIsMountedOverTheRoot) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Bind(root_path(), root_path());
  EXPECT_EQ(Remove("7").errors_total, 1);
  Unmount(root_path());
  EXPECT_EQ(Remove("7").files, 1);
}

TEST_F(TreeRemoverMountTest, LeavesAnImmutableFileAndGoesOn) {
  MakeTree(root_path(), {Dir("7", {File("a"), File("b")})});
  const UniqueFd fd(::open(InRoot("7/a").c_str(), O_RDONLY));
  int flags = FS_IMMUTABLE_FL;
  if (::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags) != 0) {
    GTEST_SKIP() << "NOT TESTED: this file system has no immutable files";
  }
  const Removal removal = Remove("7");
  flags = 0;
  ASSERT_EQ(::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags), 0);
  EXPECT_THAT(removal.errors,
              ElementsAre("remove '7/a': Operation not permitted"));
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/a", "permission"}));
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a"));
}

}  // namespace
}  // namespace retentiond
