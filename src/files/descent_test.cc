#include "files/descent.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <set>
#include <string>

#include "base/status.h"
#include "testing/files/scratch.h"
#include "testing/files/scripted_calls.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

class DescentTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    root_.emplace(OpenRoot());
  }
  Descent Start() {
    absl::StatusOr<Descent> descent = Descent::Open(*root_, calls_);
    EXPECT_TRUE(descent.ok()) << descent.status();
    return *std::move(descent);
  }
  // d/d/d/... below the root, `depth` levels.
  std::string MakeChain(int depth) {
    std::string path;
    for (int i = 0; i < depth; ++i) path += "d/";
    fs::create_directories(InRoot(path));
    return path;
  }
  void EnterChain(Descent& descent, int depth) {
    for (int i = 0; i < depth; ++i) ASSERT_TRUE(descent.Enter("d").ok()) << i;
  }

  std::optional<Root> root_;
  ScriptedCalls calls_;
};

TEST_F(DescentTest, StartsInTheRoot) {
  Descent descent = Start();
  EXPECT_EQ(descent.depth(), 0u);
  EXPECT_EQ(descent.path(), "");
  EXPECT_EQ(descent.inode(), root_->identity().inode);
  EXPECT_EQ(descent.device(), root_->identity().device);
  EXPECT_TRUE(descent.CheckInPlace().ok());
}

TEST_F(DescentTest, KnowsWhereItIs) {
  MakeTree(root_path(), {Dir("a", {Dir("b")})});
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("a").ok());
  ASSERT_TRUE(descent.Enter("b").ok());
  EXPECT_EQ(descent.path(), "a/b");
  EXPECT_EQ(descent.PathOf("c"), "a/b/c");
  ASSERT_TRUE(descent.Leave().ok());
  EXPECT_EQ(descent.path(), "a");
  ASSERT_TRUE(descent.Leave().ok());
  EXPECT_EQ(descent.path(), "");
  EXPECT_EQ(descent.PathOf("a"), "a");
}

TEST_F(DescentTest, EntersNothingButDirectoriesBelow) {
  MakeTree(root_path(), {File("file"), Link("link", outside().string()),
                         Link("inner", "dir"), Dir("dir")});
  Descent descent = Start();
  EXPECT_EQ(ErrnoOf(descent.Enter("none")), ENOENT);
  EXPECT_EQ(ErrnoOf(descent.Enter("file")), ENOTDIR);
  EXPECT_NE(ErrnoOf(descent.Enter("link")), 0);
  EXPECT_NE(ErrnoOf(descent.Enter("inner")), 0);
  EXPECT_EQ(ErrnoOf(descent.Enter("..")), EXDEV);
  EXPECT_NE(ErrnoOf(descent.Enter("/etc")), 0);
  EXPECT_EQ(descent.depth(), 0u);
  EXPECT_EQ(descent.path(), "");
}

TEST_F(DescentTest, ReadsAllNamesInBatches) {
  MakeFiles(InRoot("d"), 2000);
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("d").ok());
  std::set<std::string> names;
  int batches = 0;
  while (true) {
    const auto entries = descent.ReadBatch();
    ASSERT_TRUE(entries.ok()) << entries.status();
    if (entries->empty()) break;
    ++batches;
    for (const auto& entry : *entries) {
      EXPECT_EQ(entry.type, DT_REG);
      EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    }
  }
  EXPECT_EQ(names.size(), 2000u);
  EXPECT_GT(batches, 1);
}

TEST_F(DescentTest, FindsNothingInAnEmptyDirectory) {
  Descent descent = Start();
  EXPECT_TRUE(descent.ReadBatch()->empty());
}

TEST_F(DescentTest, HoldsFewDescriptorsHoweverDeep) {
  constexpr int kDepth = 100;
  MakeChain(kDepth);
  Descent descent = Start();
  EnterChain(descent, kDepth);
  EXPECT_LE(calls_.highest_descriptor(), root_->fd() + 16);
  for (int i = kDepth; i > 0; --i) {
    EXPECT_EQ(descent.depth(), static_cast<std::size_t>(i));
    EXPECT_TRUE(descent.CheckInPlace().ok());
    ASSERT_TRUE(descent.Leave().ok());
  }
  EXPECT_EQ(descent.path(), "");
}

