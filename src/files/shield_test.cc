#include "files/shield.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "testing/files/scratch.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using Added = Shield::Added;

// The root number 0 is <scratch>/root, number 1 is <scratch>/root/../second.
class ShieldTest : public ScratchTest {
 protected:
  void SetUp() override {
    ScratchTest::SetUp();
    MakeTree(scratch(), {Dir("second")});
    RememberOutside();
    roots_.push_back(OpenRoot());
    roots_.push_back(*Root::Open(scratch() / "second", std::nullopt));
  }

  Added Add(const std::string& output,
            const std::vector<std::string>& job_names = {"7"}) {
    const Added added = shield_.Add(output, job_names);
    shield_.Seal();
    return added;
  }
  bool HoldsInode(const fs::path& path) const {
    struct stat st = {};
    EXPECT_EQ(::lstat(path.c_str(), &st), 0) << path;
    return shield_.HoldsInode(st.st_dev, st.st_ino);
  }
  void ExpectHeld(const std::string& relative, std::size_t root = 0) const {
    EXPECT_TRUE(shield_.HoldsPath(root, relative)) << relative;
    for (fs::path above = relative; !above.empty();
         above = above.parent_path()) {
      EXPECT_TRUE(shield_.HoldsBelow(root, above.string())) << above;
    }
    EXPECT_TRUE(shield_.HoldsBelow(root, ""));
  }
  void ExpectFree(const std::string& relative, std::size_t root = 0) const {
    EXPECT_FALSE(shield_.HoldsPath(root, relative)) << relative;
  }

  std::vector<Root> roots_;
  Shield shield_{roots_};
};

TEST_F(ShieldTest, HoldsNothingAtFirst) {
  shield_.Seal();
  EXPECT_FALSE(shield_.HoldsPath(0, ""));
  EXPECT_FALSE(shield_.HoldsBelow(0, ""));
  EXPECT_FALSE(shield_.HoldsBelow(0, "7"));
  EXPECT_EQ(shield_.size(), 0u);
}

TEST_F(ShieldTest, HoldsAnOutputAndWhatIsAboveIt) {
  MakeTree(root_path(), {Dir("7", {Dir("out", {File("a.mp4"), File("b")})})});
  EXPECT_EQ(Add(InRoot("7/out/a.mp4")), Added::kShielded);
  ExpectHeld("7/out/a.mp4");
  ExpectFree("7/out");
  ExpectFree("7/out/b");
  ExpectFree("7/out/a.mp");
  ExpectFree("7/out/a.mp44");
  ExpectFree("7/out/a.mp4", 1);
  EXPECT_FALSE(shield_.HoldsBelow(0, "8"));
  EXPECT_FALSE(shield_.HoldsBelow(0, "7/in"));
  EXPECT_FALSE(shield_.HoldsBelow(1, ""));
  EXPECT_TRUE(HoldsInode(InRoot("7/out/a.mp4")));
  EXPECT_FALSE(HoldsInode(InRoot("7/out/b")));
  EXPECT_GT(shield_.size(), 0u);
}

TEST_F(ShieldTest, HoldsAllBelowAnOutputDirectory) {
  MakeTree(root_path(), {Dir("7", {Dir("out", {Dir("a", {File("b")})})})});
  EXPECT_EQ(Add(InRoot("7/out/")), Added::kShielded);
  ExpectHeld("7/out");
  ExpectHeld("7/out/a/b");
  EXPECT_TRUE(shield_.HoldsBelow(0, "7/out/a"));
  ExpectFree("7");
  ExpectFree("7/out2");
}

TEST_F(ShieldTest, ReadsAnyWayToWriteAPath) {
  MakeTree(root_path(), {Dir("7", {File("a b.mp4")}), Dir("8")});
  const std::string root = root_path().string();
  for (const std::string& text :
       {root + "//7/./a b.mp4", root + "/8/../7/a b.mp4",
        "file://" + root + "/7/a%20b.mp4",
        "file://localhost" + root + "/7/a b.mp4", root + "/7/a b.mp4/"}) {
    Shield shield(roots_);
    EXPECT_EQ(shield.Add(text, {}), Added::kShielded) << text;
    shield.Seal();
    EXPECT_TRUE(shield.HoldsPath(0, "7/a b.mp4")) << text;
  }
}

TEST_F(ShieldTest, HoldsAbsentOutputsByName) {
  MakeTree(root_path(), {Dir("7")});
  EXPECT_EQ(Add(InRoot("7/a.mp4")), Added::kAbsent);
  ExpectHeld("7/a.mp4");
  ExpectFree("7");
  // The job's own directory is gone: nothing is left to lose.
  EXPECT_EQ(Add(InRoot("8/out/a.mp4")), Added::kAbsent);
  ExpectHeld("8/out/a.mp4");
  ExpectFree("8");
}

