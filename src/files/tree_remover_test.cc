#include "files/tree_remover.h"

#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using TreeRemoverTest = RemoverTest;

TEST_F(TreeRemoverTest, RemovesADirectoryWithAllThatIsInIt) {
  MakeTree(root_path(),
           {Dir("7", {File("a"), Dir("b", {File("c"), Dir("d")}), Fifo("f")}),
            Dir("8", {File("a")})});
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 3);
  EXPECT_EQ(removal.directories, 3);
  EXPECT_GT(removal.bytes, 0);
  ExpectNothingElse(removal);
  EXPECT_THAT(Remaining(), ElementsAre("8", "8/a"));
}

TEST_F(TreeRemoverTest, RemovesASingleFile) {
  MakeTree(root_path(), {File("7.json"), File("7")});
  const Removal removal = Remove("7.json");
  EXPECT_EQ(removal.files, 1);
  EXPECT_EQ(removal.directories, 0);
  EXPECT_THAT(Remaining(), ElementsAre("7"));
}

TEST_F(TreeRemoverTest, RemovesAnEmptyDirectory) {
  MakeTree(root_path(), {Dir("7")});
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 0);
  EXPECT_EQ(removal.directories, 1);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTest, TakesAMissingEntryForSuccess) {
  MakeTree(root_path(), {Dir("a")});
  for (const char* name : {"7", "a/7", "none/7", "a/none/7"}) {
    const Removal removal = Remove(name);
    EXPECT_EQ(removal.files + removal.directories, 0) << name;
    ExpectNothingElse(removal);
  }
}

TEST_F(TreeRemoverTest, IsDoneAfterTheFirstTime) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Remove("7");
  const Removal again = Remove("7");
  EXPECT_EQ(again.files + again.directories, 0);
  ExpectNothingElse(again);
}

TEST_F(TreeRemoverTest, RemovesALogBelowDirectoriesThatStay) {
  MakeTree(root_path(),
           {Dir("render", {Dir("2026", {File("7.log"), File("8.log")})})});
  const Removal removal = Remove("render/2026/7.log");
  EXPECT_EQ(removal.files, 1);
  EXPECT_EQ(removal.directories, 0);
  EXPECT_THAT(Remaining(),
              ElementsAre("render", "render/2026", "render/2026/8.log"));
  Remove("render/2026/8.log");
  EXPECT_THAT(Remaining(), ElementsAre("render", "render/2026"));
}

TEST_F(TreeRemoverTest, ReachesNothingThroughALinkAboveTheEntry) {
  MakeTree(root_path(), {Link("out", outside().string()), Link("in", "dir"),
                         Dir("dir", {File("7.log")}), File("file")});
  for (const char* name : {"out/keep.txt", "in/7.log", "file/7.log"}) {
    const Removal removal = Remove(name);
    EXPECT_EQ(removal.files, 0) << name;
    EXPECT_EQ(removal.errors_total, 1) << name;
    EXPECT_TRUE(removal.retry());
  }
  EXPECT_THAT(Remaining(),
              ElementsAre("dir", "dir/7.log", "file", "in", "out"));
}

TEST_F(TreeRemoverTest, RefusesNamesThatLeadElsewhere) {
  MakeTree(root_path(), {Dir("a", {File("b")}), Dir(".retentiond-trash")});
  const auto before = Remaining();
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("/"),
        std::string("/etc"), std::string("../outside/keep.txt"),
        std::string("a/../../outside"), std::string("a//b"), std::string("a/"),
        std::string("a/./b"), std::string(".retentiond-trash"),
        std::string("a\0", 2), std::string(300, 'a')}) {
    const Removal removal = Remove(name);
    ASSERT_EQ(removal.kept.size(), 1u) << name;
    EXPECT_EQ(removal.kept[0].reason, "refused-name") << name;
    EXPECT_EQ(removal.kept_total, 1) << name;
    EXPECT_FALSE(removal.retry()) << name;
  }
  EXPECT_EQ(Remaining(), before);
}

