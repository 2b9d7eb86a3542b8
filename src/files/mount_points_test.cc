#include "files/mount_points.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <filesystem>
#include <string>

#include "testing/files/scratch.h"

namespace retentiond {
namespace {

class MountPointsTest : public ScratchTest {
 protected:
  std::string Table(const std::string& points) {
    MakeTree(root_path(), {File("table", points)});
    return InRoot("table").string();
  }
};

TEST_F(MountPointsTest, FindsWhatIsAtOrBelowADirectory) {
  MountPoints mounts(
      Table("1 0 8:1 / / rw - ext4 /dev/a rw\n"
            "2 1 8:2 /x /srv/a\\040b rw - ext4 /dev/b rw\n"
            "odd\n"));
  EXPECT_TRUE(mounts.AnyAtOrBelow("/srv"));
  EXPECT_TRUE(mounts.AnyAtOrBelow("/srv/a b"));
  EXPECT_FALSE(mounts.AnyAtOrBelow("/srv/a"));
  EXPECT_FALSE(mounts.AnyAtOrBelow("/srv/a b/c"));
}

TEST_F(MountPointsTest, TakesWhatItCannotReadForMounts) {
  EXPECT_TRUE(MountPoints(InRoot("none")).AnyAtOrBelow("/srv"));
  EXPECT_TRUE(MountPoints(root_path()).AnyAtOrBelow("/srv"));
  EXPECT_TRUE(MountPoints(Table("")).AnyAtOrBelow("/srv"));
}

TEST_F(MountPointsTest, SeesAMountThatIsMadeLater) {
  RETENTIOND_NEEDS_MOUNTS();
  MakeTree(root_path(), {Dir("7", {Dir("mnt")}), Dir("8")});
  MountPoints mounts;
  EXPECT_FALSE(mounts.AnyAtOrBelow(InRoot("7").string()));
  ASSERT_EQ(::mount(outside().c_str(), InRoot("7/mnt").c_str(), nullptr,
                    MS_BIND, nullptr),
            0);
  EXPECT_TRUE(mounts.AnyAtOrBelow(InRoot("7").string()));
  EXPECT_FALSE(mounts.AnyAtOrBelow(InRoot("8").string()));
  ASSERT_EQ(::umount2(InRoot("7/mnt").c_str(), MNT_DETACH), 0);
  EXPECT_FALSE(mounts.AnyAtOrBelow(InRoot("7").string()));
}

}  // namespace
}  // namespace retentiond
