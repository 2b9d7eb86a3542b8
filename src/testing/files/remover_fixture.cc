#include "testing/files/remover_fixture.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "files/name_pattern.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

Instant InstantOf(const statx_timestamp& stamp) {
  return Instant(std::chrono::seconds(stamp.tv_sec) +
                 Micros(stamp.tv_nsec / 1000));
}

}  // namespace

void RemoverTest::SetUp() {
  ScratchTest::SetUp();
  root_.emplace(OpenRoot());
  roots_.push_back(OpenRoot());
  shield_.emplace(roots_);
}

void RemoverTest::Shield(const std::vector<std::string>& relative) {
  shield_.emplace(roots_);
  for (const std::string& path : relative) {
    shield_->Add(InRoot(path).string(), {});
  }
  shield_->Seal();
}

Removal RemoverTest::Remove(const std::string& relative,
                            const TreeRemover::Options& options) {
  return TreeRemover(*root_, 0, *shield_, calls_).Remove(relative, options);
}

Removal RemoverTest::RemoveByTrash(const std::string& relative,
                                   TreeRemover::Options options) {
  fs::create_directory(InRoot(std::string(kTrashName)));
  options.trash = TreeRemover::UseTrash::kYes;
  return Remove(relative, options);
}

Removal RemoverTest::EmptyTrash(const TreeRemover::Options& options) {
  return TreeRemover(*root_, 0, *shield_, calls_).EmptyTrash(options);
}

void RemoverTest::ExpectNothingElse(const Removal& removal) {
  EXPECT_THAT(removal.errors, testing::IsEmpty());
  EXPECT_THAT(removal.kept, testing::IsEmpty());
  EXPECT_EQ(removal.shielded, 0);
  EXPECT_FALSE(removal.retry());
}

Instant RemoverTest::NewestStamp() const {
  Instant newest{};
  for (const std::string& path : Remaining()) {
    struct statx st = {};
    EXPECT_EQ(::statx(AT_FDCWD, InRoot(path).c_str(), AT_SYMLINK_NOFOLLOW,
                      STATX_BASIC_STATS | STATX_BTIME, &st),
              0);
    newest = std::max({newest, InstantOf(st.stx_mtime), InstantOf(st.stx_ctime),
                       InstantOf(st.stx_btime)});
  }
  return newest;
}

void RemoverTest::Bind(const fs::path& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.string().size(), sizeof address.sun_path);
  std::strcpy(address.sun_path, path.c_str());
  sockets_.emplace_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(sockets_.back().get(),
                   reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
}

void RemoverTest::GiveAway(const fs::path& path) {
  ASSERT_EQ(::lchown(path.c_str(), kNobody, kNobody), 0);
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    ASSERT_EQ(::lchown(entry.path().c_str(), kNobody, kNobody), 0);
  }
}

}  // namespace retentiond
