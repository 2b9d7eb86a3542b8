#include "files/mount_info.h"

#include <gtest/gtest.h>

namespace retentiond {
namespace {

constexpr char kMountInfo[] =
    "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
    "\n"
    "317 22 8:1 /tmp/systemd-private-3f2-retentiond.service-X/tmp /tmp rw "
    "shared:1 - ext4 /dev/sda1 rw\n"
    "318 22 8:1 /srv/tmp /srv/systemd-private-x rw - ext4 /dev/sda1 rw\n";

TEST(MountInfoTest, KnowsAPrivateMountByItsSource) {
  EXPECT_TRUE(IsPrivateMount(kMountInfo, 317));
  EXPECT_FALSE(IsPrivateMount(kMountInfo, 22));
  EXPECT_FALSE(IsPrivateMount(kMountInfo, 318));
}

TEST(MountInfoTest, TakesAnUnlistedMountForACommonOne) {
  EXPECT_FALSE(IsPrivateMount(kMountInfo, 31));
  EXPECT_FALSE(IsPrivateMount("", 22));
}

}  // namespace
}  // namespace retentiond
