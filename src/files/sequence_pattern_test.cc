#include "files/sequence_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

bool Matches(const std::string& pattern, const std::string& name) {
  const auto sequence = SequencePattern::Parse(pattern);
  EXPECT_TRUE(sequence.has_value()) << pattern;
  return sequence->Matches(name);
}

TEST(SequencePatternTest, IsNoneWithoutAToken) {
  for (const std::string name :
       {"", "frame.png", "100%", "100%.png", "%5", "%s", "[]", "[x]", "%%"}) {
    EXPECT_FALSE(SequencePattern::Parse(name).has_value()) << name;
  }
}

TEST(SequencePatternTest, TakesEveryTokenForAFrameNumber) {
  for (const std::string token :
       {"[#####]", "[#]", "####", "#", "%d", "%05d", "%5d"}) {
    const std::string pattern = "f_" + token + ".png";
    EXPECT_TRUE(Matches(pattern, "f_00001.png")) << token;
    EXPECT_TRUE(Matches(pattern, "f_1.png")) << token;
    EXPECT_TRUE(Matches(pattern, "f_123456789.png")) << token;
    EXPECT_TRUE(Matches(pattern, "f_-0001.png")) << token;
    EXPECT_FALSE(Matches(pattern, "f_.png")) << token;
    EXPECT_FALSE(Matches(pattern, "f_-.png")) << token;
    EXPECT_FALSE(Matches(pattern, "f_1-2.png")) << token;
    EXPECT_FALSE(Matches(pattern, "f_12a.png")) << token;
    EXPECT_FALSE(Matches(pattern, "f_12.jpg")) << token;
    EXPECT_FALSE(Matches(pattern, "xf_12.png")) << token;
    EXPECT_FALSE(Matches(pattern, "")) << token;
  }
}

TEST(SequencePatternTest, TakesAStarForAnything) {
  EXPECT_TRUE(Matches("f_*.png", "f_.png"));
  EXPECT_TRUE(Matches("f_*.png", "f_a.png.png"));
  EXPECT_FALSE(Matches("f_*.png", "f_a.jpg"));
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("*a*a*", "banana"));
  EXPECT_FALSE(Matches("*a*a*a*a*", "banana"));
}

TEST(SequencePatternTest, JoinsTokens) {
  EXPECT_TRUE(Matches("##_%03d_*", "12_003_x"));
  EXPECT_TRUE(Matches("#%d", "12"));
  EXPECT_FALSE(Matches("#%d", "1"));
}

TEST(SequencePatternTest, TakesBracketsWithoutAnEndForBytes) {
  EXPECT_TRUE(Matches("[##", "[07"));
  EXPECT_TRUE(Matches("[##x]", "[07x]"));
}

TEST(SequencePatternTest, ReadsTwoPercentSignsAsOne) {
  EXPECT_TRUE(Matches("50%%_%d", "50%_7"));
}

TEST(SequencePatternTest, IsFastOnNamesThatAlmostMatch) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(Matches(pattern + "b", std::string(255, 'a')));
}

}  // namespace
}  // namespace retentiond
