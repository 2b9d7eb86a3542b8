#include "jobstore/name_census.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

using std::string_literals::operator""s;

const JobId kA{"a"};
const JobId kB{"b"};

class NameCensusTest : public testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<NameCensus>> census = NameCensus::Open();
    ASSERT_TRUE(census.ok()) << census.status();
    census_ = *std::move(census);
  }

  std::int64_t Bearers(const std::string& name) {
    return census_->Bearers(name).value();
  }

  std::unique_ptr<NameCensus> census_;
};

TEST_F(NameCensusTest, KnowsNoNameAtFirst) {
  EXPECT_EQ(Bearers("uid1"), 0);
  EXPECT_EQ(Bearers(""), 0);
}

TEST_F(NameCensusTest, CountsTheBearersOfEachName) {
  ASSERT_TRUE(census_->Add(kA, {"uid1", "a.json"}).ok());
  ASSERT_TRUE(census_->Add(kB, {"uid1", "uid2"}).ok());
  EXPECT_EQ(Bearers("uid1"), 2);
  EXPECT_EQ(Bearers("a.json"), 1);
  EXPECT_EQ(Bearers("uid2"), 1);
  EXPECT_EQ(Bearers("uid3"), 0);
}

TEST_F(NameCensusTest, CountsAJobThatIsShownTwiceOnce) {
  ASSERT_TRUE(census_->Add(kA, {"uid1"}).ok());
  ASSERT_TRUE(census_->Add(kA, {"uid1", "uid1"}).ok());
  EXPECT_EQ(Bearers("uid1"), 1);
}

TEST_F(NameCensusTest, TellsNamesApartByEveryByte) {
  ASSERT_TRUE(census_->Add(kA, {"a", "a\0"s, "\xff"}).ok());
  EXPECT_EQ(Bearers("a"), 1);
  EXPECT_EQ(Bearers("a\0"s), 1);
  EXPECT_EQ(Bearers("\xff"), 1);
  EXPECT_EQ(Bearers("\xfe"), 0);
}

TEST_F(NameCensusTest, TakesOneBearerOffAtATime) {
  ASSERT_TRUE(census_->Add(kA, {"uid1"}).ok());
  ASSERT_TRUE(census_->Add(kB, {"uid1"}).ok());
  ASSERT_TRUE(census_->Remove(kA, {"uid1", "unknown"}).ok());
  EXPECT_EQ(Bearers("uid1"), 1);
  ASSERT_TRUE(census_->Remove(kA, {"uid1"}).ok());
  EXPECT_EQ(Bearers("uid1"), 1);
  ASSERT_TRUE(census_->Remove(kB, {"uid1"}).ok());
  EXPECT_EQ(Bearers("uid1"), 0);
}

TEST_F(NameCensusTest, TakesAnEmptyList) {
  EXPECT_TRUE(census_->Add(kA, {}).ok());
  EXPECT_TRUE(census_->Remove(kA, {}).ok());
}

TEST_F(NameCensusTest, ForgetsEverythingWhenCleared) {
  ASSERT_TRUE(census_->Add(kA, {"uid1"}).ok());
  ASSERT_TRUE(census_->Clear().ok());
  EXPECT_EQ(Bearers("uid1"), 0);
  ASSERT_TRUE(census_->Add(kA, {"uid1"}).ok());
  EXPECT_EQ(Bearers("uid1"), 1);
}

TEST_F(NameCensusTest, HoldsMoreNamesThanItsMemory) {
  constexpr int kNames = 300'000;
  constexpr std::int64_t kMemoryBytes = 10 << 20;
  std::vector<std::string> names;
  for (int i = 0; i < kNames; ++i) names.push_back(fmt::format("uid{}", i));
  const std::int64_t before = sqlite3_memory_used();
  ASSERT_TRUE(census_->Add(kA, names).ok());
  ASSERT_TRUE(census_->Remove(kA, {names.front(), names.back()}).ok());
  EXPECT_LT(sqlite3_memory_used() - before, kMemoryBytes);
  EXPECT_EQ(Bearers(names.front()), 0);
  EXPECT_EQ(Bearers(names[kNames / 2]), 1);
  EXPECT_EQ(Bearers(names.back()), 0);
}

}  // namespace
}  // namespace retentiond
