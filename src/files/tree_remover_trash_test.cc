// Directories that vanish at once, and crashes in the middle.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <random>
#include <string>

#include "base/unique_fd.h"
#include "files/tree_remover.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kTrash[] = ".retentiond-trash";

class TreeRemoverTrashTest : public RemoverTest {
 protected:
  // Does `act` just before the first call of `function`.
  void Before(const std::string& function, std::function<void()> act) {
    calls_ = ScriptedCalls([=, done = false](const FileCall& call) mutable {
      if (!done && call.function == function) {
        done = true;
        act();
      }
      return 0;
    });
  }
  bool WasMoved() {
    bool moved = false;
    const ScriptedCalls calls = calls_;
    calls_ = ScriptedCalls([&](const FileCall& call) {
      moved = moved || call.function == "rename";
      return 0;
    });
    RemoveByTrash("7");
    calls_ = calls;
    return moved;
  }
};

TEST_F(TreeRemoverTrashTest, LetsADirectoryVanishBeforeAnythingInItGoes) {
  MakeTree(root_path(), {Dir("7", {File("a"), Dir("b", {File("c")})})});
  bool whole = false;
  Before("unlink", [&] {
    whole = !fs::exists(InRoot("7")) &&
            fs::exists(InRoot(".retentiond-trash/7/a")) &&
            fs::exists(InRoot(".retentiond-trash/7/b/c"));
  });
  const Removal removal = RemoveByTrash("7");
  EXPECT_TRUE(whole);
  EXPECT_EQ(removal.files, 2);
  EXPECT_EQ(removal.directories, 2);
  ExpectNothingElse(removal);
  EXPECT_THAT(Remaining(), ElementsAre(kTrash));
}

TEST_F(TreeRemoverTrashTest, MovesNothingThatMayHoldAnOutput) {
  MakeTree(root_path(), {Dir("7", {File("result.mp4"), File("a")})});
  Shield({"7/result.mp4"});
  EXPECT_FALSE(WasMoved());
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "7", "7/result.mp4"));
}

TEST_F(TreeRemoverTrashTest, MovesNothingThatHoldsAMount) {
  RETENTIOND_NEEDS_MOUNTS();
  root_.emplace(OpenRoot());  // its mount has another number now
  MakeTree(root_path(), {Dir("7", {Dir("mnt"), File("a")})});
  ASSERT_EQ(::mount(outside().c_str(), InRoot("7/mnt").c_str(), nullptr,
                    MS_BIND, nullptr),
            0);
  EXPECT_FALSE(WasMoved());
  EXPECT_THAT(Remaining(), Contains("7/mnt/keep.txt"));
  ASSERT_EQ(::umount2(InRoot("7/mnt").c_str(), MNT_DETACH), 0);
}

TEST_F(TreeRemoverTrashTest, MovesNothingUnderTheNamesOfTheTrashsOwnFiles) {
  for (const char* name : {"id", "id.new"}) {
    MakeTree(root_path(), {Dir(name, {File("a")})});
    EXPECT_EQ(RemoveByTrash(name).files, 1) << name;
    EXPECT_THAT(Remaining(), ElementsAre(kTrash));
  }
}

TEST_F(TreeRemoverTrashTest, MovesNothingOnADryRun) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  TreeRemover::Options options;
  options.dry_run = DryRun::kYes;
  EXPECT_EQ(RemoveByTrash("7", options).files, 1);
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "7", "7/a"));
}

TEST_F(TreeRemoverTrashTest, EmptiesInPlaceWhatCannotBeMoved) {
  for (const int error : {EEXIST, EXDEV, EACCES, ENOSPC, EINVAL, EBUSY}) {
    MakeTree(root_path(), {Dir("7", {File("a"), Dir("b")})});
    calls_ = ScriptedCalls([=](const FileCall& call) {
      return call.function == "rename" ? error : 0;
    });
    const Removal removal = RemoveByTrash("7");
    EXPECT_EQ(removal.files, 1) << error;
    EXPECT_EQ(removal.directories, 2) << error;
    ExpectNothingElse(removal);
    EXPECT_THAT(Remaining(), ElementsAre(kTrash));
  }
}

