#include "base/whole_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "base/status.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

class WholeFileTest : public testing::Test {
 protected:
  WholeFileTest() {
    std::string name = testing::TempDir() + "whole_file_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~WholeFileTest() override { fs::remove_all(directory_); }

  static std::string Content(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }

  fs::path directory_;
};

TEST_F(WholeFileTest, MakesTheFileAndReplacesItLeavingNothingElse) {
  const fs::path file = directory_ / "note";
  for (const std::string content : {"first\n", "", "a longer second\n"}) {
    ASSERT_TRUE(WriteWholeFile(file, content, 0640).ok());
    EXPECT_EQ(Content(file), content);
  }
  EXPECT_EQ(fs::status(file).permissions() & fs::perms::others_all,
            fs::perms::none);
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_),
                          fs::directory_iterator()),
            1);
}

TEST_F(WholeFileTest, NamesThePathThatItCannotWrite) {
  const absl::Status missing =
      WriteWholeFile(directory_ / "none" / "note", "x", 0600);
  EXPECT_NE(MessageOf(missing).find("none/note.new"), std::string::npos);
  fs::create_directories(directory_ / "taken" / "inside");
  const absl::Status taken = WriteWholeFile(directory_ / "taken", "x", 0600);
  EXPECT_FALSE(taken.ok());
  EXPECT_NE(MessageOf(taken).find("rename"), std::string::npos);
  EXPECT_TRUE(fs::is_directory(directory_ / "taken"));
}

TEST_F(WholeFileTest, SaysThatTheDiskIsFullAndKeepsTheOldContent) {
  const fs::path file = directory_ / "note";
  fs::create_symlink("/dev/full", file.string() + ".new");
  std::ofstream(file) << "old";
  const absl::Status full = WriteWholeFile(file, "new", 0600);
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted) << full;
  EXPECT_EQ(Content(file), "old");
}

}  // namespace
}  // namespace retentiond
