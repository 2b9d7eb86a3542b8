#include "demo/scratch_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <utility>

namespace retentiond {
namespace {

TEST(ScratchDirectoryTest, GoesWithAllThatIsInIt) {
  std::filesystem::path path;
  {
    const ScratchDirectory scratch = *ScratchDirectory::Make();
    path = scratch.path();
    std::filesystem::create_directories(path / "a/b");
    std::ofstream(path / "a/b/file") << "x";
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ScratchDirectoryTest, StaysWhenItIsKept) {
  std::filesystem::path path;
  {
    ScratchDirectory scratch = *ScratchDirectory::Make();
    path = scratch.Keep();
  }
  EXPECT_TRUE(std::filesystem::remove(path));
}

TEST(ScratchDirectoryTest, LeavesALinkedDirectoryAlone) {
  const ScratchDirectory outside = *ScratchDirectory::Make();
  std::ofstream(outside.path() / "file") << "x";
  {
    const ScratchDirectory scratch = *ScratchDirectory::Make();
    std::filesystem::create_directory_symlink(outside.path(),
                                              scratch.path() / "link");
  }
  EXPECT_TRUE(std::filesystem::exists(outside.path() / "file"));
}

TEST(ScratchDirectoryTest, SaysWhereItCouldNotBeMade) {
  const char* const before = getenv("TMPDIR");
  const std::string kept = before == nullptr ? "" : before;
  setenv("TMPDIR", "/no/such/directory", 1);
  EXPECT_FALSE(ScratchDirectory::Make().ok());
  setenv("TMPDIR", "/proc", 1);
  EXPECT_FALSE(ScratchDirectory::Make().ok());
  if (before == nullptr) {
    unsetenv("TMPDIR");
  } else {
    setenv("TMPDIR", kept.c_str(), 1);
  }
}

}  // namespace
}  // namespace retentiond