TEST_F(TreeRemoverTrashTest, EmptiesInPlaceWhereThereIsNoTrash) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  TreeRemover::Options options;
  options.trash = TreeRemover::UseTrash::kYes;
  EXPECT_EQ(Remove("7", options).files, 1);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverTrashTest, PutsBackWhatStays) {
  MakeTree(root_path(), {Dir("6", {File("film.mp4")})});
  MakeTree(root_path(), {Dir("7", {HardLink("copy.mp4", InRoot("6/film.mp4")),
                                   File("a"), Dir("b", {File("c")})})});
  Bind(InRoot("7/live.sock"));
  Shield({"6/film.mp4"});
  const Removal removal = RemoveByTrash("7");
  EXPECT_EQ(removal.files, 2);
  EXPECT_EQ(removal.shielded, 1);
  EXPECT_THAT(removal.kept, testing::UnorderedElementsAre(
                                KeptEntry{"7/copy.mp4", "shielded"},
                                KeptEntry{"7/live.sock", "socket"}));
  EXPECT_THAT(removal.errors, IsEmpty());
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "6", "6/film.mp4", "7",
                                       "7/copy.mp4", "7/live.sock"));
}

TEST_F(TreeRemoverTrashTest, ShowsAFailureWhereItIsAndPutsTheRestBack) {
  MakeTree(root_path(), {Dir("7", {File("a"), File("b")})});
  calls_ = ScriptedCalls([](const FileCall& call) {
    return call.function == "unlink" && call.name == "a" ? EIO : 0;
  });
  const Removal removal = RemoveByTrash("7");
  EXPECT_THAT(removal.errors, ElementsAre("remove '7/a': Input/output error"));
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "7", "7/a"));
}

TEST_F(TreeRemoverTrashTest, LeavesInTheTrashWhatHasNoPlaceAnyMore) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function != "unlink" || call.name != "a") return 0;
    MakeTree(root_path(), {Dir("7", {File("new")})});
    return EIO;
  });
  const Removal removal = RemoveByTrash("7");
  EXPECT_THAT(removal.errors,
              Contains(HasSubstr("leave '.retentiond-trash/7' where it is")));
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, ".retentiond-trash/7",
                                       ".retentiond-trash/7/a", "7", "7/new"));
  calls_ = ScriptedCalls();
  EXPECT_EQ(EmptyTrash().files, 1);
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "7", "7/new"));
}

TEST_F(TreeRemoverTrashTest, KeepsALateFileWithItsDirectory) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  int late = 0;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "unlink" && call.name == "7") {
      MakeTree(InRoot(".retentiond-trash/7"),
               {File("late" + std::to_string(++late))});
    }
    return 0;
  });
  const Removal removal = RemoveByTrash("7");
  EXPECT_EQ(removal.files, 3);
  EXPECT_THAT(removal.errors, ElementsAre("remove '7': Directory not empty"));
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "7", "7/late3"));
}

TEST_F(TreeRemoverTrashTest, LeavesWhatWasSwappedInJustBeforeTheMove) {
  MakeTree(root_path(), {Dir("7", {File("old")})});
  Before("rename", [&] {
    fs::rename(InRoot("7"), InRoot("aside"));
    MakeTree(InRoot("7"), {File("new")});
  });
  const Removal removal = RemoveByTrash("7");
  EXPECT_EQ(removal.files, 0);
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7", "moved"}));
  EXPECT_THAT(Remaining(),
              ElementsAre(kTrash, "7", "7/new", "aside", "aside/old"));
}

TEST_F(TreeRemoverTrashTest, MovesAnOrphanOnlyIfNoPastOutputLiesInIt) {
  TreeRemover::Options options;
  options.keep_names = {"result.*"};
  MakeTree(root_path(), {Dir("7", {Dir("b", {File("result.mp4"), File("c")})}),
                         Dir("8", {File("a")})});
  options.only_older_than = NewestStamp() + std::chrono::hours(1);
  std::vector<std::string> moved;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "rename") moved.push_back(call.name);
    return 0;
  });
  EXPECT_EQ(RemoveByTrash("7", options).files, 1);
  EXPECT_EQ(RemoveByTrash("8", options).files, 1);
  EXPECT_THAT(moved, ElementsAre("8"));
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, "7", "7/b", "7/b/result.mp4"));
}

TEST_F(TreeRemoverTrashTest, EmptiesWhatACrashLeftInTheTrash) {
  MakeTree(
      root_path(),
      {Dir(kTrash, {File("id"), Dir("7", {File("a"), Dir("b")}),
                    Dir("8", {File("result.mp4"), File("c")}), File("9")})});
  TreeRemover::Options options;
  options.keep_names = {"result.*"};
  options.dry_run = DryRun::kYes;
  EXPECT_EQ(EmptyTrash(options).files, 3);
  options.dry_run = DryRun::kNo;
  const Removal removal = EmptyTrash(options);
  EXPECT_EQ(removal.files, 3);
  EXPECT_EQ(removal.directories, 2);
  EXPECT_THAT(removal.kept,
              ElementsAre(KeptEntry{"8/result.mp4", "past-output"}));
  EXPECT_THAT(Remaining(),
              ElementsAre(kTrash, ".retentiond-trash/id", "8", "8/result.mp4"));
  ExpectNothingElse(EmptyTrash());
}

