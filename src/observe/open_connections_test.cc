#include "observe/open_connections.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "base/unique_fd.h"

namespace retentiond {
namespace {

using std::chrono::seconds;

class OpenConnectionsTest : public ::testing::Test {
 protected:
  struct Pair {
    UniqueFd ours;
    UniqueFd theirs;
  };
  static Pair Connect() {
    std::array<int, 2> ends{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()),
              0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
  }
  // Whether the other end has seen the connection end.
  static bool HasEnded(const Pair& pair) {
    char byte = 0;
    return read(pair.theirs.get(), &byte, 1) == 0;
  }
  void Add(const Pair& pair, Micros now) {
    open_.Add(&pair, pair.ours.get(), now);
  }

  OpenConnections open_{2, seconds(10)};
  Pair first_ = Connect();
  Pair second_ = Connect();
};

TEST_F(OpenConnectionsTest, AdmitsSoManyAndNoMore) {
  EXPECT_TRUE(open_.Admit(seconds(1)));
  Add(first_, seconds(1));
  EXPECT_TRUE(open_.Admit(seconds(2)));
  Add(second_, seconds(2));
  EXPECT_FALSE(open_.Admit(seconds(3)));
  open_.Remove(&second_);
  EXPECT_TRUE(open_.Admit(seconds(3)));
}

TEST_F(OpenConnectionsTest, EndsTheOldestForANewcomerOnceItHadItsTime) {
  Add(second_, seconds(2));
  Add(first_, seconds(1));
  EXPECT_FALSE(open_.Admit(seconds(11) - Micros(1)));
  EXPECT_FALSE(HasEnded(first_));
  EXPECT_TRUE(open_.Admit(seconds(11)));
  EXPECT_TRUE(HasEnded(first_));
  EXPECT_FALSE(HasEnded(second_));
  // It counts no more, and makes room once.
  const Pair third = Connect();
  Add(third, seconds(11));
  EXPECT_FALSE(open_.Admit(seconds(11)));
  EXPECT_TRUE(open_.Admit(seconds(12)));
  EXPECT_TRUE(HasEnded(second_));
}

TEST_F(OpenConnectionsTest, EndsAll) {
  Add(first_, seconds(1));
  Add(second_, seconds(1));
  open_.ShutDownAll();
  EXPECT_TRUE(HasEnded(first_));
  EXPECT_TRUE(HasEnded(second_));
}

}  // namespace
}  // namespace retentiond
