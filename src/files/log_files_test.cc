#include "files/log_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/status.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST(FilesOfCompanionTest, KnowsRotatedAndCompressedFiles) {
  EXPECT_THAT(FilesOfCompanion("7.log.1"), ElementsAre("7.log"));
  EXPECT_THAT(FilesOfCompanion("7.log.gz"), ElementsAre("7.log"));
  EXPECT_THAT(FilesOfCompanion("7.log.1.gz"), ElementsAre("7.log.1", "7.log"));
  EXPECT_THAT(FilesOfCompanion("a/7.log.9999.zst"),
              ElementsAre("a/7.log.9999", "a/7.log"));
  EXPECT_THAT(FilesOfCompanion("7.log-20260316"), ElementsAre("7.log"));
  EXPECT_THAT(FilesOfCompanion("7.log-2026031603.xz"),
              ElementsAre("7.log-2026031603", "7.log"));
  EXPECT_THAT(FilesOfCompanion("7.log.20260316"), ElementsAre("7.log"));
  EXPECT_THAT(FilesOfCompanion("7.log.old"), ElementsAre("7.log"));
}

TEST(FilesOfCompanionTest, TakesOtherNamesForFilesOfTheirOwn) {
  for (const char* name :
       {"7.log", "7.log.", "7.log.12345", "7.log-1", "7.log-2026", "17",
        "x.gzip", "", "7.log.123456789012345", ".gz", "a/.gz"}) {
    EXPECT_THAT(FilesOfCompanion(name), IsEmpty()) << name;
  }
}

class VisitFilesTest : public RemoverTest {
 protected:
  std::vector<std::string> Visit(std::size_t depth) {
    std::vector<std::string> paths;
    EXPECT_TRUE(VisitFiles(*root_, depth, calls_, [&](const std::string& path) {
                  paths.push_back(path);
                  return absl::OkStatus();
                }).ok());
    return paths;
  }
};

TEST_F(VisitFilesTest, ShowsTheFilesDownToADepth) {
  MakeTree(root_path(), {File("a"), Link("l", outside().string()), Fifo("f"),
                         Dir("d", {File("b"), Dir("e", {File("c")})}),
                         Dir(".retentiond-trash", {File("id")})});
  EXPECT_THAT(Visit(0), UnorderedElementsAre("a", "f", "l"));
  EXPECT_THAT(Visit(1), UnorderedElementsAre("a", "f", "l", "d/b"));
  EXPECT_THAT(Visit(2), UnorderedElementsAre("a", "f", "l", "d/b", "d/e/c"));
}

TEST_F(VisitFilesTest, PassesOverWhatItCannotRead) {
  MakeTree(root_path(), {File("a"), Dir("d", {File("b")})});
  calls_ = ScriptedCalls([](const FileCall& call) {
    return call.function == "open" && call.name == "d" ? EACCES : 0;
  });
  EXPECT_THAT(Visit(1), ElementsAre("a"));
  int lists = 0;
  calls_ = ScriptedCalls([&](const FileCall& call) {
    return call.function == "list" && ++lists == 2 ? EIO : 0;
  });
  EXPECT_THAT(Visit(1), ElementsAre("a"));
}

TEST_F(VisitFilesTest, SaysWhenItCannotReadTheRootOrIsStopped) {
  MakeTree(root_path(), {File("a")});
  const auto visit = [](const std::string&) {
    return absl::CancelledError("enough");
  };
  EXPECT_TRUE(absl::IsCancelled(VisitFiles(*root_, 0, calls_, visit)));
  for (const char* function : {"open", "list"}) {
    calls_ = ScriptedCalls([=](const FileCall& call) {
      return call.function == function ? EIO : 0;
    });
    EXPECT_EQ(ErrnoOf(VisitFiles(*root_, 0, calls_, visit)), EIO) << function;
  }
}

}  // namespace
}  // namespace retentiond
