#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/status.h"
#include "files/root.h"
#include "testing/files/scratch.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class RootCheckTest : public ScratchTest {
 protected:
  absl::Status Validate(const std::vector<fs::path>& roots) {
    return ValidateRoots(roots, std::nullopt);
  }
  void ExpectRefused(const fs::path& a, const fs::path& b) {
    for (const auto& roots : {std::vector{a, b}, std::vector{b, a}}) {
      const absl::Status status = Validate(roots);
      EXPECT_TRUE(absl::IsInvalidArgument(status)) << a << b << status;
      EXPECT_THAT(MessageOf(status), AllOf(HasSubstr("'" + a.string() + "'"),
                                           HasSubstr("'" + b.string() + "'")));
    }
  }
  void MakeWritable(const fs::path& path, uid_t owner, mode_t mode) {
    ASSERT_EQ(::chown(path.c_str(), owner, owner), 0);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  }
  void ExpectOneFinding(Finding::Level level, const std::string& code,
                        const std::string& message) {
    const auto findings = CheckRoots({root_path()}, std::nullopt);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].level, level);
    EXPECT_EQ(findings[0].code, code);
    EXPECT_THAT(findings[0].message, HasSubstr(message));
    EXPECT_FALSE(findings[0].fix.empty());
  }
};

TEST_F(RootCheckTest, AcceptsRootsBesideEachOther) {
  MakeTree(root_path(), {Dir("tmp"), Dir("tmp2"), Dir("log")});
  EXPECT_TRUE(Validate({}).ok());
  EXPECT_TRUE(Validate({InRoot("tmp"), InRoot("tmp2"), InRoot("log")}).ok());
}

TEST_F(RootCheckTest, AcceptsAMissingRoot) {
  EXPECT_TRUE(Validate({InRoot("none"), root_path() / "none2"}).ok());
}

TEST_F(RootCheckTest, RefusesTheSameRootTwice) {
  MakeTree(root_path(), {Dir("tmp"), Link("up", ".")});
  ExpectRefused(InRoot("tmp"), InRoot("tmp/"));
  ExpectRefused(InRoot("tmp"), InRoot("up/tmp"));
  ExpectRefused(InRoot("none"), InRoot("up/none/"));
}

TEST_F(RootCheckTest, RefusesARootInAnother) {
  MakeTree(root_path(), {Dir("tmp", {Dir("log")}), Link("up", "tmp")});
  ExpectRefused(InRoot("tmp"), InRoot("tmp/log"));
  ExpectRefused(InRoot("tmp"), InRoot("up/log"));
  ExpectRefused(InRoot("tmp"), InRoot("tmp/missing"));
}

TEST_F(RootCheckTest, RefusesWhatIsNoRoot) {
  MakeTree(root_path(), {File("file")});
  EXPECT_TRUE(absl::IsInvalidArgument(Validate({"/"})));
  EXPECT_TRUE(absl::IsInvalidArgument(Validate({InRoot("file")})));
}

TEST_F(RootCheckTest, FindsNothingWrongWithAGoodRoot) {
  MakeTree(root_path(), {Dir("7", {File("a")}), File("b")});
  EXPECT_THAT(CheckRoots({root_path()}, std::nullopt), IsEmpty());
  EXPECT_THAT(CheckRoots({}, std::nullopt), IsEmpty());
}

TEST_F(RootCheckTest, ReportsEachRootThatIsNone) {
  MakeTree(root_path(), {File("file")});
  const std::vector<Finding> findings =
      CheckRoots({InRoot("none"), InRoot("file"), "/"}, std::nullopt);
  ASSERT_EQ(findings.size(), 3u);
  EXPECT_EQ(findings[0].code, "root-missing");
  EXPECT_EQ(findings[0].level, Finding::Level::kWarning);
  EXPECT_EQ(findings[0].fix, "mkdir -p '" + InRoot("none").string() + "'");
  EXPECT_EQ(findings[1].code, "root-missing");
  EXPECT_EQ(findings[1].level, Finding::Level::kError);
  EXPECT_EQ(findings[2].code, "root-owner");
  EXPECT_EQ(findings[2].level, Finding::Level::kError);
}

TEST_F(RootCheckTest, ReportsARootThatMayNotBeWritten) {
  RETENTIOND_NEEDS_ROOT();
  const AsNobody nobody;
  ExpectOneFinding(Finding::Level::kError, "root-write",
                   "nothing can be removed");
}

TEST_F(RootCheckTest, WarnsOfADirectoryThatMayNotBeEmptied) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {Dir("7\n")});
  MakeWritable(root_path(), 0, 0777);
  const AsNobody nobody;
  ExpectOneFinding(Finding::Level::kWarning, "root-write",
                   "7\\x0a' cannot be removed: it is a directory");
}

TEST_F(RootCheckTest, WarnsOfForeignEntriesInAStickyDirectory) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {File("a")});
  MakeWritable(root_path(), 0, 01777);
  {
    const AsNobody nobody;
    ExpectOneFinding(Finding::Level::kWarning, "root-write", "sticky");
  }
  // Its owner may remove what is in it, and everybody what is his own.
  EXPECT_THAT(CheckRoots({root_path()}, std::nullopt), IsEmpty());
  MakeWritable(InRoot("a"), kNobody, 0644);
  const AsNobody nobody;
  EXPECT_THAT(CheckRoots({root_path()}, std::nullopt), IsEmpty());
}

TEST_F(RootCheckTest, ResolvesWhatIsMissingBehindAParentItMayNotRead) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {Dir("closed")});
  MakeWritable(InRoot("closed"), 0, 0700);
  const AsNobody nobody;
  EXPECT_TRUE(absl::IsPermissionDenied(Validate({InRoot("closed/tmp")})));
}

TEST_F(RootCheckTest, ReportsARootThatIsReadOnlyForTheService) {
  RETENTIOND_NEEDS_MOUNTS();
  const fs::path root = root_path();
  const char* path = root.c_str();
  ASSERT_EQ(::mount(path, path, nullptr, MS_BIND, nullptr), 0);
  ASSERT_EQ(::mount(nullptr, path, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY,
                    nullptr),
            0);
  ExpectOneFinding(Finding::Level::kError, "root-write", "read-only here");
  ASSERT_EQ(::umount(path), 0);
}

}  // namespace
}  // namespace retentiond