TEST_F(TreeRemoverTest, RemovesAnyNameAFileSystemTakes) {
  MakeTree(
      root_path(),
      {Dir("7\n", {File("a\nb"), File("\x1b[2J"), File("\xff\xfe"),
                   File(std::string(255, 'x')), File("-rf"), File("* ")})});
  EXPECT_EQ(Remove("7\n").files, 6);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTest, EscapesNamesInWhatItReports) {
  MakeTree(root_path(), {Dir("7", {Dir("a\nb", {File("c\xff")})})});
  Shield({"7/a\nb/c\xff"});
  const Removal removal = Remove("7");
  EXPECT_THAT(removal.kept,
              ElementsAre(KeptEntry{"7/a\\x0ab/c\\xff", "shielded"}));
}

TEST_F(TreeRemoverTest, RemovesLinksAsLinks) {
  MakeTree(root_path(),
           {Dir("7", {Dir("a", {Dir("b", {Link("etc", outside().string()),
                                          Link("up", ".."),
                                          Link("gone", "nowhere")})})})});
  EXPECT_EQ(Remove("7").files, 3);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTest, RemovesAJobDirectoryThatIsALinkAsALink) {
  MakeTree(root_path(), {Link("7", outside().string()), Link("8", "9"),
                         Dir("9", {File("a")})});
  EXPECT_EQ(Remove("7").files, 1);
  EXPECT_EQ(Remove("8").files, 1);
  EXPECT_THAT(Remaining(), ElementsAre("9", "9/a"));
}

TEST_F(TreeRemoverTest, TakesOnlyOurNameOffAHardLink) {
  MakeTree(root_path(),
           {Dir("7", {HardLink("linked", outside() / "keep.txt")})});
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 1);
  EXPECT_EQ(removal.bytes, 0);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTest, KeepsAnOutputWithItsParents) {
  MakeTree(root_path(),
           {Dir("7", {File("result.mp4", "film"), File("a.tmp"),
                      Dir("out", {Dir("hd", {File("b.mp4"), File("b.tmp")}),
                                  File("c.tmp")}),
                      Dir("tmp", {File("d")})})});
  Shield({"7/result.mp4", "7/out/hd/b.mp4"});
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 4);
  EXPECT_EQ(removal.directories, 1);
  EXPECT_EQ(removal.shielded, 2);
  EXPECT_THAT(removal.kept,
              UnorderedElementsAre(KeptEntry{"7/result.mp4", "shielded"},
                                   KeptEntry{"7/out/hd/b.mp4", "shielded"}));
  EXPECT_EQ(removal.errors_total, 0);
  EXPECT_FALSE(removal.retry());
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/out", "7/out/hd",
                                       "7/out/hd/b.mp4", "7/result.mp4"));
}

TEST_F(TreeRemoverTest, KeepsAnOutputDirectoryWhole) {
  MakeTree(root_path(),
           {Dir("7", {Dir("out", {Dir("a", {File("b")})}), File("c")})});
  Shield({"7/out"});
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 1);
  EXPECT_EQ(removal.shielded, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/out", "7/out/a", "7/out/a/b"));
}

TEST_F(TreeRemoverTest, KeepsTheFramesOfASequence) {
  MakeTree(root_path(),
           {Dir("7", {File("f_1.png"), File("f_22.png"), File("f_x.png")})});
  Shield({"7/f_[#####].png"});
  EXPECT_EQ(Remove("7").shielded, 2);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/f_1.png", "7/f_22.png"));
}