TEST_F(DescentTest, ReadsOnWhereItWasAfterTheDescriptorWasClosed) {
  const std::string deep = MakeChain(20);
  MakeFiles(InRoot(deep), 2000);
  MakeTree(InRoot(deep), {Dir("d")});
  Descent descent = Start();
  EnterChain(descent, 20);
  std::set<std::string> names;
  while (true) {
    const auto entries = descent.ReadBatch();
    ASSERT_TRUE(entries.ok());
    if (entries->empty()) break;
    for (const auto& entry : *entries) {
      EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
    }
    ASSERT_TRUE(descent.Enter("d").ok());
    ASSERT_TRUE(descent.Leave().ok());
  }
  EXPECT_EQ(names.size(), 2001u);
}

TEST_F(DescentTest, NoticesThatItsDirectoryWasMovedAway) {
  MakeTree(root_path(), {Dir("a", {Dir("b", {Dir("c")})}), Dir("other")});
  Descent descent = Start();
  for (const char* name : {"a", "b", "c"}) {
    ASSERT_TRUE(descent.Enter(name).ok());
  }
  ASSERT_TRUE(descent.CheckInPlace().ok());
  fs::rename(InRoot("a/b"), InRoot("other/b"));
  EXPECT_TRUE(absl::IsFailedPrecondition(descent.CheckInPlace()));
  fs::rename(InRoot("other/b"), InRoot("a/b"));
  EXPECT_TRUE(descent.CheckInPlace().ok());
}

TEST_F(DescentTest, NoticesThatADirectoryWasRenamedWhereItLies) {
  MakeTree(root_path(), {Dir("a", {Dir("b")})});
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("a").ok());
  ASSERT_TRUE(descent.Enter("b").ok());
  for (const auto& [from, to] : {std::pair("a", "x"), {"a/b", "a/x"}}) {
    fs::rename(InRoot(from), InRoot(to));
    EXPECT_TRUE(absl::IsFailedPrecondition(descent.CheckInPlace())) << from;
    fs::create_directory(InRoot(from));
    EXPECT_TRUE(absl::IsFailedPrecondition(descent.CheckInPlace())) << from;
    fs::remove(InRoot(from));
    fs::rename(InRoot(to), InRoot(from));
    EXPECT_TRUE(descent.CheckInPlace().ok());
  }
}

TEST_F(DescentTest, DoesNotClimbOutOfADirectoryThatWasMovedAway) {
  const std::string deep = MakeChain(20);
  MakeTree(root_path(), {Dir("other")});
  Descent descent = Start();
  EnterChain(descent, 20);
  fs::rename(InRoot(deep).parent_path(), InRoot("other/d"));
  EXPECT_TRUE(absl::IsFailedPrecondition(descent.Leave()));
  // The nearest directory whose descriptor is still open.
  EXPECT_EQ(descent.depth(), Descent::kMostOpen - 2);
  EXPECT_TRUE(descent.CheckInPlace().ok());
  EXPECT_EQ(descent.path().size(), 2 * descent.depth() - 1);
}

TEST_F(DescentTest, NoticesThatTheRootWasReplaced) {
  MakeTree(root_path(), {Dir("a")});
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("a").ok());
  fs::rename(root_path(), scratch() / "was");
  EXPECT_TRUE(absl::IsFailedPrecondition(descent.CheckInPlace()));
  fs::create_directory(root_path());
  EXPECT_TRUE(absl::IsFailedPrecondition(descent.CheckInPlace()));
  fs::remove(root_path());
  fs::rename(scratch() / "was", root_path());
  EXPECT_TRUE(descent.CheckInPlace().ok());
}

TEST_F(DescentTest, ReportsFailingCalls) {
  const std::string deep = MakeChain(20);
  std::string failing;
  calls_ = ScriptedCalls(
      [&](const FileCall& call) { return call.function == failing ? EIO : 0; });
  Descent descent = Start();
  EnterChain(descent, 20);
  for (const std::string function : {"list", "stat", "open", "parent"}) {
    failing = function;
    absl::Status status;
    if (function == "list") status = descent.ReadBatch().status();
    if (function == "stat") status = descent.CheckInPlace();
    if (function == "open") status = descent.Enter("x");
    if (function == "parent") status = descent.Leave();
    EXPECT_EQ(ErrnoOf(status), EIO) << function;
  }
  failing = "stat";
  EXPECT_EQ(ErrnoOf(Descent::Open(*root_, calls_).status()), EIO);
  failing = "";
  int stats = 0;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    return call.function == "stat" && call.name[0] == '/' && ++stats ? EIO : 0;
  });
  EXPECT_EQ(ErrnoOf(descent.CheckInPlace()), EIO);
}

