// What others do to a tree while it is being removed, and calls that fail: each
// is put before one certain call, so that every run is the same.
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "files/tree_remover.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TreeRemoverRaceTest : public RemoverTest {
 protected:
  // Does `act` once, just before the first call of `function` on `name`.
  void Before(const std::string& function, const std::string& name,
              std::function<void()> act) {
    calls_ = ScriptedCalls([=, done = false](const FileCall& call) mutable {
      if (!done && call.function == function && call.name == name) {
        done = true;
        act();
      }
      return 0;
    });
  }
  // Lets every call of `function` on `name` fail.
  void Fail(const std::string& function, const std::string& name, int error) {
    calls_ = ScriptedCalls([=](const FileCall& call) {
      return call.function == function && call.name == name ? error : 0;
    });
  }
  // A tree with every kind of thing in it, and an output.
  void MakeMixedTree() {
    fs::remove_all(InRoot("7"));
    MakeTree(
        root_path(),
        {Dir("7", {File("a"), Dir("b", {File("c"), Dir("d", {File("e")})}),
                   Link("out", outside().string()), Fifo("f"),
                   Dir("keep", {File("result.mp4", "film"), File("g")})})});
  }
};

TEST_F(TreeRemoverRaceTest, FollowsNoLinkThatADirectoryWasSwappedFor) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("keep.txt")})})});
  Before("open", "a", [&] {
    fs::rename(InRoot("7/a"), InRoot("aside"));
    fs::create_symlink(outside(), InRoot("7/a"));
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 1);  // the link
  EXPECT_EQ(removal.errors_total, 0);
  EXPECT_THAT(Remaining(), ElementsAre("aside", "aside/keep.txt"));
}

TEST_F(TreeRemoverRaceTest, FollowsNoLinkThatTheJobsDirectoryWasSwappedFor) {
  MakeTree(root_path(), {Dir("7", {File("keep.txt")})});
  Before("open", "7", [&] {
    fs::rename(InRoot("7"), InRoot("aside"));
    fs::create_symlink(outside(), InRoot("7"));
  });
  EXPECT_EQ(Remove("7").files, 1);
  EXPECT_THAT(Remaining(), ElementsAre("aside", "aside/keep.txt"));
}

TEST_F(TreeRemoverRaceTest, ReportsADirectoryThatIsSwappedForALinkAtTheEnd) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("x")})})});
  Before("unlink", "a", [&] {
    fs::remove(InRoot("7/a"));
    fs::create_symlink(outside(), InRoot("7/a"));
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 1);
  EXPECT_THAT(removal.errors, ElementsAre(HasSubstr("'7/a': Not a directory")));
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a"));
}

TEST_F(TreeRemoverRaceTest, ReportsADirectoryThatKeepsChanging) {
  MakeTree(root_path(), {Dir("7", {Dir("a")})});
  Fail("open", "a", ENOTDIR);
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.errors_total, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a"));
}

TEST_F(TreeRemoverRaceTest, EntersAFileThatHasBecomeADirectory) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Before("stat", "a", [&] {
    fs::remove(InRoot("7/a"));
    MakeTree(InRoot("7/a"), {File("b")});
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.directories, 2);
  EXPECT_THAT(Remaining(), IsEmpty());
}

TEST_F(TreeRemoverRaceTest, LeavesADirectoryThatWasMovedOut) {
  MakeTree(root_path(),
           {Dir("7", {Dir("out", {File("a"), File("b")}), File("c")})});
  // Its descriptor is held by now.
  Before("list", "", [&] {
    calls_ = ScriptedCalls([&](const FileCall& call) {
      if (call.function == "stat" && call.name == ".." &&
          fs::exists(InRoot("7/out")) && !fs::exists(InRoot("7/c"))) {
        fs::rename(InRoot("7/out"), outside() / "delivered");
        RememberOutside();
      }
      return 0;
    });
  });
  const Removal removal = Remove("7");
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/out", "moved"}));
  EXPECT_THAT(removal.errors, ElementsAre(HasSubstr("'7/out' does not lie")));
  EXPECT_THAT(ListTree(outside() / "delivered"), ElementsAre("a", "b"));
  EXPECT_TRUE(removal.retry());
  EXPECT_THAT(Remaining(), ElementsAre("7"));
}

