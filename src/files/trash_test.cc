#include "files/trash.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <utility>

#include "base/status.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

constexpr char kTrash[] = ".retentiond-trash";

class TrashTest : public RemoverTest {
 protected:
  absl::StatusOr<Trash> Open(Trash::Mode mode = Trash::Mode::kMake) {
    return Trash::Open(*root_, calls_, mode);
  }
  void WriteId(const std::string& text) {
    std::ofstream(InRoot(".retentiond-trash/id")) << text;
  }
};

TEST_F(TrashTest, NamesTheRootOnceAndForAll) {
  const absl::StatusOr<Trash> trash = Open();
  ASSERT_TRUE(trash.ok()) << trash.status();
  EXPECT_THAT(trash->id(), SizeIs(32));
  EXPECT_EQ(Open()->id(), trash->id());
  EXPECT_EQ(Open(Trash::Mode::kLook)->id(), trash->id());
  struct stat st = {};
  ASSERT_EQ(::stat(InRoot(kTrash).c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0700U);
  EXPECT_THAT(Remaining(), ElementsAre(kTrash, ".retentiond-trash/id"));
}

TEST_F(TrashTest, GivesEachRootAnotherId) {
  const std::string first = Open()->id();
  fs::remove_all(InRoot(kTrash));
  EXPECT_NE(Open()->id(), first);
}

TEST_F(TrashTest, MakesNothingWhenItOnlyLooks) {
  EXPECT_TRUE(absl::IsNotFound(Open(Trash::Mode::kLook).status()));
  EXPECT_TRUE(Remaining().empty());
  MakeTree(root_path(), {Dir(kTrash)});
  EXPECT_TRUE(absl::IsNotFound(Open(Trash::Mode::kLook).status()));
}

TEST_F(TrashTest, TakesTheIdOfAFasterDaemon) {
  MakeTree(root_path(), {Dir(kTrash)});
  calls_ = ScriptedCalls([&](const FileCall& call) {
    if (call.function == "rename") WriteId(std::string(32, 'a') + "\n");
    return 0;
  });
  EXPECT_EQ(Open()->id(), std::string(32, 'a'));
}

TEST_F(TrashTest, WritesTheIdAnewAfterACrash) {
  MakeTree(root_path(), {Dir(kTrash, {File("id.new", "half")})});
  EXPECT_TRUE(Open().ok());
}

TEST_F(TrashTest, RefusesWhatIsNoId) {
  MakeTree(root_path(), {Dir(kTrash)});
  for (const std::string& text :
       {std::string(), std::string(31, 'a') + "\n", std::string(33, 'a') + "\n",
        std::string(31, 'a') + "g\n", std::string(31, 'a') + "A\n"}) {
    WriteId(text);
    const absl::Status status = Open().status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_THAT(MessageOf(status), HasSubstr("no root's id"));
  }
}

TEST_F(TrashTest, RefusesATrashThatIsNoDirectoryOfItsOwn) {
  MakeTree(root_path(), {Link(kTrash, outside().string())});
  EXPECT_FALSE(Open().ok());
  fs::remove(InRoot(kTrash));
  MakeTree(root_path(), {File(kTrash)});
  EXPECT_FALSE(Open().ok());
  fs::remove(InRoot(kTrash));
  MakeTree(root_path(), {Dir(kTrash)});
  fs::permissions(InRoot(kTrash), fs::perms(0777));
  EXPECT_TRUE(absl::IsInvalidArgument(Open().status()));
}

TEST_F(TrashTest, RefusesATrashOfAnotherUser) {
  RETENTIOND_NEEDS_ROOT();
  MakeTree(root_path(), {Dir(kTrash)});
  GiveAway(InRoot(kTrash));
  EXPECT_TRUE(absl::IsInvalidArgument(Open().status()));
}

TEST_F(TrashTest, FollowsNoLinkAndWaitsForNoFifoInPlaceOfTheId) {
  MakeTree(root_path(),
           {Dir(kTrash, {Link("id", (outside() / "keep.txt").string())})});
  EXPECT_FALSE(Open().ok());
  fs::remove(InRoot(".retentiond-trash/id"));
  MakeTree(InRoot(kTrash), {Fifo("id")});
  EXPECT_FALSE(Open().ok());
}

TEST_F(TrashTest, SaysWhenItCannotBeMade) {
  RETENTIOND_NEEDS_ROOT();
  {
    const AsNobody nobody;
    EXPECT_TRUE(absl::IsPermissionDenied(Open().status()));
  }
  calls_ = ScriptedCalls(
      [](const FileCall& call) { return call.function == "rename" ? EIO : 0; });
  EXPECT_FALSE(Open().ok());
}

TEST_F(TrashTest, LetsOneProcessWorkOnTheRootAtATime) {
  absl::StatusOr<Trash> first = Open();
  ASSERT_TRUE(first->Lock(calls_).ok());
  absl::StatusOr<Trash> second = Open();
  EXPECT_TRUE(absl::IsAborted(second->Lock(calls_)));
  first = absl::CancelledError();
  EXPECT_TRUE(second->Lock(calls_).ok());
  calls_ = ScriptedCalls(
      [](const FileCall& call) { return call.function == "lock" ? EIO : 0; });
  EXPECT_EQ(ErrnoOf(second->Lock(calls_)), EIO);
}

TEST_F(TrashTest, KnowsItsOwnFiles) {
  EXPECT_TRUE(IsTrashsOwn("id"));
  EXPECT_TRUE(IsTrashsOwn("id.new"));
  EXPECT_FALSE(IsTrashsOwn("id2"));
}

}  // namespace
}  // namespace retentiond
