#include "files/sorted_hashes.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace retentiond {
namespace {

TEST(SortedHashesTest, ContainsWhatWasSealed) {
  SortedHashes hashes;
  EXPECT_FALSE(hashes.Contains(7));
  hashes.Add(7);
  hashes.Add(3);
  EXPECT_FALSE(hashes.Contains(7));
  hashes.Seal();
  EXPECT_TRUE(hashes.Contains(7));
  EXPECT_TRUE(hashes.Contains(3));
  EXPECT_FALSE(hashes.Contains(5));
}

TEST(SortedHashesTest, TakesMoreAfterASeal) {
  SortedHashes hashes;
  hashes.Add(7);
  hashes.Seal();
  hashes.Add(1);
  EXPECT_TRUE(hashes.Contains(7));
  hashes.Seal();
  EXPECT_TRUE(hashes.Contains(1));
  EXPECT_TRUE(hashes.Contains(7));
}

TEST(SortedHashesTest, HoldsDuplicatesOnceHoweverMany) {
  SortedHashes hashes;
  for (int i = 0; i < 1'000'000; ++i) {
    hashes.Add(static_cast<std::uint64_t>(i % 3));
    ASSERT_LE(hashes.size(), 70'000u);
  }
  hashes.Seal();
  EXPECT_EQ(hashes.size(), 3u);
}

}  // namespace
}  // namespace retentiond
