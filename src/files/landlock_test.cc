#include "files/landlock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <functional>
#include <thread>

#include "base/unique_fd.h"
#include "testing/files/scratch.h"

namespace retentiond {
namespace {

class LandlockTest : public ScratchTest {
 protected:
  // Does `act` in a thread that is confined to the root.
  void Confined(const std::function<void()>& act) {
    const UniqueFd root(::open(root_path().c_str(), O_RDONLY | O_DIRECTORY));
    absl::Status status;
    std::thread([&] {
      status = ConfineThread({root.get()});
      if (status.ok()) act();
    }).join();
    if (absl::IsUnimplemented(status)) {
      GTEST_SKIP() << "NOT TESTED: this kernel has no Landlock";
    }
    EXPECT_TRUE(status.ok()) << status;
  }
};

TEST_F(LandlockTest, RefusesAllChangesOutsideTheDirectories) {
  Confined([&] {
    EXPECT_NE(::unlink((outside() / "keep.txt").c_str()), 0);
    EXPECT_EQ(errno, EACCES);
    EXPECT_NE(::rmdir((outside() / "deep").c_str()), 0);
    EXPECT_NE(::mkdir((outside() / "new").c_str(), 0755), 0);
    EXPECT_NE(::rename((outside() / "keep.txt").c_str(),
                       (outside() / "moved").c_str()),
              0);
    EXPECT_LT(::open((outside() / "keep.txt").c_str(), O_WRONLY), 0);
    EXPECT_NE(::truncate((outside() / "keep.txt").c_str(), 0), 0);
    const UniqueFd read(::open((outside() / "keep.txt").c_str(), O_RDONLY));
    EXPECT_TRUE(read.valid());
  });
}

TEST_F(LandlockTest, AllowsToRemoveAndToRenameInTheDirectories) {
  MakeTree(root_path(), {Dir("7", {File("a")}), Dir("trash"), File("b")});
  Confined([&] {
    EXPECT_EQ(::rename(InRoot("7").c_str(), InRoot("trash/7").c_str()), 0);
    EXPECT_EQ(::unlink(InRoot("trash/7/a").c_str()), 0);
    EXPECT_EQ(::rmdir(InRoot("trash/7").c_str()), 0);
    EXPECT_LT(::open(InRoot("b").c_str(), O_WRONLY), 0);
    EXPECT_LT(::open(InRoot("new").c_str(), O_WRONLY | O_CREAT, 0644), 0);
  });
  EXPECT_EQ(Remaining(), (std::vector<std::string>{"b", "trash"}));
}

TEST_F(LandlockTest, LeavesOtherThreadsTheirRights) {
  Confined([] {});
  MakeTree(root_path(), {File("a")});
  MakeTree(outside(), {File("b")});
  RememberOutside();
}

TEST_F(LandlockTest, ReportsADirectoryThatIsNone) {
  absl::Status status;
  std::thread([&] { status = ConfineThread({-1}); }).join();
  EXPECT_FALSE(status.ok());
}

}  // namespace
}  // namespace retentiond
