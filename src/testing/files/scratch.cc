#include "testing/files/scratch.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace retentiond {

namespace fs = std::filesystem;

void ScratchTest::SetUp() {
  std::string name = testing::TempDir() + "retentiond-files-XXXXXX";
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  scratch_ = fs::canonical(name);
  // Another user must get in, for the tests of what it may not do.
  fs::permissions(scratch_, fs::perms(0755));
  MakeTree(scratch_, {Dir("root"), Dir("outside", {File("keep.txt", "keep"),
                                                   Dir("deep", {File("x")})})});
  RememberOutside();
}

void ScratchTest::TearDown() {
  EXPECT_EQ(TakeSnapshot(scratch_, root_path()), before_)
      << "something outside the root has changed";
  fs::remove_all(scratch_);
}

void ScratchTest::RememberOutside() {
  before_ = TakeSnapshot(scratch_, root_path());
}

Root ScratchTest::OpenRoot() const {
  absl::StatusOr<Root> root = Root::Open(root_path(), std::nullopt);
  EXPECT_TRUE(root.ok()) << root.status();
  return *std::move(root);
}

AsNobody::AsNobody() {
  EXPECT_EQ(::setegid(kNobody), 0);
  EXPECT_EQ(::seteuid(kNobody), 0);
}

AsNobody::~AsNobody() {
  EXPECT_EQ(::seteuid(0), 0);
  EXPECT_EQ(::setegid(0), 0);
}

bool IsSuperuser() { return ::geteuid() == 0; }

bool EnterPrivateMounts() {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace retentiond