TEST_F(ShieldTest, LeavesTheJobAloneWhenADirectoryInItIsMissing) {
  MakeTree(root_path(), {Dir("7")});
  EXPECT_EQ(Add(InRoot("7/out/a.mp4")), Added::kUnresolved);
  ExpectHeld("7");
  ExpectHeld("7/anything");
  ExpectHeld("7", 1);
}

TEST_F(ShieldTest, LetsOutputsElsewhereBe) {
  EXPECT_EQ(Add(outside() / "keep.txt"), Added::kElsewhere);
  EXPECT_EQ(Add(outside() / "none"), Added::kElsewhere);
  EXPECT_EQ(Add(root_path().string() + "2/a"), Added::kElsewhere);
  EXPECT_EQ(Add("/no-such-disk/7/a.mp4"), Added::kElsewhere);
  EXPECT_EQ(Add(InRoot("../outside/keep.txt")), Added::kElsewhere);
  EXPECT_EQ(Add(outside() / "f_####.png"), Added::kElsewhere);
  EXPECT_EQ(Add(outside() / "keep.txt/f_####.png"), Added::kElsewhere);
  EXPECT_EQ(Add("/no-such-disk/f_####.png"), Added::kElsewhere);
  EXPECT_EQ(Add("C:\\renders\\a.mp4"), Added::kElsewhere);
  EXPECT_EQ(Add("s3://bucket/a.mp4"), Added::kElsewhere);
  EXPECT_EQ(Add(""), Added::kElsewhere);
  EXPECT_FALSE(shield_.HoldsBelow(0, ""));
  EXPECT_FALSE(shield_.HoldsBelow(1, ""));
}

TEST_F(ShieldTest, LeavesTheJobAloneWhenAnOutputCannotBeResolved) {
  MakeTree(root_path(),
           {Link("loop", "loop"), Link("gone", "/no-such-disk"), File("file")});
  const std::string too_long(300, 'a');
  int job = 0;
  for (const std::string& text :
       {InRoot("loop/a").string(), InRoot("gone").string(),
        InRoot("gone/a").string(), InRoot("file/a").string(),
        InRoot(too_long).string(), (outside() / too_long / "a").string(),
        InRoot("loop/f_##.png").string(), InRoot("loop/[##]/a").string(),
        std::string("~/a.mp4"), std::string("/a\0b", 4)}) {
    const std::string name = "job" + std::to_string(++job);
    EXPECT_EQ(Add(text, {name, name + ".json"}), Added::kUnresolved) << text;
    ExpectHeld(name + "/anything");
    ExpectHeld(name + ".json");
    ExpectHeld(name, 1);
  }
}

TEST_F(ShieldTest, LeavesTheJobAloneWhenItMayNotLook) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {Dir("closed"), Dir("unlisted", {File("f_1.png")})});
  fs::permissions(InRoot("closed"), fs::perms(0700));
  fs::permissions(InRoot("unlisted"), fs::perms(0711));
  const AsNobody nobody;
  EXPECT_EQ(Add(InRoot("closed/a")), Added::kUnresolved);
  ExpectHeld("7/anything");
  ExpectHeld("closed/a");
  EXPECT_EQ(Add(InRoot("closed/out/a"), {"8"}), Added::kUnresolved);
  ExpectHeld("8");
  EXPECT_EQ(Add(InRoot("unlisted/f_##.png"), {"9"}), Added::kUnresolved);
  ExpectHeld("9");
}

TEST_F(ShieldTest, ShieldsNoRootForAnEmptyName) {
  EXPECT_EQ(Add("~/a.mp4", {"", ".", "7"}), Added::kUnresolved);
  ExpectFree("");
  ExpectFree("8");
  ExpectHeld("7");
}

TEST_F(ShieldTest, FollowsLinksInTheMiddle) {
  MakeTree(root_path(), {Dir("7", {Dir("out", {File("a.mp4")})})});
  MakeTree(outside(), {Link("renders", InRoot("7/out").string())});
  RememberOutside();
  EXPECT_EQ(Add(outside() / "renders/a.mp4"), Added::kShielded);
  ExpectHeld("7/out/a.mp4");
  EXPECT_EQ(Add(outside() / "renders/b.mp4"), Added::kAbsent);
  ExpectHeld("7/out/b.mp4");
}

TEST_F(ShieldTest, FollowsDotsAsTheKernelDoes) {
  MakeTree(root_path(),
           {Dir("7", {Dir("deep", {Dir("er")}), File("a"), Dir("deep2")}),
            Link("l", "7/deep")});
  EXPECT_EQ(Add(InRoot("l/../a")), Added::kShielded);
  ExpectHeld("7/a");
  ExpectHeld("a");  // as it is written
}

