#include "run/root_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace retentiond {
namespace {

using testing::HasSubstr;

class RootLedgerTest : public testing::Test {
 protected:
  static constexpr LocalDate kSlot{std::chrono::days(20'000)};

  static RootRecord Record(const std::string& id, std::uint64_t inode = 7,
                           const std::string& path = "/tmp/a") {
    return {.id = id,
            .path = path,
            .machine = "here",
            .device = 1,
            .inode = inode,
            .nights = 2,
            .last_slot = kSlot - std::chrono::days(1),
            .seen = Instant{}};
  }
  static FoundRoot Found(const std::string& id, std::uint64_t inode = 7) {
    return {.path = "/tmp/a", .id = id, .device = 1, .inode = inode};
  }
  RootJudgement Judge(const FoundRoot& found) {
    return JudgeRoot(found, ledger_);
  }

  RootLedger ledger_{.known = {}, .machine = "here", .slot = kSlot, .now = {}};
};

TEST_F(RootLedgerTest, TakesTheRootsOfAFirstStartForItsOwn) {
  const RootJudgement judgement = Judge(Found("1"));
  EXPECT_EQ(judgement.standing, RootStanding::kOurs);
  EXPECT_EQ(judgement.record->nights, 2);
  EXPECT_EQ(judgement.record->machine, "here");
  EXPECT_EQ(judgement.record->last_slot, kSlot);
  const RootJudgement nameless = Judge(Found(""));
  EXPECT_EQ(nameless.standing, RootStanding::kOurs);
  EXPECT_FALSE(nameless.record.has_value());
}

TEST_F(RootLedgerTest, KnowsARootByItsIdWhereverItIs) {
  ledger_.known = {Record("1", 7, "/mnt/elsewhere")};
  ledger_.known[0].machine = "there";
  ledger_.known[0].device = 99;
  const RootJudgement judgement = Judge(Found("1"));
  EXPECT_EQ(judgement.standing, RootStanding::kOurs);
  EXPECT_EQ(judgement.record->path, "/tmp/a");
  EXPECT_EQ(judgement.record->machine, "here");
  EXPECT_EQ(judgement.record->device, 1U);
}

TEST_F(RootLedgerTest, LeavesAnotherDirectoryAtTheSamePathForANight) {
  ledger_.known = {Record("1")};
  RootJudgement judgement = Judge(Found("2", 8));
  EXPECT_EQ(judgement.standing, RootStanding::kUnfamiliar);
  EXPECT_THAT(judgement.reason, HasSubstr("a disk may be away"));
  EXPECT_EQ(judgement.record->nights, 1);
  // Asked again on the same night.
  ledger_.known.push_back(*judgement.record);
  EXPECT_EQ(Judge(Found("2", 8)).standing, RootStanding::kUnfamiliar);
  // And on the next.
  ledger_.slot = kSlot + std::chrono::days(1);
  judgement = Judge(Found("2", 8));
  EXPECT_EQ(judgement.standing, RootStanding::kOurs);
  EXPECT_EQ(judgement.record->nights, 2);
  // The old one is known at once when it is back.
  EXPECT_EQ(Judge(Found("1")).standing, RootStanding::kOurs);
}

TEST_F(RootLedgerTest, LeavesADirectoryWithoutAnIdWhereOneWasKnown) {
  ledger_.known = {Record("1")};
  const RootJudgement judgement = Judge(Found(""));
  EXPECT_EQ(judgement.standing, RootStanding::kUnfamiliar);
  EXPECT_FALSE(judgement.record.has_value());
  FoundRoot hidden = Found("");
  hidden.id_is_hidden = true;
  EXPECT_EQ(Judge(hidden).standing, RootStanding::kOurs);
  hidden.inode = 8;
  EXPECT_EQ(Judge(hidden).standing, RootStanding::kUnfamiliar);
}

TEST_F(RootLedgerTest, LeavesACopyForANight) {
  ledger_.known = {Record("1", 7)};
  const RootJudgement judgement = Judge(Found("1", 8));
  EXPECT_EQ(judgement.standing, RootStanding::kUnfamiliar);
  EXPECT_THAT(judgement.reason, HasSubstr("a copy"));
  ledger_.known = {*judgement.record};
  EXPECT_EQ(Judge(Found("1", 8)).standing, RootStanding::kUnfamiliar);
  ledger_.slot = kSlot + std::chrono::days(1);
  EXPECT_EQ(Judge(Found("1", 8)).standing, RootStanding::kOurs);
}

TEST_F(RootLedgerTest, TakesANewPathForItsOwn) {
  ledger_.known = {Record("1", 7, "/tmp/other")};
  EXPECT_EQ(Judge(Found("2")).standing, RootStanding::kOurs);
}

TEST_F(RootLedgerTest, KnowsAMachineWithFilesOfItsOwn) {
  ledger_.known = {Record("1")};
  ledger_.known[0].machine = "there";
  const RootJudgement judgement = Judge(Found("2"));
  EXPECT_EQ(judgement.standing, RootStanding::kForeign);
  EXPECT_THAT(judgement.reason, HasSubstr("there"));
  EXPECT_FALSE(judgement.record.has_value());
  EXPECT_EQ(Judge(Found("")).standing, RootStanding::kForeign);
}

TEST_F(RootLedgerTest, KnowsWhichRootsWereWorkedOn) {
  RootRecord record = Record("1");
  EXPECT_TRUE(WasOurs(record));
  record.nights = 1;
  EXPECT_FALSE(WasOurs(record));
}

}  // namespace
}  // namespace retentiond
