#include "run/state_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <fstream>

#include "testing/files/scratch.h"

namespace retentiond {
namespace {

class StateDirectoryTest : public ScratchTest {
 protected:
  StateDirectory Open(const std::string& id,
                      const std::string& database = "/farm.db") {
    absl::StatusOr<StateDirectory> directory =
        StateDirectory::Open(base(), id, database);
    EXPECT_TRUE(directory.ok()) << directory.status();
    return *std::move(directory);
  }

  // Below the root, since a scratch test watches the rest.
  std::filesystem::path base() const { return InRoot("state"); }
};

const Anchor kAnchor{.wall = InstantFromMicros(1'773'630'000'000'001),
                     .boot_id = "a-boot",
                     .boot_time = Micros(42)};

TEST_F(StateDirectoryTest, GivesBackTheAnchorItWasGiven) {
  ASSERT_TRUE(Open("one").WriteAnchor(kAnchor).ok());
  const absl::StatusOr<Anchor> anchor = Open("one").ReadAnchor();
  ASSERT_TRUE(anchor.ok()) << anchor.status();
  EXPECT_EQ(*anchor, kAnchor);
}

TEST_F(StateDirectoryTest, HasNoAnchorAtFirst) {
  EXPECT_EQ(Open("one").ReadAnchor().status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(StateDirectoryTest, SaysWhenTheAnchorCannotBeRead) {
  const StateDirectory directory = Open("one");
  for (const char* content :
       {"", "{", "[]", "{}", R"({"wall_us":"x","boot_time_us":1})",
        R"({"wall_us":1,"boot_time_us":1})",
        R"({"wall_us":1,"boot_time_us":1,"boot_id":7})"}) {
    std::ofstream(directory.path() / "anchor.json") << content;
    EXPECT_EQ(directory.ReadAnchor().status().code(),
              absl::StatusCode::kDataLoss)
        << content;
  }
}

TEST_F(StateDirectoryTest, KeepsNotes) {
  EXPECT_EQ(Open("one").ReadNote("seen-time"), std::nullopt);
  ASSERT_TRUE(Open("one").WriteNote("seen-time", "{}").ok());
  EXPECT_EQ(Open("one").ReadNote("seen-time"), "{}\n");
}

TEST_F(StateDirectoryTest, KeepsFarmsApart) {
  ASSERT_TRUE(Open("one").WriteAnchor(kAnchor).ok());
  EXPECT_FALSE(Open("two", "/other.db").ReadAnchor().ok());
  EXPECT_FALSE(Open("two", "/other.db").state_was_lost());
}

TEST_F(StateDirectoryTest, NoticesThatADatabaseLostItsState) {
  EXPECT_FALSE(Open("one").state_was_lost());
  EXPECT_FALSE(Open("one").state_was_lost());
  StateDirectory second = Open("two");
  EXPECT_TRUE(second.state_was_lost());
  ASSERT_TRUE(second.ForgetLostState().ok());
  EXPECT_FALSE(second.state_was_lost());
  EXPECT_FALSE(Open("two").state_was_lost());
}

TEST_F(StateDirectoryTest, ReportsADirectoryThatCannotBeMade) {
  std::ofstream(base()) << "a file";
  const auto directory = StateDirectory::Open(base(), "one", "/farm.db");
  EXPECT_FALSE(directory.ok());
  EXPECT_THAT(std::string(directory.status().message()),
              ::testing::HasSubstr("state directory"));
}

TEST_F(StateDirectoryTest, ReportsAnAnchorThatCannotBeWritten) {
  const StateDirectory directory = Open("one");
  std::filesystem::create_directory(directory.path() / "anchor.json.new");
  EXPECT_FALSE(directory.WriteAnchor(kAnchor).ok());
  std::filesystem::remove(directory.path() / "anchor.json.new");
  std::filesystem::create_directory(directory.path() / "anchor.json");
  EXPECT_FALSE(directory.WriteAnchor(kAnchor).ok());
}

TEST_F(StateDirectoryTest, ReportsADiskThatIsFull) {
  const StateDirectory directory = Open("one");
  // A file may have no size: every write fails.
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  const struct rlimit none { 0, before.rlim_max };
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  const absl::Status written = directory.WriteAnchor(kAnchor);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  EXPECT_THAT(std::string(written.message()), ::testing::HasSubstr("write"));
}

TEST_F(StateDirectoryTest, ReportsALostFolderThatCannotBeForgotten) {
  Open("one");
  StateDirectory second = Open("two");
  std::filesystem::remove(base() / "one" / "database");
  std::filesystem::create_directory(base() / "one" / "database");
  EXPECT_FALSE(second.ForgetLostState().ok());
  EXPECT_TRUE(second.state_was_lost());
}

}  // namespace
}  // namespace retentiond
