#include "base/scratch_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace retentiond {
namespace {

// TMPDIR while it lives.
class TemporaryDirectorySetting {
 public:
  explicit TemporaryDirectorySetting(const std::string& directory) {
    setenv("TMPDIR", directory.c_str(), 1);
  }
  TemporaryDirectorySetting(const TemporaryDirectorySetting&) = delete;
  TemporaryDirectorySetting& operator=(const TemporaryDirectorySetting&) =
      delete;
  ~TemporaryDirectorySetting() { unsetenv("TMPDIR"); }
};

TEST(ScratchFileTest, CanBeWrittenAndReadAndHasNoName) {
  const UniqueFd file = OpenScratchFile().value();
  EXPECT_EQ(pwrite(file.get(), "abc", 3, 5), 3);
  char byte = 0;
  EXPECT_EQ(pread(file.get(), &byte, 1, 7), 1);
  EXPECT_EQ(byte, 'c');
  struct stat status {};
  ASSERT_EQ(fstat(file.get(), &status), 0);
  EXPECT_EQ(status.st_nlink, 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST(ScratchFileTest, LiesOnTheFileSystemOfTheConfiguredDirectory) {
  const TemporaryDirectorySetting setting("/dev/shm");
  const UniqueFd file = OpenScratchFile().value();
  struct stat here {};
  struct stat there {};
  ASSERT_EQ(fstat(file.get(), &here), 0);
  ASSERT_EQ(stat("/dev/shm", &there), 0);
  EXPECT_EQ(here.st_dev, there.st_dev);
}

TEST(ScratchFileTest, GoesElsewhereWhereTheConfiguredDirectoryTakesNone) {
  const TemporaryDirectorySetting setting("/dev/null/none");
  EXPECT_TRUE(OpenScratchFile().ok());
}

}  // namespace
}  // namespace retentiond
