#include "run/lease_holder.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace retentiond {
namespace {

const char kBoot[] = "0d6c8a4e";

// The holder that a process names which has ended since.
std::string HolderOfTheDead() {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string holder = LeaseHolderOfThisProcess("farm", kBoot);
    const ssize_t written = write(ends[1], holder.data(), holder.size());
    _exit(written == static_cast<ssize_t>(holder.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::array<char, 512> buffer{};
  const ssize_t got = read(ends[0], buffer.data(), buffer.size());
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return {buffer.data(), static_cast<std::size_t>(got)};
}

TEST(LeaseHolderTest, NamesThisProcessAlikeEachTime) {
  EXPECT_EQ(LeaseHolderOfThisProcess("farm", kBoot),
            LeaseHolderOfThisProcess("farm", kBoot));
}

TEST(LeaseHolderTest, KnowsTheDeadOfThisMachine) {
  EXPECT_TRUE(IsDeadNeighbour(HolderOfTheDead(), "farm", kBoot));
}

TEST(LeaseHolderTest, KnowsTheLiving) {
  EXPECT_FALSE(
      IsDeadNeighbour(LeaseHolderOfThisProcess("farm", kBoot), "farm", kBoot));
}

TEST(LeaseHolderTest, KnowsAProcessThatHasTheDeadOnesNumber) {
  std::string holder = LeaseHolderOfThisProcess("farm", kBoot);
  holder.back() = holder.back() == '0' ? '1' : '0';
  EXPECT_TRUE(IsDeadNeighbour(holder, "farm", kBoot));
}

TEST(LeaseHolderTest, SaysNothingOfOtherMachinesBootsAndWords) {
  const std::string dead = HolderOfTheDead();
  EXPECT_FALSE(IsDeadNeighbour(dead, "other", kBoot));
  EXPECT_FALSE(IsDeadNeighbour(dead, "farm", "another boot"));
  EXPECT_FALSE(IsDeadNeighbour("", "farm", kBoot));
  EXPECT_FALSE(IsDeadNeighbour("//pid:[1]/7/9", "", ""));
  const std::string prefix = dead.substr(0, dead.rfind('/'));
  EXPECT_FALSE(
      IsDeadNeighbour(prefix.substr(0, prefix.rfind('/')), "farm", kBoot));
  EXPECT_FALSE(IsDeadNeighbour(prefix.substr(0, prefix.rfind('/') + 1) + "x/1",
                               "farm", kBoot));
}

}  // namespace
}  // namespace retentiond
