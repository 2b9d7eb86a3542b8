#include "jobstore/name_census.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace retentiond