TEST_F(ShieldTest, HoldsBothNamesOfAnOutputThatIsALink) {
  MakeTree(root_path(),
           {Dir("7", {File("real.mp4"), Link("a.mp4", "real.mp4")})});
  EXPECT_EQ(Add(InRoot("7/a.mp4")), Added::kShielded);
  ExpectHeld("7/a.mp4");
  ExpectHeld("7/real.mp4");
  EXPECT_TRUE(HoldsInode(InRoot("7/a.mp4")));
  EXPECT_TRUE(HoldsInode(InRoot("7/real.mp4")));
}

TEST_F(ShieldTest, HoldsTheTargetOfALinkElsewhere) {
  MakeTree(root_path(), {Dir("7", {File("real.mp4")})});
  MakeTree(outside(), {Link("a.mp4", InRoot("7/real.mp4").string()),
                       Link("keep", "keep.txt")});
  RememberOutside();
  EXPECT_EQ(Add(outside() / "a.mp4"), Added::kShielded);
  ExpectHeld("7/real.mp4");
  EXPECT_EQ(Add(outside() / "keep"), Added::kElsewhere);
}

TEST_F(ShieldTest, HoldsTheLinkThatLeadsToAnOutputElsewhere) {
  MakeTree(root_path(), {Dir("7", {Link("out", outside().string())})});
  EXPECT_EQ(Add(InRoot("7/out/keep.txt")), Added::kAbsent);
  EXPECT_TRUE(shield_.HoldsBelow(0, "7/out"));
}

TEST_F(ShieldTest, KnowsHardLinksOfAnOutputInARoot) {
  MakeTree(root_path(), {Dir("7", {File("a.mp4")})});
  MakeTree(root_path(), {HardLink("other", InRoot("7/a.mp4"))});
  Add(InRoot("7/a.mp4"));
  EXPECT_TRUE(HoldsInode(InRoot("other")));
}

TEST_F(ShieldTest, TakesASecondLinkToAnOutputElsewhereForTemporary) {
  MakeTree(root_path(), {HardLink("linked", outside() / "keep.txt")});
  EXPECT_EQ(Add(outside() / "keep.txt"), Added::kElsewhere);
  EXPECT_FALSE(HoldsInode(InRoot("linked")));
}

TEST_F(ShieldTest, KnowsWhatABindMountShowsElsewhere) {
  RETENTIOND_NEEDS_MOUNTS();
  MakeTree(root_path(), {Dir("7", {File("a.mp4")})});
  ASSERT_EQ(::mount(InRoot("7").c_str(), (outside() / "deep").c_str(), nullptr,
                    MS_BIND, nullptr),
            0);
  EXPECT_EQ(Add(outside() / "deep/a.mp4"), Added::kElsewhere);
  EXPECT_TRUE(HoldsInode(InRoot("7/a.mp4")));
  Add(outside() / "deep");
  EXPECT_TRUE(HoldsInode(InRoot("7")));
  ASSERT_EQ(::umount((outside() / "deep").c_str()), 0);
}

TEST_F(ShieldTest, HoldsTheWholeRootBelowAnOutput) {
  EXPECT_EQ(Add(root_path()), Added::kShielded);
  ExpectHeld("");
  ExpectHeld("7/a");
  ExpectFree("7/a", 1);
  EXPECT_EQ(Add(scratch()), Added::kShielded);
  ExpectHeld("7/a", 1);
}

TEST_F(ShieldTest, HoldsEverythingBelowTheTop) {
  EXPECT_EQ(Add("/"), Added::kShielded);
  ExpectHeld("7");
  ExpectHeld("7", 1);
}

TEST_F(ShieldTest, KnowsARootByItsConfiguredAndItsRealPath) {
  MakeTree(root_path(), {Dir("real", {Dir("tmp", {Dir("7", {File("a")})})}),
                         Link("link", "real")});
  std::vector<Root> roots;
  roots.push_back(*Root::Open(InRoot("link/tmp"), std::nullopt));
  for (const std::string path : {"link/tmp/7/a", "real/tmp/7/a"}) {
    Shield shield(roots);
    EXPECT_EQ(shield.Add(InRoot(path).string(), {}), Added::kShielded);
    shield.Seal();
    EXPECT_TRUE(shield.HoldsPath(0, "7/a")) << path;
  }
}

TEST_F(ShieldTest, LooksForARelativePathInEveryRootAndEntry) {
  MakeTree(root_path(), {Dir("7", {Dir("out", {File("a.mp4")})})});
  MakeTree(scratch() / "second", {Dir("out")});
  RememberOutside();
  EXPECT_EQ(Add("out/a.mp4", {"7", "7.json"}), Added::kShielded);
  ExpectHeld("7/out/a.mp4");
  ExpectHeld("out/a.mp4", 1);
  ExpectFree("out/a.mp4", 0);  // there is no such directory
}