TEST_F(TreeRemoverRaceTest, LosesAtMostOneBatchOfADirectoryThatWasMovedOut) {
  MakeFiles(InRoot("7"), 2000);
  int removed = 0;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "unlink" && ++removed == 300) {
      fs::rename(InRoot("7"), outside() / "delivered");
    }
    return 0;
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 512);  // to the end of the second batch
  EXPECT_THAT(removal.errors, SizeIs(1));
  EXPECT_THAT(ListTree(outside() / "delivered"), SizeIs(2000 - 512));
  RememberOutside();
}

TEST_F(TreeRemoverRaceTest, LeavesWhatWentWithADirectoryAboveAndGoesOn) {
  MakeTree(root_path(),
           {Dir("7", {Dir("a", {Dir("b", {Dir("c", {File("x")})})}),
                      Dir("other", {File("y")})})});
  int looks = 0;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "stat" && call.name == "../../../.." && ++looks == 1) {
      fs::rename(InRoot("7/a"), outside() / "delivered");
      RememberOutside();
    }
    return 0;
  });
  const Removal removal = Remove("7");
  EXPECT_THAT(removal.errors, SizeIs(1));
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/a/b/c", "moved"}));
  EXPECT_THAT(Remaining(), ElementsAre("7"));
}

TEST_F(TreeRemoverRaceTest, LeavesADeepDirectoryThatWasMovedAwayBehindIt) {
  std::string deep = "7";
  for (int i = 0; i < 20; ++i) deep += "/d";
  MakeTree(InRoot(deep), {File("x")});
  MakeTree(InRoot("7/e"), {File("y")});
  Before("unlink", "x",
         [&] { fs::rename(InRoot(deep), outside() / "delivered"); });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 2);
  EXPECT_EQ(removal.errors_total, 1);
  EXPECT_FALSE(fs::exists(InRoot("7/e")));
  EXPECT_TRUE(fs::exists(InRoot(deep).parent_path()));
  EXPECT_THAT(ListTree(outside() / "delivered"), IsEmpty());
  RememberOutside();
}

TEST_F(TreeRemoverRaceTest, LosesTheDirectoriesAboveALogThatWereMovedAway) {
  std::string deep = "log";
  for (int i = 0; i < 20; ++i) deep += "/d";
  MakeTree(InRoot(deep), {Dir("7", {File("x")})});
  Before("unlink", "x",
         [&] { fs::rename(InRoot(deep) / "7", outside() / "delivered"); });
  const Removal removal = Remove(deep + "/7");
  EXPECT_EQ(removal.errors_total, 1);
  EXPECT_TRUE(fs::exists(InRoot(deep)));
  RememberOutside();
}

// Only their names were known then, not their inodes.
TEST_F(TreeRemoverRaceTest, KeepsOutputsThatAreWrittenAfterTheShieldIsMade) {
  Shield({"7/film.mp4", "8/f_[####].png"});
  MakeTree(root_path(), {Dir("7", {File("film.mp4"), File("a")}),
                         Dir("8", {File("f_0001.png"), File("a")})});
  EXPECT_EQ(Remove("7").shielded, 1);
  EXPECT_EQ(Remove("8").shielded, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/film.mp4", "8", "8/f_0001.png"));
}

TEST_F(TreeRemoverRaceTest, RemovesNothingInARootThatWasReplaced) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  fs::rename(root_path(), scratch() / "was");
  fs::create_directory(root_path());
  MakeTree(root_path(), {Dir("7", {File("new")})});
  RememberOutside();
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 0);
  EXPECT_THAT(removal.errors, ElementsAre(HasSubstr("does not lie")));
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/new"));
}

