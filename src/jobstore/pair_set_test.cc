#include "jobstore/pair_set.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <memory>
#include <random>
#include <set>

#include "base/status.h"
#include "testing/jobstore/own_io.h"

namespace retentiond {
namespace {

// As many as are written to the file at once.
constexpr std::uint64_t kRun = 64 * 1024;

class PairSetTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<PairSet>> set = PairSet::Open();
    ASSERT_TRUE(set.ok()) << set.status();
    set_ = *std::move(set);
  }
  void Insert(std::uint64_t first, std::uint64_t second) {
    ASSERT_TRUE(set_->Insert({first, second}).ok());
  }
  // Pairs of other first halves, as many as push all before them to the file.
  void Push() {
    for (std::uint64_t i = 0; i < kRun; ++i) Insert(kOthers + i, 0);
  }
  std::int64_t Count(std::uint64_t first) { return set_->Count(first).value(); }

  static constexpr std::uint64_t kOthers = std::uint64_t{1} << 32;

  std::unique_ptr<PairSet> set_;
};

TEST_F(PairSetTest, CountsThePairsOfAFirstHalf) {
  EXPECT_EQ(Count(1), 0);
  Insert(1, 1);
  Insert(1, 2);
  Insert(2, 1);
  Insert(~std::uint64_t{0}, 1);
  EXPECT_EQ(Count(0), 0);
  EXPECT_EQ(Count(1), 2);
  EXPECT_EQ(Count(2), 1);
  EXPECT_EQ(Count(3), 0);
  EXPECT_EQ(Count(~std::uint64_t{0}), 1);
}

TEST_F(PairSetTest, CountsAPairOnceWhereverItIs) {
  for (int run = 0; run < 10; ++run) {
    Insert(1, 1);
    Push();
    Insert(1, 1);
    EXPECT_EQ(Count(1), 1);
  }
}

TEST_F(PairSetTest, ErasesAPairWhereverItIs) {
  Insert(1, 1);
  Insert(1, 2);
  Push();
  Insert(1, 1);
  ASSERT_TRUE(set_->Erase({1, 1}).ok());
  EXPECT_EQ(Count(1), 1);
  ASSERT_TRUE(set_->Erase({1, 1}).ok());
  ASSERT_TRUE(set_->Erase({2, 1}).ok());
  EXPECT_EQ(Count(1), 1);
  Insert(1, 1);
  EXPECT_EQ(Count(1), 2);
}

// A question may be asked within a transaction, which must not wait for the
// merging of runs.
TEST_F(PairSetTest, ReadsAPageOrTwoForAQuestionAndWritesNothing) {
  // All over the range, as hashes are, so that every run has its share.
  const auto scattered = [](std::uint64_t i) { return i * 0x9e3779b97f4a7c15; };
  for (std::uint64_t i = 0; i < 5 * kRun; ++i) Insert(scattered(i), i);
  ASSERT_TRUE(set_->Seal().ok());
  constexpr int kQuestions = 1000;
  const OwnIo before = CountOwnIo();
  for (std::uint64_t i = 0; i < kQuestions; ++i) {
    ASSERT_EQ(Count(scattered(i)), 1);
    ASSERT_TRUE(set_->Erase({scattered(i), i}).ok());
  }
  const OwnIo after = CountOwnIo();
  EXPECT_LE(after.reads - before.reads, 2 * kQuestions * 2);
  EXPECT_EQ(after.bytes_written, before.bytes_written);
}

TEST_F(PairSetTest, AnswersTheSameOnceItIsSealed) {
  Insert(1, 1);
  Insert(1, 2);
  Push();
  Insert(1, 2);
  Insert(1, 3);
  Push();
  ASSERT_TRUE(set_->Erase({1, 1}).ok());
  EXPECT_EQ(Count(1), 2);
  ASSERT_TRUE(set_->Seal().ok());
  EXPECT_EQ(Count(1), 2);
  ASSERT_TRUE(set_->Seal().ok());
  EXPECT_EQ(Count(1), 2);
}

// 40,000 pairs of one first half: 157 pages.
TEST_F(PairSetTest, FindsPairsThatFillManyPages) {
  for (std::uint64_t i = 0; i < 40'000; ++i) Insert(7, i);
  for (std::uint64_t i = 0; i < 40'000; ++i) Insert(i % 7, i);
  EXPECT_EQ(Count(7), 40'000);
  EXPECT_EQ(Count(6), 40'000 / 7);
  ASSERT_TRUE(set_->Erase({7, 20'000}).ok());
  EXPECT_EQ(Count(7), 39'999);
}

// Against std::set, over enough pairs for several merges.
TEST_F(PairSetTest, AnswersAsASetInMemoryDoes) {
  std::mt19937_64 random(1);
  std::set<HashPair> model;
  const auto pair = [&random] {
    return HashPair{random() % 100'000, random() % 3};
  };
  for (int round = 0; round < 4; ++round) {
    for (std::uint64_t i = 0; i < 2 * kRun; ++i) {
      const HashPair inserted = pair();
      model.insert(inserted);
      ASSERT_TRUE(set_->Insert(inserted).ok());
    }
    if (round != 1) {
      ASSERT_TRUE(set_->Seal().ok());
    }
    for (int i = 0; i < 2'000; ++i) {
      const HashPair erased = pair();
      model.erase(erased);
      ASSERT_TRUE(set_->Erase(erased).ok());
      const std::uint64_t asked = pair().first;
      const auto begin = model.lower_bound({asked, 0});
      const auto end = model.lower_bound({asked + 1, 0});
      ASSERT_EQ(Count(asked), std::distance(begin, end));
    }
  }
}

TEST_F(PairSetTest, SaysThatTheScratchFileCannotGrow) {
  struct rlimit before {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const struct rlimit tight { 1024, before.rlim_max };
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &tight), 0);
  absl::Status status;
  for (std::uint64_t i = 0; status.ok() && i < kRun; ++i) {
    status = set_->Insert({i, 0});
  }
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(MessageOf(status), "write a scratch file: File too large");
}

}  // namespace
}  // namespace retentiond
