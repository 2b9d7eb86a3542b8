#include "files/live_sockets.h"

#include <gtest/gtest.h>

#include "testing/files/scratch.h"

namespace retentiond {
namespace {

class LiveSocketsTest : public ScratchTest {
 protected:
  LiveSockets Listed(const std::string& paths) {
    MakeTree(root_path(),
             {File("unix", "Num  RefCount Protocol Flags Type St Inode Path\n" +
                               paths)});
    return LiveSockets(InRoot("unix").string());
  }
};

TEST_F(LiveSocketsTest, ComparesTheLastComponent) {
  const LiveSockets sockets = Listed(
      "0: 2 0 10000 1 01 42 /tmp/nexrender/7/aerender.sock\n"
      "0: 2 0 10000 1 01 43 relative.sock\n"
      "0: 3 0 0 1 03 44\n"
      "0: 2 0 10000 1 01 45 @/abstract\n");
  EXPECT_TRUE(sockets.MayBeInUse("aerender.sock"));
  EXPECT_TRUE(sockets.MayBeInUse("relative.sock"));
  EXPECT_FALSE(sockets.MayBeInUse("render.sock"));
  EXPECT_FALSE(sockets.MayBeInUse("aerender"));
}

TEST_F(LiveSocketsTest, FindsANameWithANewline) {
  EXPECT_TRUE(Listed("0: 2 0 10000 1 01 42 /tmp/a\nb\n").MayBeInUse("a\nb"));
}

TEST_F(LiveSocketsTest, TakesAllForUsedWhenTheListCannotBeRead) {
  EXPECT_TRUE(LiveSockets(InRoot("none").string()).MayBeInUse("x"));
}

}  // namespace
}  // namespace retentiond
