#include "files/orphan_scan.h"

#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <utime.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "testing/files/remover_fixture.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class OrphanScanTest : public RemoverTest {
 protected:
  absl::StatusOr<OrphanScan> TryScan(Instant cutoff) {
    candidates_.clear();
    return ScanForOrphans(*root_, cutoff, calls_, [&](const std::string& name) {
      candidates_.push_back(name);
      return absl::OkStatus();
    });
  }
  OrphanScan Scan(Instant cutoff) {
    absl::StatusOr<OrphanScan> scan = TryScan(cutoff);
    EXPECT_TRUE(scan.ok()) << scan.status();
    return *std::move(scan);
  }
  // After everything in the root.
  Instant Later() { return NewestStamp() + Micros(1); }
  void Fail(const std::string& function, const std::string& name, int error) {
    calls_ = ScriptedCalls([=](const FileCall& call) {
      return call.function == function && call.name == name ? error : 0;
    });
  }

  std::vector<std::string> candidates_;
};

TEST_F(OrphanScanTest, FindsNothingInAnEmptyRoot) {
  const OrphanScan scan = Scan(Instant());
  EXPECT_EQ(scan.old_entries + scan.young_entries, 0);
  EXPECT_THAT(scan.errors, IsEmpty());
  EXPECT_THAT(candidates_, IsEmpty());
}

TEST_F(OrphanScanTest, NamesEachEntryThatIsOldAsAWhole) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("b")}), File("c")}),
                         File("8.json"), Link("9", "/etc"), Dir("empty")});
  const OrphanScan scan = Scan(Later());
  EXPECT_EQ(scan.old_entries, 4);
  EXPECT_EQ(scan.young_entries, 0);
  EXPECT_THAT(candidates_, UnorderedElementsAre("7", "8.json", "9", "empty"));
}

TEST_F(OrphanScanTest, TakesAStampAtTheCutoffForYoung) {
  MakeTree(root_path(), {Dir("7", {Dir("a", {File("b")})})});
  const Instant newest = NewestStamp();
  EXPECT_EQ(Scan(newest - Micros(1)).young_entries, 1);
  const OrphanScan at = Scan(newest);
  EXPECT_EQ(at.young_entries, 1);
  EXPECT_THAT(at.young_names, ElementsAre("7"));
  EXPECT_THAT(candidates_, IsEmpty());
  EXPECT_EQ(Scan(newest + Micros(1)).old_entries, 1);
  EXPECT_THAT(candidates_, ElementsAre("7"));
}

TEST_F(OrphanScanTest, BelievesNoStampThatWasSetBack) {
  MakeTree(root_path(), {File("unpacked")});
  const Instant before = NewestStamp();
  const utimbuf in_1999 = {915148800, 915148800};
  ASSERT_EQ(::utime(InRoot("unpacked").c_str(), &in_1999), 0);
  EXPECT_EQ(Scan(before).young_entries, 1);
}

TEST_F(OrphanScanTest, TakesAStampInTheFutureForYoung) {
  MakeTree(root_path(), {Dir("7", {File("a")})});
  const Instant later = Later();
  const utimbuf in_2100 = {4102444800, 4102444800};
  ASSERT_EQ(::utime(InRoot("7/a").c_str(), &in_2100), 0);
  EXPECT_EQ(Scan(later + std::chrono::hours(1)).young_entries, 1);
}

TEST_F(OrphanScanTest, TakesTheTrashAndTheFileSystemsOwnForNoEntries) {
  MakeTree(root_path(), {Dir(".retentiond-trash", {File("a")}),
                         Dir("lost+found"), File("aquota.user")});
  const OrphanScan scan = Scan(Later());
  EXPECT_EQ(scan.old_entries + scan.young_entries, 0);
  EXPECT_THAT(scan.errors, IsEmpty());
}

TEST_F(OrphanScanTest, ListsNoMoreYoungNamesThanItMay) {
  MakeFiles(root_path(), 1001);
  const OrphanScan scan = Scan(Instant());
  EXPECT_EQ(scan.young_entries, 1001);
  EXPECT_THAT(scan.young_names, SizeIs(1000));
}

TEST_F(OrphanScanTest, GoesOnWhereItWasAfterItLookedIntoAnEntry) {
  // More than one buffer of names; the directories are anywhere among them.
  constexpr int kEntries = 1500;
  MakeFiles(root_path(), kEntries);
  MakeTree(root_path(), {Dir("a", {Dir("b")}), Dir("c", {File("d")})});
  EXPECT_EQ(Scan(Later()).old_entries, kEntries + 2);
  EXPECT_THAT(candidates_, SizeIs(kEntries + 2));
}

TEST_F(OrphanScanTest, KeepsANameThatNoRootCanHave) {
  // Some file systems take names that are longer than the limit of this one.
  class LongName : public FileCalls {
    ssize_t GetDents(int, void* buffer, std::size_t) override {
      if (std::exchange(done_, true)) return 0;
      constexpr std::size_t kLength = 300;
      auto* entry = static_cast<dirent64*>(buffer);
      *entry = {};
      entry->d_reclen = offsetof(dirent64, d_name) + kLength + 1;
      std::memset(static_cast<char*>(buffer) + offsetof(dirent64, d_name), 'a',
                  kLength);
      static_cast<char*>(buffer)[entry->d_reclen - 1] = '\0';
      return entry->d_reclen;
    }
    bool done_ = false;
  };
  LongName calls;
  const absl::StatusOr<OrphanScan> scan =
      ScanForOrphans(*root_, Later(), calls, [](const std::string&) {
        return absl::InternalError("no candidate was expected");
      });
  ASSERT_TRUE(scan.ok()) << scan.status();
  EXPECT_EQ(scan->old_entries + scan->young_entries, 0);
  EXPECT_THAT(scan->errors, ElementsAre(HasSubstr("is no name")));
}

