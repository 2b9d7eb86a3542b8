#include "audit/verify.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retentiond {
namespace {

const Instant kTime = InstantFromMicros(1'773'630'000'000'000);

class ChainTest : public testing::Test {
 protected:
  void Append(const std::string& event, const std::string& facts) {
    chain_.push_back(NextRecord(Head(), kTime, RunId{1}, event, facts));
  }
  void AppendBatches(int count) {
    for (int i = 0; i < count; ++i) {
      Append("batch", fmt::format(R"({{"jobs":["j{}"]}})", i));
    }
  }
  // Appends a checkpoint for the first `count` records and drops them.
  void Prune(std::size_t count) {
    const AuditRecord& last = chain_[count - 1];
    Append("checkpoint",
           fmt::format(R"({{"last_seq":{},"hash":"{}"}})",
                       static_cast<std::int64_t>(last.seq), last.hash));
    chain_.erase(chain_.begin(),
                 chain_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  std::optional<AuditHead> Head() const {
    if (chain_.empty()) return std::nullopt;
    return HeadAt(chain_.size() - 1);
  }
  AuditHead HeadAt(std::size_t index) const {
    return {chain_[index].seq, chain_[index].hash};
  }
  ChainVerdict Verify(std::optional<AuditHead> expected = std::nullopt) const {
    ChainVerifier verifier(expected);
    for (const AuditRecord& record : chain_) verifier.Add(record);
    return verifier.Finish();
  }

  std::vector<AuditRecord> chain_;
};

TEST_F(ChainTest, AcceptsAnEmptyChain) {
  const ChainVerdict verdict = Verify();
  EXPECT_TRUE(verdict.ok);
  EXPECT_EQ(verdict.records, 0);
  EXPECT_EQ(verdict.head, std::nullopt);
  EXPECT_FALSE(verdict.head_checked);
}

TEST_F(ChainTest, AcceptsAnUntouchedChainAndTellsItsHead) {
  AppendBatches(3);
  const ChainVerdict verdict = Verify();
  EXPECT_TRUE(verdict.ok) << verdict.problem;
  EXPECT_EQ(verdict.records, 3);
  EXPECT_EQ(verdict.head, Head());
  EXPECT_FALSE(verdict.head_checked);
}

TEST_F(ChainTest, FindsAnEditOfAnyField) {
  AppendBatches(3);
  const std::vector<AuditRecord> whole = chain_;
  const auto problem = [&](auto edit) {
    chain_ = whole;
    edit(chain_[1]);
    const ChainVerdict verdict = Verify();
    EXPECT_FALSE(verdict.ok);
    EXPECT_EQ(verdict.records, 3);
    return verdict.problem;
  };
  const std::string edited = "record 2 was edited: its hash does not fit it";
  EXPECT_EQ(problem([](auto& r) { r.time += Micros(1); }), edited);
  EXPECT_EQ(problem([](auto& r) { r.run.reset(); }), edited);
  EXPECT_EQ(problem([](auto& r) { r.event = "part"; }), edited);
  EXPECT_EQ(problem([](auto& r) { r.facts = R"({"jobs":[]})"; }), edited);
  EXPECT_EQ(problem([](auto& r) { r.facts += ' '; }), edited);
  EXPECT_EQ(problem([](auto& r) { r.previous[5] ^= 1; }), edited);
  EXPECT_EQ(problem([](auto& r) { r.hash[5] ^= 1; }), edited);
  EXPECT_EQ(problem([](auto& r) { r.seq = AuditSeq{9}; }),
            "record 9 was edited: its hash does not fit it");
}

TEST_F(ChainTest, FindsAnEditWhoseHashWasMadeToFit) {
  AppendBatches(3);
  chain_[1].facts = R"({"jobs":[]})";
  chain_[1].hash = HashOf(chain_[1]);
  EXPECT_EQ(Verify().problem, "record 3 does not link to record 2: a fork");
}

TEST_F(ChainTest, FindsAMissingRecord) {
  AppendBatches(5);
  chain_.erase(chain_.begin() + 1, chain_.begin() + 3);
  EXPECT_EQ(Verify().problem, "records 2 to 3 are missing");
}

TEST_F(ChainTest, FindsARecordThatComesTwice) {
  AppendBatches(2);
  chain_.push_back(chain_[1]);
  EXPECT_EQ(Verify().problem, "record 2 comes again after record 2: a fork");
}

TEST_F(ChainTest, NamesOnlyTheFirstProblem) {
  AppendBatches(4);
  chain_[1].event = "x";
  chain_[3].event = "x";
  EXPECT_EQ(Verify().problem, "record 2 was edited: its hash does not fit it");
}

TEST_F(ChainTest, RefusesAFirstRecordThatLinksBack) {
  chain_.push_back(NextRecord(AuditHead{AuditSeq{0}, std::string(64, 'a')},
                              kTime, std::nullopt, "batch", "{}"));
  EXPECT_EQ(Verify().problem, "record 1 links to a record before it");
}

TEST_F(ChainTest, RefusesANumberBelowOne) {
  chain_.push_back(NextRecord(AuditHead{AuditSeq{-1}, std::string(64, '0')},
                              kTime, std::nullopt, "batch", "{}"));
  EXPECT_EQ(Verify().problem, "record 0 has no valid number");
}

TEST_F(ChainTest, FindsAMissingBeginning) {
  AppendBatches(3);
  chain_.erase(chain_.begin());
  EXPECT_EQ(Verify().problem,
            "the records up to 1 are missing, and no checkpoint accounts for "
            "them");
}

TEST_F(ChainTest, AcceptsAPrunedChain) {
  AppendBatches(4);
  Prune(2);
  AppendBatches(1);
  const ChainVerdict verdict = Verify();
  EXPECT_TRUE(verdict.ok) << verdict.problem;
  EXPECT_EQ(verdict.records, 4);
}

TEST_F(ChainTest, AcceptsAChainOfWhichOnlyTheCheckpointIsLeft) {
  AppendBatches(4);
  Prune(4);
  EXPECT_TRUE(Verify().ok) << Verify().problem;
  EXPECT_EQ(chain_.size(), 1U);
}

TEST_F(ChainTest, AcceptsAChainThatWasPrunedTwice) {
  AppendBatches(4);
  Prune(2);
  Prune(1);
  EXPECT_TRUE(Verify().ok) << Verify().problem;
}

TEST_F(ChainTest, RefusesACheckpointWhoseRecordsAreStillThere) {
  AppendBatches(4);
  const std::vector<AuditRecord> whole = chain_;
  Prune(2);
  chain_.insert(chain_.begin(), whole.begin(), whole.begin() + 2);
  EXPECT_EQ(Verify().problem,
            "record 5 is a checkpoint for the records up to 2, which is not "
            "where the chain begins");
}

TEST_F(ChainTest, RefusesACheckpointWithAnotherHash) {
  AppendBatches(2);
  Append("checkpoint", R"({"last_seq":1,"hash":"abc"})");
  chain_.erase(chain_.begin());
  EXPECT_EQ(Verify().problem,
            "record 3 is a checkpoint for the records up to 1, which is not "
            "where the chain begins");
}

TEST_F(ChainTest, RefusesACheckpointThatNamesNoLastRecord) {
  for (const std::string facts :
       {"{}", R"({"last_seq":1})", R"({"hash":"x"})",
        R"({"last_seq":"1","hash":"x"})", R"({"last_seq":1,"hash":2})"}) {
    chain_.clear();
    Append("checkpoint", facts);
    EXPECT_EQ(Verify().problem,
              "record 1 is a checkpoint that names no last record")
        << facts;
  }
}

TEST_F(ChainTest, RefusesACheckpointWhoseFactsAreNoObject) {
  Append("checkpoint", "{}");
  chain_[0].facts = "[";
  chain_[0].hash = HashOf(chain_[0]);
  EXPECT_EQ(Verify().problem,
            "record 1 is a checkpoint that names no last record");
}

TEST_F(ChainTest, FindsTheHeadThatWasNotedOutside) {
  AppendBatches(3);
  for (std::size_t i = 0; i < 3; ++i) {
    const ChainVerdict verdict = Verify(HeadAt(i));
    EXPECT_TRUE(verdict.ok) << verdict.problem;
    EXPECT_TRUE(verdict.head_checked);
  }
}

TEST_F(ChainTest, FindsACutTailAgainstAHeadFromOutside) {
  AppendBatches(3);
  const std::optional<AuditHead> noted = Head();
  chain_.pop_back();
  EXPECT_TRUE(Verify().ok);
  const ChainVerdict verdict = Verify(noted);
  EXPECT_FALSE(verdict.ok);
  EXPECT_FALSE(verdict.head_checked);
  EXPECT_EQ(verdict.problem,
            "the chain ends before record 3, which was noted outside: its tail "
            "was cut");
}

TEST_F(ChainTest, FindsAChainEmptiedAgainstAHeadFromOutside) {
  EXPECT_EQ(Verify(AuditHead{AuditSeq{1}, "abc"}).problem,
            "the chain ends before record 1, which was noted outside: its tail "
            "was cut");
}

TEST_F(ChainTest, FindsARewriteAgainstAHeadFromOutside) {
  AppendBatches(3);
  const AuditHead noted = HeadAt(1);
  chain_.clear();
  Append("batch", "{}");
  Append("batch", "{}");
  EXPECT_TRUE(Verify().ok);
  EXPECT_EQ(Verify(noted).problem,
            "record 2 is not the one that was noted outside: the chain was "
            "rewritten");
}

TEST_F(ChainTest, ChecksAHeadThatIsTheLastDroppedRecord) {
  AppendBatches(3);
  const AuditHead noted = HeadAt(1);
  Prune(2);
  const ChainVerdict verdict = Verify(noted);
  EXPECT_TRUE(verdict.ok) << verdict.problem;
  EXPECT_TRUE(verdict.head_checked);
  EXPECT_EQ(Verify(AuditHead{noted.seq, "abc"}).problem,
            "record 2 is not the one that was noted outside: the chain was "
            "rewritten");
}

TEST_F(ChainTest, SaysWhenTheNotedHeadWasDropped) {
  AppendBatches(3);
  const AuditHead noted = HeadAt(0);
  Prune(2);
  EXPECT_EQ(Verify(noted).problem,
            "record 1, noted outside, was dropped with the records up to 2; "
            "note a newer head");
}

}  // namespace
}  // namespace retentiond