TEST_F(TreeRemoverTrashTest, HasNothingToEmptyWhereThereIsNoTrash) {
  ExpectNothingElse(EmptyTrash());
}

TEST_F(TreeRemoverTrashTest, SaysWhenItCannotReadTheTrash) {
  MakeTree(root_path(), {Dir(kTrash, {Dir("7")})});
  for (const char* function : {"open", "list"}) {
    calls_ = ScriptedCalls([=](const FileCall& call) {
      const bool here = call.function == function &&
                        (call.name == kTrash || call.name.empty());
      return here ? EIO : 0;
    });
    EXPECT_EQ(EmptyTrash().errors_total, 1) << function;
  }
  fs::rename(root_path(), scratch() / "was");
  EXPECT_EQ(EmptyTrash().errors_total, 1);
  fs::rename(scratch() / "was", root_path());
}

TEST_F(TreeRemoverTrashTest, RemovesADirectoryOnlyWhileItIsEmpty) {
  MakeTree(root_path(), {Dir("a", {Dir("b"), Dir("c", {File("d")})}),
                         File("file"), Dir("shielded")});
  Shield({"shielded"});
  const auto remove = [&](const std::string& name,
                          DryRun dry_run = DryRun::kNo) {
    return TreeRemover(*root_, 0, retentiond::Shield(roots()), calls_)
        .RemoveEmptyDirectory(name, {.dry_run = dry_run});
  };
  EXPECT_EQ(remove("a/b", DryRun::kYes).directories, 0);
  EXPECT_EQ(remove("a/b").directories, 1);
  for (const char* name : {"a/c", "a/none", "none/b", "file"}) {
    const Removal removal = remove(name);
    EXPECT_EQ(removal.directories, 0) << name;
    ExpectNothingElse(removal);
  }
  EXPECT_THAT(remove("../outside").kept,
              ElementsAre(KeptEntry{"../outside", "refused-name"}));
  calls_ = ScriptedCalls(
      [](const FileCall& call) { return call.function == "unlink" ? EIO : 0; });
  EXPECT_EQ(remove("a/c").errors_total, 1);
  calls_ = ScriptedCalls();
  retentiond::Shield shield(roots());
  shield.Add(InRoot("shielded").string(), {});
  shield.Seal();
  EXPECT_EQ(TreeRemover(*root_, 0, shield, calls_)
                .RemoveEmptyDirectory("shielded", {})
                .shielded,
            1);
  fs::rename(root_path(), scratch() / "was");
  EXPECT_EQ(remove("a").errors_total, 1);
  fs::rename(scratch() / "was", root_path());
}

// Killed before its n-th call, for 200 n's and more than one tree: the next one
// finishes, and the outputs are there all the time.
TEST_F(TreeRemoverTrashTest, FinishesAfterAKillAtAnyOf200RandomCalls) {
  std::mt19937 random(20260316);  // any seed will do; the same each time
  Shield({"keep/film.mp4"});
  for (int round = 0; round < 200; ++round) {
    MakeTree(root_path(),
             {Dir("keep", {File("film.mp4", "film"), File("tmp")}),
              Dir("7", {File("a"), Dir("b", {File("c"), Dir("d", {File("e")})}),
                        Link("etc", outside().string()), Fifo("f")})});
    const int at = std::uniform_int_distribution<int>(1, 60)(random);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      calls_ = ScriptedCalls([=](const FileCall& call) {
        if (call.number == at) ::raise(SIGKILL);
        return 0;
      });
      RemoveByTrash("7");
      RemoveByTrash("keep");
      ::_exit(0);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(fs::exists(InRoot("keep/film.mp4"))) << at;
    calls_ = ScriptedCalls();
    EXPECT_EQ(EmptyTrash().errors_total, 0) << at;
    EXPECT_EQ(RemoveByTrash("7").errors_total, 0) << at;
    EXPECT_EQ(RemoveByTrash("keep").errors_total, 0) << at;
    EXPECT_THAT(Remaining(), ElementsAre(kTrash, "keep", "keep/film.mp4"))
        << at;
  }
}

}  // namespace
}  // namespace retentiond
