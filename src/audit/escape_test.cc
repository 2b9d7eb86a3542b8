#include "audit/escape.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

using std::string_literals::operator""s;

TEST(IsUtf8, AcceptsTheFirstAndLastCharacterOfEachLength) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("\0\x7f"s));
  EXPECT_TRUE(IsUtf8("\xc2\x80\xdf\xbf"));
  EXPECT_TRUE(IsUtf8("\xe0\xa0\x80\xef\xbf\xbf"));
  EXPECT_TRUE(IsUtf8("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

TEST(IsUtf8, RefusesOverlongFormsSurrogatesAndWhatLiesBeyondUnicode) {
  EXPECT_FALSE(IsUtf8("\xc1\xbf"));
  EXPECT_FALSE(IsUtf8("\xe0\x9f\xbf"));
  EXPECT_FALSE(IsUtf8("\xed\xa0\x80"));
  EXPECT_FALSE(IsUtf8("\xf0\x8f\xbf\xbf"));
  EXPECT_FALSE(IsUtf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(IsUtf8("\xf5\x80\x80\x80"));
}

TEST(IsUtf8, RefusesCharactersCutShort) {
  EXPECT_FALSE(IsUtf8("a\xc3"));
  EXPECT_FALSE(IsUtf8("\xe2\x82"));
  EXPECT_FALSE(IsUtf8("\xe2\x82z"));
  EXPECT_FALSE(IsUtf8("\x80"));
}

TEST(EscapeBytes, WritesInvalidBytesAsHexAndKeepsTheRest) {
  EXPECT_EQ(EscapeBytes("j\xc3\xa4\xff-\xc3z"), "j\xc3\xa4\\xff-\\xc3z");
}

TEST(EscapeBytes, DoublesBackslashesSoThatTextsStayApart) {
  EXPECT_EQ(EscapeBytes("\\xff"), "\\\\xff");
  EXPECT_NE(EscapeBytes("\\xff"), EscapeBytes("\xff"));
}

TEST(JsonOfBytes, IsAStringForUtf8) {
  EXPECT_EQ(JsonOfBytes("a\"\\\n\xc3\xa4"), "\"a\\\"\\\\\\n\xc3\xa4\"");
  EXPECT_EQ(JsonOfBytes(""), "\"\"");
  EXPECT_EQ(JsonOfBytes("\0"s), "\"\\u0000\"");
}

TEST(JsonOfBytes, IsAMarkedObjectForOtherBytes) {
  EXPECT_EQ(JsonOfBytes("a\xff"), R"({"escaped":"a\\xff"})");
}

}  // namespace
}  // namespace retentiond
