// Removals that are told to stop in their middle.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "files/tree_remover.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

constexpr char kTrash[] = ".retentiond-trash";

class TreeRemoverInterruptTest : public RemoverTest {
 protected:
  // Options by which the walk may go on `times` times.
  static TreeRemover::Options MayGoOn(int times) {
    TreeRemover::Options options;
    options.may_go_on = [times, asked = 0]() mutable {
      return ++asked <= times;
    };
    return options;
  }
  static void ExpectInterrupted(const Removal& removal,
                                const std::string& path) {
    EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{path, "interrupted"}));
    EXPECT_THAT(removal.errors, IsEmpty());
    EXPECT_TRUE(removal.retry());
  }
  // Levels of directories, each with a file.
  void MakeChain(int levels) {
    fs::path path = root_path() / "7";
    for (int i = 0; i < levels; ++i, path /= "d") {
      fs::create_directory(path);
      WriteFile(path / "f");
    }
  }
  void WriteFile(const fs::path& path) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT, 0600));
    ASSERT_TRUE(fd.valid()) << path;
  }
};

// At the first level, at one that is open, at one that is not any more.
TEST_F(TreeRemoverInterruptTest, LeavesTheRestAtItsPlace) {
  for (const int times : {0, 1, 5, 20, 39}) {
    MakeChain(40);
    const Removal removal = RemoveByTrash("7", MayGoOn(times));
    ExpectInterrupted(removal, "7");
    EXPECT_EQ(removal.files, times);
    EXPECT_EQ(removal.directories, 0);
    EXPECT_THAT(Remaining(), Each(testing::AnyOf(kTrash, StartsWith("7"))));
    EXPECT_THAT(Remaining(), Contains("7/d"));
    // The next one goes on with it.
    EXPECT_EQ(RemoveByTrash("7").files, 40 - times);
    EXPECT_THAT(Remaining(), ElementsAre(kTrash));
  }
}

TEST_F(TreeRemoverInterruptTest, StopsInAnEntryThatLiesDeep) {
  std::string entry = "l";
  for (int i = 0; i < 20; ++i) entry += "/l";
  fs::create_directories(root_path() / entry / "a" / "b");
  WriteFile(root_path() / entry / "a" / "b" / "f");
  const Removal removal = Remove(entry, MayGoOn(1));
  EXPECT_TRUE(removal.retry());
  EXPECT_EQ(removal.files, 0);
  EXPECT_THAT(removal.kept_by_reason,
              ElementsAre(testing::Pair("interrupted", 1)));
  EXPECT_TRUE(fs::exists(root_path() / entry / "a" / "b" / "f"));
}

TEST_F(TreeRemoverInterruptTest, StopsWhileItLooksAtTheAge) {
  MakeTree(root_path(), {Dir("7", {File("a"), Dir("b", {File("c")})})});
  for (const int times : {0, 1}) {
    TreeRemover::Options options = MayGoOn(times);
    options.only_older_than = NewestStamp() + std::chrono::hours(1);
    ExpectInterrupted(RemoveByTrash("7", options), "7");
  }
  EXPECT_THAT(Remaining(), Contains("7/b/c"));
}

TEST_F(TreeRemoverInterruptTest, StopsEmptyingTheTrash) {
  MakeTree(root_path(),
           {Dir(kTrash, {Dir("7", {File("a")}), Dir("8", {File("b")})})});
  const Removal removal = EmptyTrash(MayGoOn(0));
  ASSERT_EQ(removal.kept.size(), 1u);
  ExpectInterrupted(removal, removal.kept[0].path);
  EXPECT_EQ(removal.files, 0);
  // What was begun is back, and what was not is still there.
  const std::string other = removal.kept[0].path == "7" ? "8" : "7";
  EXPECT_THAT(Remaining(), Contains(removal.kept[0].path));
  EXPECT_THAT(Remaining(), Contains(kTrash + ("/" + other)));
}

}  // namespace
}  // namespace retentiond