TEST_F(DescentTest, ReadsALargeDirectoryInTheOrderOfItsInodes) {
  constexpr std::size_t kNames = Descent::kNamesOfALarge + 5000;
  MakeFiles(InRoot("d"), kNames);
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("d").ok());
  std::set<std::string> names;
  std::size_t largest = 0;
  while (true) {
    const auto entries = descent.ReadBatch();
    ASSERT_TRUE(entries.ok()) << entries.status();
    if (entries->empty()) break;
    largest = std::max(largest, entries->size());
    const bool large = names.size() >= Descent::kNamesOfALarge;
    std::uint64_t last = 0;
    for (const auto& entry : *entries) {
      EXPECT_TRUE(names.insert(entry.name).second) << entry.name;
      if (large) {
        EXPECT_GT(entry.inode, last);
      }
      last = entry.inode;
    }
  }
  EXPECT_EQ(names.size(), kNames);
  EXPECT_GT(largest, 3000U);
}

TEST_F(DescentTest, MovesADirectoryOfTheRootAndGoesOnInIt) {
  MakeTree(root_path(), {Dir("7", {Dir("a")}), Dir("trash")});
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("7").ok());
  const std::uint64_t inode = descent.inode();
  ASSERT_TRUE(descent.MoveInto("trash").ok());
  EXPECT_EQ(descent.path(), "trash/7");
  EXPECT_EQ(descent.inode(), inode);
  EXPECT_TRUE(descent.CheckInPlace().ok());
  ASSERT_TRUE(descent.Enter("a").ok());
  EXPECT_EQ(descent.path(), "trash/7/a");
  for (const char* path : {"trash/7", "trash", ""}) {
    ASSERT_TRUE(descent.Leave().ok());
    EXPECT_EQ(descent.path(), path);
  }
  EXPECT_THAT(Remaining(),
              testing::ElementsAre("trash", "trash/7", "trash/7/a"));
}

TEST_F(DescentTest, MovesNothingWhereTheNameIsTaken) {
  MakeTree(root_path(), {Dir("7"), Dir("trash", {Dir("7")})});
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("7").ok());
  EXPECT_EQ(ErrnoOf(descent.MoveInto("trash")), EEXIST);
  EXPECT_EQ(ErrnoOf(descent.MoveInto("none")), ENOENT);
  EXPECT_EQ(descent.path(), "7");
  EXPECT_TRUE(descent.CheckInPlace().ok());
}

TEST_F(DescentTest, MovesBackADirectoryThatIsNotTheOneItEntered) {
  MakeTree(root_path(), {Dir("7", {File("old")}), Dir("trash")});
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "rename" && !fs::exists(InRoot("aside"))) {
      fs::rename(InRoot("7"), InRoot("aside"));
      MakeTree(InRoot("7"), {File("new")});
    }
    return 0;
  });
  Descent descent = Start();
  ASSERT_TRUE(descent.Enter("7").ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(descent.MoveInto("trash")));
  EXPECT_EQ(descent.path(), "7");
  EXPECT_THAT(Remaining(), testing::ElementsAre("7", "7/new", "aside",
                                                "aside/old", "trash"));
}

TEST(ShownPathTest, IsEscapedAndNoLongerThanAnyCallTakes) {
  EXPECT_EQ(ShownPath("a\n"), "a\\x0a");
  EXPECT_EQ(ShownPath(std::string(4096, 'x')), std::string(4096, 'x') + "...");
  EXPECT_EQ(ShownPath(std::string(4095, 'x')), std::string(4095, 'x'));
}

TEST_F(DescentTest, ReadsDirectoriesOfOthersWithoutAskingToHideIt) {
  MakeTree(root_path(), {Dir("a")});
  calls_ = ScriptedCalls([](const FileCall& call) {
    return (call.flags & O_NOATIME) != 0 && call.function == "open" ? EPERM : 0;
  });
  Descent descent = Start();
  EXPECT_TRUE(descent.Enter("a").ok());
}

}  // namespace
}  // namespace retentiond