TEST_F(TreeRemoverRaceTest, RemovesNothingInARootThatIsGone) {
  fs::remove(root_path());
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.errors_total, 1);
  EXPECT_TRUE(removal.retry());
}

TEST_F(TreeRemoverRaceTest, StopsWhenTheRootIsReplacedMeanwhile) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("x")})})});
  Before("open", "a", [&] {
    fs::rename(root_path(), scratch() / "was");
    fs::create_directory(root_path());
    RememberOutside();
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files + removal.directories, 0);
  EXPECT_EQ(removal.errors_total, 1);
}

TEST_F(TreeRemoverRaceTest, TakesWhatVanishesForSuccess) {
  MakeTree(root_path(), {Dir("7", {File("a"), Dir("b", {File("c")})})});
  for (const auto& [function, name] : {std::pair{"stat", "a"},
                                       {"unlink", "a"},
                                       {"open", "b"},
                                       {"unlink", "b"}}) {
    fs::create_directories(InRoot("7/b"));
    MakeTree(InRoot("7"), {File("a")});
    const std::string entry = name;
    Before(function, name, [&] { fs::remove_all(InRoot("7/" + entry)); });
    const Removal removal = Remove("7");
    ExpectNothingElse(removal);
    EXPECT_THAT(Remaining(), IsEmpty()) << function << " " << name;
  }
}

TEST_F(TreeRemoverRaceTest, LooksAgainWhenALateFileIsIn) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Before("unlink", "7", [&] { MakeTree(InRoot("7"), {File("late")}); });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 2);
  EXPECT_EQ(removal.directories, 1);
  ExpectNothingElse(removal);
}

TEST_F(TreeRemoverRaceTest, GivesUpOnADirectoryThatIsStillWritten) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  int late = 0;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "unlink" && call.name == "7") {
      MakeTree(InRoot("7"), {File("late" + std::to_string(++late))});
    }
    return 0;
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 3);
  EXPECT_THAT(removal.errors,
              ElementsAre(HasSubstr("'7': Directory not empty")));
}

TEST_F(TreeRemoverRaceTest, TakesABusyNameForAMountPoint) {
  MakeTree(root_path(), {Dir("7", {File("a"), File("b")})});
  Fail("unlink", "a", EBUSY);
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.files, 1);
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/a", "mounted"}));
  EXPECT_THAT(removal.errors, IsEmpty());
  EXPECT_TRUE(removal.retry());
}

TEST_F(TreeRemoverRaceTest, ReportsEachFailureOnceAndGoesOn) {
  MakeTree(root_path(), {Dir("7", {File("a"), File("b"), Dir("c", {File("d")}),
                                   Dir("e", {File("f")})})});
  calls_ = ScriptedCalls([](const FileCall& call) {
    if (call.function == "unlink" && call.name == "a") return EIO;
    if (call.function == "open" && call.name == "c") return EACCES;
    return 0;
  });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.errors_total, 2);
  EXPECT_THAT(removal.errors,
              AllOf(Contains("remove '7/a': Input/output error"),
                    Contains("open '7/c': Permission denied")));
  EXPECT_THAT(removal.kept, ElementsAre(KeptEntry{"7/c", "permission"}));
  EXPECT_EQ(removal.files, 2);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a", "7/c", "7/c/d"));
}

TEST_F(TreeRemoverRaceTest, ListsNoMoreErrorsThanItMay) {
  MakeFiles(InRoot("7"), 30);
  calls_ = ScriptedCalls(
      [](const FileCall& call) { return call.function == "unlink" ? EIO : 0; });
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.errors_total, 30);
  EXPECT_THAT(removal.errors, SizeIs(Removal::kMostErrors));
}

TEST_F(TreeRemoverRaceTest, RemovesWhereNobodyCanHoldALock) {
  for (const int error : {EBADF, ENOLCK, EOPNOTSUPP}) {
    MakeTree(root_path(), {Dir("7", {File("a")})});
    Fail("lock", "", error);
    EXPECT_EQ(Remove("7").files, 1) << error;
  }
}

