#include "base/nearest_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace retentiond {
namespace {

TEST(EditDistanceTest, CountsEachKindOfEditOnce) {
  EXPECT_EQ(EditDistance("outputs", "outputs"), 0);
  EXPECT_EQ(EditDistance("outputs", "output"), 1);
  EXPECT_EQ(EditDistance("output", "outputs"), 1);
  EXPECT_EQ(EditDistance("outputs", "outpuds"), 1);
  EXPECT_EQ(EditDistance("outputs", "ouptuts"), 1);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3);
}

TEST(EditDistanceTest, IgnoresCase) {
  EXPECT_EQ(EditDistance("UTC", "utc"), 0);
  EXPECT_EQ(EditDistance("createdat", "createdAt"), 0);
  EXPECT_EQ(EditDistance("AB", "ba"), 1);
}

TEST(EditDistanceTest, IsTheLengthAgainstNothing) {
  EXPECT_EQ(EditDistance("", ""), 0);
  EXPECT_EQ(EditDistance("", "abc"), 3);
  EXPECT_EQ(EditDistance("abc", ""), 3);
}

TEST(EditDistanceTest, EditsANeighbourhoodOnce) {
  EXPECT_EQ(EditDistance("ca", "abc"), 3);
}

TEST(NearestNameTest, FindsTheFewestEdits) {
  const std::vector<std::string> known = {"status", "table", "outputs"};
  EXPECT_EQ(NearestName("statsu", known), "status");
  EXPECT_EQ(NearestName("tabel", known), "table");
  EXPECT_EQ(NearestName("outputs", known), "outputs");
}

TEST(NearestNameTest, TakesTheFirstOfEquals) {
  EXPECT_EQ(NearestName("bat", {"cat", "hat"}), "cat");
}

TEST(NearestNameTest, ReachesAThirdOfTheLengthRoundedUp) {
  EXPECT_EQ(NearestName("ab", {"xb"}), "xb");
  EXPECT_EQ(NearestName("ab", {"xy"}), std::nullopt);
  EXPECT_EQ(NearestName("abcd", {"xycd"}), "xycd");
  EXPECT_EQ(NearestName("abcd", {"xyzd"}), std::nullopt);
}

TEST(NearestNameTest, FindsNothingAmongNothing) {
  EXPECT_EQ(NearestName("at", {}), std::nullopt);
  EXPECT_EQ(NearestName("", {"at"}), std::nullopt);
}

}  // namespace
}  // namespace retentiond