TEST_F(OrphanScanTest, StopsWhenTheCandidateIsRefused) {
  MakeTree(root_path(), {File("7"), File("8")});
  int asked = 0;
  const absl::Status status =
      ScanForOrphans(*root_, Later(), calls_, [&](const std::string&) {
        ++asked;
        return absl::UnavailableError("no database");
      }).status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_EQ(asked, 1);
}

TEST_F(OrphanScanTest, KeepsWhatItCannotReadAndGoesOn) {
  MakeTree(root_path(),
           {Dir("7", {Dir("a\n", {File("b")})}), Dir("8", {File("c")})});
  const Instant later = Later();
  Fail("open", "a\n", EACCES);
  OrphanScan scan = Scan(later);
  EXPECT_THAT(scan.errors,
              ElementsAre("open '7/a\\x0a': Permission denied, keeping it"));
  EXPECT_THAT(candidates_, ElementsAre("8"));
  Fail("stat", "b", EIO);
  scan = Scan(later);
  EXPECT_THAT(scan.errors, ElementsAre(HasSubstr("examine '7/a\\x0a/b'")));
  EXPECT_THAT(candidates_, ElementsAre("8"));
}

TEST_F(OrphanScanTest, LetsEntriesVanish) {
  MakeTree(root_path(), {Dir("7", {Dir("a"), File("b")}), File("8")});
  const Instant later = Later();
  for (const auto& [function, name, old] :
       {std::tuple{"stat", "8", 1}, {"stat", "b", 2}, {"open", "a", 2}}) {
    Fail(function, name, ENOENT);
    const OrphanScan scan = Scan(later);
    EXPECT_EQ(scan.old_entries, old) << function << " " << name;
    EXPECT_THAT(scan.errors, IsEmpty());
  }
}

TEST_F(OrphanScanTest, FailsWhenTheRootCannotBeRead) {
  MakeTree(root_path(), {File("7")});
  const Instant later = Later();
  Fail("list", "", EIO);
  EXPECT_EQ(ErrnoOf(TryScan(later).status()), EIO);
  Fail("open", ".", EACCES);
  EXPECT_EQ(ErrnoOf(TryScan(later).status()), EACCES);
}

TEST_F(OrphanScanTest, FailsWhenTheRootWasReplaced) {
  MakeTree(root_path(), {File("7")});
  const Instant later = Later();
  fs::rename(root_path(), scratch() / "was");
  fs::create_directory(root_path());
  RememberOutside();
  EXPECT_TRUE(absl::IsFailedPrecondition(TryScan(later).status()));
  EXPECT_THAT(candidates_, IsEmpty());
}

// Each call fails once; nothing that is young or unread becomes a candidate.
TEST_F(OrphanScanTest, SurvivesTheFailureOfAnyCall) {
  std::string deep = "7";
  for (int i = 0; i < 15; ++i) deep += "/d";
  MakeTree(InRoot(deep), {File("a")});
  MakeTree(root_path(), {Dir("8", {File("b")})});
  const Instant later = Later();
  bool failed = true;
  for (int n = 1; failed; ++n) {
    failed = false;
    calls_ = ScriptedCalls([&](const FileCall& call) {
      failed = failed || call.number == n;
      return call.number == n ? EIO : 0;
    });
    const absl::StatusOr<OrphanScan> scan = TryScan(later);
    if (!failed) {
      EXPECT_THAT(candidates_, UnorderedElementsAre("7", "8"));
    } else if (scan.ok()) {
      EXPECT_THAT(scan->errors, SizeIs(1)) << n;
      EXPECT_THAT(candidates_, SizeIs(1)) << n;
    }
  }
}

TEST_F(OrphanScanTest, PassesOverMountPoints) {
  RETENTIOND_NEEDS_MOUNTS();
  root_.emplace(OpenRoot());  // its identity is that of its mount here
  MakeTree(root_path(),
           {Dir("mnt"), Dir("7", {Dir("mnt")}), Dir("8", {File("a")})});
  const Instant later = Later();
  for (const char* name : {"mnt", "7/mnt"}) {
    ASSERT_EQ(::mount(outside().c_str(), InRoot(name).c_str(), nullptr, MS_BIND,
                      nullptr),
              0);
  }
  const OrphanScan scan = Scan(later);
  EXPECT_THAT(candidates_, ElementsAre("8"));
  EXPECT_EQ(scan.young_entries, 0);
  EXPECT_THAT(scan.errors, IsEmpty());
  for (const char* name : {"mnt", "7/mnt"}) {
    ASSERT_EQ(::umount(InRoot(name).c_str()), 0);
  }
}

}  // namespace
}  // namespace retentiond