TEST_F(TreeRemoverTest, KeepsAnOutputUnderEveryNameInTheRoot) {
  MakeTree(root_path(), {Dir("7", {File("a.mp4")})});
  MakeTree(root_path(),
           {Dir("8", {HardLink("copy.mp4", InRoot("7/a.mp4")), File("x")})});
  Shield({"7/a.mp4"});
  EXPECT_EQ(Remove("8").shielded, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a.mp4", "8", "8/copy.mp4"));
}

TEST_F(TreeRemoverTest, KeepsAnOutputAmongManyFiles) {
  MakeFiles(InRoot("8"), 100);
  MakeTree(root_path(), {Dir("7", {File("a.mp4")})});
  for (int i = 0; i < 100; ++i) {
    fs::create_hard_link(InRoot("7/a.mp4"),
                         InRoot("8/copy" + std::to_string(i)));
  }
  Shield({"7/a.mp4"});
  const Removal removal = Remove("8");
  EXPECT_EQ(removal.shielded, 100);
  EXPECT_EQ(removal.files, 100);
}

TEST_F(TreeRemoverTest, EstimatesTheBytesOfManyFiles) {
  struct stat st = {};
  for (const int count : {16, 200}) {
    MakeFiles(InRoot("7"), count);
    ASSERT_EQ(::stat(InRoot("7/0").c_str(), &st), 0);
    TreeRemover::Options options;
    options.dry_run = DryRun::kYes;
    const Removal counted = Remove("7", options);
    const Removal removed = Remove("7");
    EXPECT_EQ(counted.bytes, removed.bytes);
    EXPECT_EQ(removed.files, count);
    EXPECT_NEAR(static_cast<double>(removed.bytes),
                static_cast<double>(st.st_blocks * 512 * count),
                count == 16 ? 0 : 16 * 4096);
  }
}

TEST_F(TreeRemoverTest, KeepsAnOutputThatWasRenamedInItsDirectory) {
  MakeTree(root_path(), {Dir("7", {File("a.mp4"), File("x")})});
  Shield({"7/a.mp4"});
  fs::rename(InRoot("7/a.mp4"), InRoot("7/b.mp4"));
  EXPECT_EQ(Remove("7").shielded, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/b.mp4"));
}

TEST_F(TreeRemoverTest, KeepsAnOutputDirectoryThatWasRenamed) {
  MakeTree(root_path(), {Dir("7", {Dir("out", {File("a.mp4")}), File("x")})});
  Shield({"7/out"});
  fs::rename(InRoot("7/out"), InRoot("7/delivered"));
  EXPECT_EQ(Remove("7").shielded, 1);
  EXPECT_THAT(Remaining(),
              ElementsAre("7", "7/delivered", "7/delivered/a.mp4"));
}

TEST_F(TreeRemoverTest, KeepsALinkThatLeadsToAnOutput) {
  MakeTree(root_path(),
           {Dir("7", {Link("out", outside().string()), File("x")})});
  Shield({"7/out/keep.txt"});
  EXPECT_EQ(Remove("7").shielded, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/out"));
}

TEST_F(TreeRemoverTest, KeepsAnEntryThatIsShieldedAsAWhole) {
  MakeTree(root_path(), {Dir("7", {File("a")}), File("8")});
  Shield({"7", "8"});
  for (const char* name : {"7", "7/a", "8"}) {
    const Removal removal = Remove(name);
    EXPECT_EQ(removal.shielded, 1) << name;
    EXPECT_EQ(removal.kept_total, 1) << name;
    EXPECT_EQ(removal.files, 0) << name;
  }
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a", "8"));
}

TEST_F(TreeRemoverTest, KeepsNamesThatFitInOrphans) {
  MakeTree(root_path(),
           {Dir("7", {File("result.mp4"), File("a.tmp"),
                      Dir("sub", {File("result_2.png"), File("b")}),
                      Dir("result", {File("c")}), File("my-result.mp4")})});
  TreeRemover::Options options;
  options.keep_names = {"result", "result.*", "result_*.*"};
  const Removal removal = Remove("7", options);
  EXPECT_EQ(removal.shielded, 3);
  EXPECT_EQ(removal.files, 3);
  EXPECT_THAT(removal.kept,
              Contains(KeptEntry{"7/sub/result_2.png", "past-output"}));
  EXPECT_THAT(Remaining(),
              ElementsAre("7", "7/result", "7/result.mp4", "7/result/c",
                          "7/sub", "7/sub/result_2.png"));
}

TEST_F(TreeRemoverTest, KeepsAnEntryWithAnythingAtOrAfterTheCutoff) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("b")}), File("c")})});
  const Instant newest = NewestStamp();
  TreeRemover::Options options;
  options.only_older_than = newest;
  Removal removal = Remove("7", options);
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7", "newer"}));
  EXPECT_FALSE(removal.retry());
  options.only_older_than = newest - Micros(1);
  EXPECT_EQ(Remove("7", options).files, 0);
  options.only_older_than = newest + Micros(1);
  removal = Remove("7", options);
  EXPECT_EQ(removal.files, 2);
  EXPECT_EQ(removal.directories, 2);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTest, TakesAMissingEntryForSuccessWhateverItsAge) {
  TreeRemover::Options options;
  options.only_older_than = NewestStamp();
  ExpectNothingElse(Remove("7", options));
}