TEST_F(ShieldTest, HoldsARelativeNameInEveryRoot) {
  MakeTree(root_path(), {Dir("7"), File("7.json")});
  EXPECT_EQ(Add("a.mp4", {"7", "7.json"}), Added::kAbsent);
  ExpectHeld("a.mp4");
  ExpectHeld("a.mp4", 1);
  ExpectHeld("7/a.mp4");
  ExpectFree("7");
}

TEST_F(ShieldTest, ExcusesARelativePathThatIsNowhere) {
  MakeTree(root_path(), {Dir("7")});
  EXPECT_EQ(Add("out/a.mp4"), Added::kAbsent);
  ExpectFree("7");
  ExpectHeld("7/out/a.mp4");
  EXPECT_EQ(Add("out/f_##.png", {"8"}), Added::kAbsent);
}

TEST_F(ShieldTest, LetsARelativePathLeadOut) {
  MakeTree(root_path(), {Dir("7"), Dir("8", {File("a")})});
  EXPECT_EQ(Add("../8/a"), Added::kShielded);
  ExpectHeld("8/a");
}

TEST_F(ShieldTest, HoldsEveryFrameOfASequence) {
  MakeTree(root_path(),
           {Dir("7", {File("f_00001.png"), File("f_2.png"), File("g_1.png")})});
  for (const std::string name :
       {"f_[#####].png", "f_####.png", "f_%05d.png", "f_*.png"}) {
    Shield shield(roots_);
    EXPECT_EQ(shield.Add(InRoot("7/" + name).string(), {}), Added::kShielded);
    shield.Seal();
    EXPECT_TRUE(shield.HoldsPath(0, "7/f_00001.png")) << name;
    EXPECT_TRUE(shield.HoldsPath(0, "7/f_99999.png")) << name;
    EXPECT_TRUE(shield.HoldsPath(0, "7/" + name)) << name;  // as one file
    EXPECT_FALSE(shield.HoldsPath(0, "7/g_1.png")) << name;
    EXPECT_FALSE(shield.HoldsPath(0, "7")) << name;
    EXPECT_FALSE(shield.HoldsPath(0, "f_00001.png")) << name;
    EXPECT_TRUE(shield.HoldsBelow(0, "7")) << name;
    EXPECT_TRUE(shield.HoldsBelow(0, "")) << name;
    EXPECT_FALSE(shield.HoldsBelow(0, "7/sub")) << name;
  }
}

TEST_F(ShieldTest, KnowsTheFramesByInode) {
  MakeTree(root_path(), {Dir("7", {File("f_1.png"), File("g_1.png")})});
  Add(InRoot("7/f_#.png"));
  EXPECT_TRUE(HoldsInode(InRoot("7/f_1.png")));
  EXPECT_FALSE(HoldsInode(InRoot("7/g_1.png")));
}

TEST_F(ShieldTest, HoldsASequenceThatIsNotThere) {
  MakeTree(root_path(), {Dir("7")});
  EXPECT_EQ(Add(InRoot("7/f_##.png")), Added::kAbsent);
  ExpectHeld("7/f_01.png");
  EXPECT_EQ(Add(InRoot("8/f_##.png")), Added::kAbsent);
  ExpectHeld("8/f_01.png");
}

TEST_F(ShieldTest, HoldsASequenceOfDirectories) {
  MakeTree(root_path(), {Dir("7", {Dir("take_1", {File("a.png")})})});
  EXPECT_EQ(Add(InRoot("7/take_#/a.png")), Added::kShielded);
  ExpectHeld("7/take_1");
  ExpectHeld("7/take_2/b.png");
  ExpectFree("7/other");
}

TEST_F(ShieldTest, HoldsTheRootThatIsOneOfASequence) {
  EXPECT_EQ(Add(scratch() / "ro*"), Added::kShielded);
  ExpectHeld("7/a");
  ExpectFree("7/a", 1);
  EXPECT_EQ(Add("/*"), Added::kShielded);
  ExpectHeld("7/a", 1);
}

TEST_F(ShieldTest, TakesMoreAfterASeal) {
  MakeTree(root_path(), {Dir("7", {File("a")}), Dir("8", {File("a")})});
  Add(InRoot("7/a"));
  Add(InRoot("8/a"));
  ExpectHeld("7/a");
  ExpectHeld("8/a");
}

TEST_F(ShieldTest, HoldsTheSameOutputOnce) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Add(InRoot("7/a"));
  Add(InRoot("7/f_##"));
  const std::size_t size = shield_.size();
  Add(InRoot("7/a"));
  Add(InRoot("7/f_##"));
  EXPECT_EQ(shield_.size(), size);
}

}  // namespace
}  // namespace retentiond
