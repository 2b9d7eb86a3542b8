#include "demo/ledger.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/status.h"
#include "demo/farm_disk.h"
#include "testing/demo/farm_fixture.h"

namespace retentiond {
namespace {

const Instant kCreated = *ParseInstant("2027-03-16T03:00:00Z");

class LedgerTest : public FarmTest {
 protected:
  FarmJob Job(const std::string& state) const {
    return MakeJob(7, kCreated, state, paths_);
  }
  LedgerContent Read() const { return *ReadLedger(paths_.ledger); }
};

TEST_F(LedgerTest, GivesBackTheJobsThatWereEntered) {
  Ledger ledger = *Ledger::Open(paths_.ledger);
  ASSERT_TRUE(ledger.AddJob(Job("COMPLETED")).ok());
  const LedgerContent content = Read();
  ASSERT_EQ(content.jobs.size(), 1U);
  EXPECT_EQ(content.jobs.begin()->second.job, Job("COMPLETED"));
  EXPECT_EQ(content.jobs.begin()->second.finished, kCreated);
}

TEST_F(LedgerTest, KnowsWhenAJobInWorkWasFinished) {
  Ledger ledger = *Ledger::Open(paths_.ledger);
  ASSERT_TRUE(ledger.AddJob(Job("RENDERING")).ok());
  EXPECT_FALSE(Read().jobs.begin()->second.finished.has_value());
  const Instant finished = kCreated + std::chrono::hours(2);
  ASSERT_TRUE(ledger.AddFinish(Job("").id, finished).ok());
  EXPECT_EQ(Read().jobs.begin()->second.finished, finished);
  EXPECT_EQ(Read().jobs.begin()->second.job.state, "COMPLETED");
}

TEST_F(LedgerTest, GivesBackOrphansAndOtherFiles) {
  Ledger ledger = *Ledger::Open(paths_.ledger);
  const FarmOrphan orphan = MakeOrphan("lost", kCreated, paths_);
  ASSERT_TRUE(ledger.AddOrphan(orphan).ok());
  ASSERT_TRUE(ledger.AddOther(orphan.files.front()).ok());
  EXPECT_EQ(Read().orphans, std::vector<FarmOrphan>{orphan});
  EXPECT_EQ(Read().others, std::vector<FarmFile>{orphan.files.front()});
}

TEST_F(LedgerTest, IsWrittenByTwoProcessesInTurn) {
  Ledger first = *Ledger::Open(paths_.ledger);
  Ledger second = *Ledger::Open(paths_.ledger);
  ASSERT_TRUE(first.AddJob(Job("RENDERING")).ok());
  ASSERT_TRUE(second.AddFinish(Job("").id, kCreated).ok());
  EXPECT_EQ(Read().jobs.size(), 1U);
}

TEST_F(LedgerTest, NamesTheLineThatCannotBeRead) {
  std::ofstream(paths_.ledger) << "{\"job\":{}}\n";
  const absl::Status status = ReadLedger(paths_.ledger).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(MessageOf(status).find("line 1"), std::string::npos);
}

TEST_F(LedgerTest, SaysWhatIsWrongWithAPathThatCannotBeOpened) {
  EXPECT_EQ(ReadLedger(paths_.base / "none").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_FALSE(Ledger::Open(paths_.base / "no/such").ok());
}

TEST_F(LedgerTest, SaysWhenTheDiskIsFull) {
  Ledger full = *Ledger::Open("/dev/full");
  EXPECT_EQ(full.AddJob(Job("COMPLETED")).code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace retentiond