TEST_F(TreeRemoverTest, CountsTheSameWithoutRemoving) {
  MakeTree(root_path(),
           {Dir("7", {File("a"), Dir("b", {File("c.mp4"), File("d")}),
                      Dir("e", {File("f")}), Link("g", "/etc")})});
  Shield({"7/b/c.mp4"});
  const auto before = Remaining();
  TreeRemover::Options options;
  options.dry_run = DryRun::kYes;
  const Removal counted = Remove("7", options);
  EXPECT_EQ(Remaining(), before);
  const Removal removed = Remove("7");
  EXPECT_EQ(counted.files, 4);
  EXPECT_EQ(counted.directories, 1);
  EXPECT_EQ(counted.files, removed.files);
  EXPECT_EQ(counted.directories, removed.directories);
  EXPECT_EQ(counted.bytes, removed.bytes);
  EXPECT_EQ(counted.shielded, removed.shielded);
  EXPECT_EQ(counted.kept, removed.kept);
}

TEST_F(TreeRemoverTest, CountsTheBytesThatFilesTake) {
  MakeTree(root_path(),
           {Dir("7", {File("a", std::string(100'000, 'x')), File("b", "")})});
  struct stat st = {};
  ASSERT_EQ(::stat(InRoot("7/a").c_str(), &st), 0);
  EXPECT_EQ(Remove("7").bytes, st.st_blocks * 512);
}

TEST_F(TreeRemoverTest, LeavesADirectoryThatSomebodyHoldsALockOn) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  {
    const UniqueFd holder(::open(InRoot("7").c_str(), O_RDONLY));
    ASSERT_EQ(::flock(holder.get(), LOCK_SH), 0);
    const Removal removal = Remove("7");
    EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7", "in-use"}));
    EXPECT_TRUE(removal.retry());
    EXPECT_THAT(Remaining(), ElementsAre("7", "7/a"));
  }
  EXPECT_EQ(Remove("7").files, 1);
}

TEST_F(TreeRemoverTest, HoldsNoLockWhileItCounts) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  bool tried = false;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.name != "a") return 0;
    const UniqueFd worker(::open(InRoot("7").c_str(), O_RDONLY));
    EXPECT_EQ(::flock(worker.get(), LOCK_EX | LOCK_NB), 0);
    tried = true;
    return 0;
  });
  TreeRemover::Options options;
  options.dry_run = DryRun::kYes;
  Remove("7", options);
  EXPECT_TRUE(tried);
}

TEST_F(TreeRemoverTest, LeavesSocketsInUse) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Bind(InRoot("7/live.sock"));
  ASSERT_EQ(::mknod(InRoot("7/dead.sock").c_str(), S_IFSOCK | 0600, 0), 0);
  const Removal removal = Remove("7");
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/live.sock", "socket"}));
  EXPECT_TRUE(removal.retry());
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/live.sock"));
}

TEST_F(TreeRemoverTest, LeavesDevices) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {Dir("7", {File("a")})});
  // As /dev/null, and a block device that no driver has.
  ASSERT_EQ(::mknod(InRoot("7/null").c_str(), S_IFCHR | 0600, makedev(1, 3)),
            0);
  ASSERT_EQ(::mknod(InRoot("7/disk").c_str(), S_IFBLK | 0600, makedev(240, 0)),
            0);
  const Removal removal = Remove("7");
  EXPECT_THAT(removal.kept,
              UnorderedElementsAre(KeptEntry{"7/null", "device"},
                                   KeptEntry{"7/disk", "device"}));
  EXPECT_FALSE(removal.retry());
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/disk", "7/null"));
}

