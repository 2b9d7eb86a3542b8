// Somebody who swaps directories for links as fast as he can, while we remove.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "files/tree_remover.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

using TreeRemoverSwapTest = RemoverTest;

constexpr int kRounds = 100'000;

// Exchanges the two names until it has done so often enough; a name that is
// gone is made again as a link to the outside.
class Swapper {
 public:
  Swapper(fs::path one, fs::path other, fs::path target)
      : one_(std::move(one)),
        other_(std::move(other)),
        target_(std::move(target)),
        thread_([this] { Run(); }) {}
  ~Swapper() { thread_.join(); }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;
  bool done() const { return done_; }

 private:
  void Run() {
    for (int round = 0; round < kRounds; ++round) {
      if (::renameat2(AT_FDCWD, one_.c_str(), AT_FDCWD, other_.c_str(),
                      RENAME_EXCHANGE) != 0) {
        (void)!::symlink(target_.c_str(), other_.c_str());
      }
    }
    done_ = true;
  }

  const fs::path one_, other_, target_;
  std::atomic<bool> done_{false};
  std::thread thread_;
};

// Makes `name` with a directory "keep" in it, unless it is a link just now.
void MakeUnlessLink(const fs::path& name) {
  (void)!::mkdir(name.c_str(), 0755);
  const UniqueFd fd(::open(name.c_str(), O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (fd.valid()) (void)!::mkdirat(fd.get(), "keep", 0755);
}

TEST_F(TreeRemoverSwapTest, FollowsNoLinkOfASubdirectoryIn100000Swaps) {
  MakeTree(root_path(), {Dir("links")});
  fs::create_symlink(outside(), InRoot("links/link"));
  Swapper swapper(InRoot("7/a"), InRoot("links/link"), outside());
  std::int64_t removed = 0;
  while (!swapper.done()) {
    (void)!::mkdir(InRoot("7").c_str(), 0755);
    MakeUnlessLink(InRoot("7/a"));
    removed += RemoveByTrash("7").directories;
  }
  EXPECT_GT(removed, 0);
  // TearDown compares all that lies outside the root.
}

TEST_F(TreeRemoverSwapTest, FollowsNoLinkOfTheJobsDirectoryIn100000Swaps) {
  fs::create_directory(InRoot(".retentiond-trash"));
  fs::create_symlink(outside(), InRoot("link"));
  Swapper swapper(InRoot("7"), InRoot("link"), outside());
  std::int64_t removed = 0;
  while (!swapper.done()) {
    MakeUnlessLink(InRoot("7"));
    const Removal removal = RemoveByTrash("7");
    removed += removal.directories + removal.files;
  }
  EXPECT_GT(removed, 0);
}

}  // namespace
}  // namespace retentiond