TEST_F(TreeRemoverRaceTest, LeavesADirectoryWhoseLockCannotBeAsked) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  Fail("lock", "", EIO);
  const Removal removal = Remove("7");
  EXPECT_EQ(removal.errors_total, 1);
  EXPECT_THAT(Remaining(), ElementsAre("7", "7/a"));
}

TEST_F(TreeRemoverRaceTest, KeepsAnEntryWhoseAgeCannotBeTold) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("b")})})});
  TreeRemover::Options options;
  options.only_older_than = NewestStamp() + std::chrono::hours(1);
  for (const auto& [function, name] :
       {std::pair{"stat", "b"}, {"open", "a"}, {"list", ""}}) {
    Fail(function, name, EIO);
    const Removal removal = Remove("7", options);
    EXPECT_EQ(removal.files, 0);
    EXPECT_EQ(removal.errors_total, 1);
    EXPECT_THAT(Remaining(), ElementsAre("7", "7/a", "7/a/b"));
  }
}

TEST_F(TreeRemoverRaceTest, NeedsNoTypesFromTheFileSystem) {
  class Untyped : public FileCalls {
    ssize_t GetDents(int directory, void* buffer, std::size_t size) override {
      const ssize_t read = FileCalls::GetDents(directory, buffer, size);
      char* bytes = static_cast<char*>(buffer);
      for (ssize_t offset = 0; offset < read;) {
        auto* entry = reinterpret_cast<dirent64*>(bytes + offset);
        entry->d_type = DT_UNKNOWN;
        offset += entry->d_reclen;
      }
      return read;
    }
  };
  MakeMixedTree();
  Untyped calls;
  const std::vector<Root> no_roots;
  const retentiond::Shield nothing(no_roots);
  const Removal removal =
      TreeRemover(*root_, 0, nothing, calls).Remove("7", {});
  EXPECT_EQ(removal.files, 7);
  EXPECT_EQ(removal.directories, 4);
  EXPECT_THAT(Remaining(), IsEmpty());
}

// Each call fails once, the first, the second, ... until none is left to fail.
TEST_F(TreeRemoverRaceTest, SurvivesTheFailureOfAnyCall) {
  for (const int error : {EIO, EACCES, ENOMEM, EMFILE}) {
    bool failed = true;
    for (int n = 1; failed; ++n) {
      ASSERT_LT(n, 1000);
      MakeMixedTree();
      Shield({"7/keep/result.mp4"});
      failed = false;
      calls_ = ScriptedCalls([&](const FileCall& call) {
        failed = failed || call.number == n;
        return call.number == n ? error : 0;
      });
      const Removal removal = Remove("7");
      EXPECT_EQ(removal.errors_total, failed ? 1 : 0) << n;
      EXPECT_TRUE(fs::exists(InRoot("7/keep/result.mp4"))) << n;
      calls_ = ScriptedCalls();
      EXPECT_EQ(Remove("7").errors_total, 0) << n;
      EXPECT_THAT(Remaining(), ElementsAre("7", "7/keep", "7/keep/result.mp4"))
          << n;
    }
  }
}

TEST_F(TreeRemoverRaceTest, SurvivesTheFailureOfAnyCallWhileItAsksForTheAge) {
  bool failed = true;
  TreeRemover::Options options;
  for (int n = 1; failed; ++n) {
    ASSERT_LT(n, 1000);
    MakeMixedTree();
    options.only_older_than = NewestStamp() + std::chrono::hours(1);
    failed = false;
    calls_ = ScriptedCalls([&](const FileCall& call) {
      failed = failed || call.number == n;
      return call.number == n ? EIO : 0;
    });
    const Removal removal = Remove("7", options);
    EXPECT_EQ(removal.errors_total, failed ? 1 : 0) << n;
  }
  EXPECT_THAT(Remaining(), IsEmpty());
}

}  // namespace
}  // namespace retentiond