TEST_F(TreeRemoverTest, EmptiesALargeDirectory) {
  MakeFiles(InRoot("7"), 20'000);
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 20'000);
  EXPECT_EQ(removal.directories, 1);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTest, ListsNoMoreThanItMay) {
  MakeFiles(InRoot("7"), 300);
  Shield({"7/#"});
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.shielded, 300);
  EXPECT_EQ(removal.kept_total, 300);
  EXPECT_EQ(removal.kept.size(), Removal::kMostKept);
}

class DeepTreeTest : public RemoverTest {
 protected:
  static constexpr int kDepth = 50'000;

  // A chain of directories below the root, with a file at its end.
  void MakeChain(const std::string& name) {
    UniqueFd here(::open(root_path().c_str(), O_RDONLY | O_DIRECTORY));
    for (int i = 0; i < kDepth; ++i) {
      ASSERT_EQ(::mkdirat(here.get(), name.c_str(), 0755), 0);
      here.Reset(::openat(here.get(), name.c_str(), O_RDONLY | O_DIRECTORY));
      ASSERT_TRUE(here.valid());
    }
    here.Reset(::openat(here.get(), "file", O_CREAT | O_WRONLY, 0644));
    ASSERT_TRUE(here.valid());
  }
  Removal RemoveWith64Descriptors(const std::string& name,
                                  const TreeRemover::Options& options) {
    rlimit before = {};
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 64;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    const Removal removal = RemoveByTrash(name, options);
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    return removal;
  }
  void ExpectAllGone(const Removal& removal) {
    EXPECT_EQ(removal.files, 1);
    EXPECT_EQ(removal.directories, kDepth);
    ExpectNothingElse(removal);
    EXPECT_LE(calls_.highest_descriptor(), root_->fd() + 16);
    EXPECT_THAT(Remaining(), ElementsAre(".retentiond-trash"));
  }
};

TEST_F(DeepTreeTest, IsEmptiedAt50000LevelsWith64Descriptors) {
  MakeChain("d");
  ExpectAllGone(RemoveWith64Descriptors("d", {}));
}

TEST_F(DeepTreeTest, IsAnOrphanAt50000LevelsWith64Descriptors) {
  TreeRemover::Options options;
  MakeTree(root_path(), {Dir("d")});
  options.only_older_than = NewestStamp() + std::chrono::hours(1);
  fs::remove(InRoot("d"));
  MakeChain("d");
  ExpectAllGone(RemoveWith64Descriptors("d", options));
}

TEST_F(TreeRemoverTest, LeavesWhatItMayNotRemoveAndGoesOn) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {Dir("7", {Dir("closed", {File("a")}),
                                   Dir("fixed", {File("b")}), File("c")})});
  GiveAway(InRoot("7"));
  fs::permissions(InRoot("7/closed"), fs::perms(0));
  fs::permissions(InRoot("7/fixed"), fs::perms(0555));
  const AsNobody nobody;
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 1);
  EXPECT_EQ(removal.errors_total, 2);
  EXPECT_THAT(removal.errors, Contains(HasSubstr("'7/closed': Permission")));
  EXPECT_THAT(removal.errors, Contains(HasSubstr("'7/fixed/b': Permission")));
  EXPECT_THAT(removal.kept,
              UnorderedElementsAre(KeptEntry{"7/closed", "permission"},
                                   KeptEntry{"7/fixed/b", "permission"}));
  EXPECT_TRUE(removal.retry());
}

TEST(RemovalTest, IsWorthAnotherNightAfterAnErrorOrADelay) {
  Removal removal;
  EXPECT_FALSE(removal.retry());
  removal.deferred = 1;
  EXPECT_TRUE(removal.retry());
  removal.deferred = 0;
  removal.errors_total = 1;
  EXPECT_TRUE(removal.retry());
}

}  // namespace
}  // namespace retentiond
