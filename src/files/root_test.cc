#include "files/root.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/status.h"
#include "testing/files/scratch.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RootTest : public ScratchTest {
 protected:
  void ExpectRefused(const fs::path& path, absl::StatusCode code,
                     const std::string& code_of_finding,
                     const std::string& reason) {
    Finding problem;
    const absl::StatusOr<Root> root = Root::Open(path, std::nullopt, &problem);
    EXPECT_EQ(root.status().code(), code) << path << root.status();
    EXPECT_THAT(MessageOf(root.status()), HasSubstr(reason)) << path;
    EXPECT_EQ(problem.code, code_of_finding) << path;
    EXPECT_EQ(problem.message, MessageOf(root.status()));
    // Without a place for the finding, the same.
    EXPECT_EQ(Root::Open(path, std::nullopt).status(), root.status());
  }
};

TEST_F(RootTest, IsPinnedWithItsIdentity) {
  const Root root = OpenRoot();
  struct stat st = {};
  ASSERT_EQ(::fstat(root.fd(), &st), 0);
  EXPECT_EQ(root.identity().inode, st.st_ino);
  EXPECT_EQ(root.identity().device, st.st_dev);
  EXPECT_EQ(root.identity(), OpenRoot().identity());
  EXPECT_EQ(root.path(), root_path());
  EXPECT_EQ(root.real_path(), root_path());
}

TEST_F(RootTest, MayBeWrittenWithSlashesToSpare) {
  const auto root = Root::Open(root_path().string() + "//./", std::nullopt);
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->path(), root_path());
}

TEST_F(RootTest, MayHaveLinksAboveIt) {
  MakeTree(root_path(), {Dir("real", {Dir("tmp")}), Link("link", "real")});
  const auto root = Root::Open(InRoot("link/tmp"), std::nullopt);
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(root->path(), InRoot("link/tmp"));
  EXPECT_EQ(root->real_path(), InRoot("real/tmp"));
}

TEST_F(RootTest, IsNoMissingDirectory) {
  ExpectRefused(InRoot("none"), absl::StatusCode::kNotFound, "root-missing",
                "No such file");
}

TEST_F(RootTest, IsNoLink) {
  MakeTree(root_path(), {Link("link", outside().string())});
  ExpectRefused(InRoot("link"), absl::StatusCode::kInvalidArgument,
                "root-missing", "is a symbolic link");
  ExpectRefused(InRoot("link/"), absl::StatusCode::kInvalidArgument,
                "root-missing", "is a symbolic link");
}

TEST_F(RootTest, IsNoFile) {
  MakeTree(root_path(), {File("file")});
  ExpectRefused(InRoot("file"), absl::StatusCode::kInvalidArgument,
                "root-missing", "is not a directory");
}

TEST_F(RootTest, IsNotTheTopOfTheFileSystem) {
  ExpectRefused("/", absl::StatusCode::kInvalidArgument, "root-owner",
                "top of the file system");
  ExpectRefused("//.", absl::StatusCode::kInvalidArgument, "root-owner",
                "top of the file system");
}

TEST_F(RootTest, IsWrittenOut) {
  for (const fs::path path : {"", "tmp/x", "/tmp/../etc", "/tmp/.."}) {
    ExpectRefused(path, absl::StatusCode::kInvalidArgument, "root-missing",
                  "is not an absolute path without '..'");
  }
}

TEST_F(RootTest, BelongsToRootOrUsOrTheOwner) {
  RETENTIOND_NEEDS_ROOT();
  constexpr uid_t kRender = 12345;
  ASSERT_EQ(::chown(root_path().c_str(), kRender, kRender), 0);
  ExpectRefused(root_path(), absl::StatusCode::kInvalidArgument, "root-owner",
                "belongs to user 12345");
  EXPECT_TRUE(Root::Open(root_path(), kRender).ok());
  EXPECT_FALSE(Root::Open(root_path(), kRender + 1).ok());
  ASSERT_EQ(::chown(root_path().c_str(), kNobody, kNobody), 0);
  const AsNobody nobody;
  EXPECT_TRUE(Root::Open(root_path(), std::nullopt).ok());
}

TEST_F(RootTest, MustBeReadable) {
  RETENTIOND_NEEDS_ROOT();
  ASSERT_EQ(::chmod(root_path().c_str(), 0700), 0);
  const AsNobody nobody;
  ExpectRefused(root_path(), absl::StatusCode::kPermissionDenied, "root-write",
                "Permission denied");
}

TEST_F(RootTest, IsNotOnAPrivateMount) {
  RETENTIOND_NEEDS_MOUNTS();
  MakeTree(root_path(), {Dir("systemd-private-1", {Dir("tmp")}), Dir("tmp")});
  ASSERT_EQ(::mount(InRoot("systemd-private-1/tmp").c_str(),
                    InRoot("tmp").c_str(), nullptr, MS_BIND, nullptr),
            0);
  ExpectRefused(InRoot("tmp"), absl::StatusCode::kInvalidArgument,
                "root-private", "PrivateTmp=no");
  // A fresh /tmp of the service's own lacks the farm's directory.
  for (const char* missing : {"tmp/nexrender", "tmp/a/b/c"}) {
    ExpectRefused(InRoot(missing), absl::StatusCode::kInvalidArgument,
                  "root-private", "PrivateTmp=no");
  }
  ASSERT_EQ(::umount(InRoot("tmp").c_str()), 0);
  ExpectRefused(InRoot("tmp/nexrender"), absl::StatusCode::kNotFound,
                "root-missing", "No such file");
}

TEST_F(RootTest, IsNotTheTopOfTheFileSystemByAnotherName) {
  RETENTIOND_NEEDS_MOUNTS();
  MakeTree(root_path(), {Dir("top")});
  ASSERT_EQ(::mount("/", InRoot("top").c_str(), nullptr, MS_BIND, nullptr), 0);
  ExpectRefused(InRoot("top"), absl::StatusCode::kInvalidArgument, "root-owner",
                "top of the file system");
  ASSERT_EQ(::umount(InRoot("top").c_str()), 0);
}

TEST(LookUpUserTest, FindsUsersByName) {
  const absl::StatusOr<uid_t> root = LookUpUser("root");
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_EQ(*root, 0u);
  const absl::Status status = LookUpUser("no such\nuser").status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(MessageOf(status), HasSubstr("'no such\\x0auser'"));
}

TEST_F(RootTest, BelievesNoInodesOfAFileSystemThatItDoesNotKnow) {
  const absl::StatusOr<Root> root = Root::Open("/proc/sys", std::nullopt);
  ASSERT_TRUE(root.ok()) << root.status();
  EXPECT_FALSE(root->lists_true_inodes());
}

}  // namespace
}  // namespace retentiond
