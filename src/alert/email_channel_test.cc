// The mail itself is tried against a server in tests/alert_channels_test.py.
#include "alert/email_channel.h"

#include <gtest/gtest.h>

#include <string>

#include "alert/base64.h"

namespace retentiond {
namespace {

TEST(HeaderTextTest, KeepsPlainTextOnOneLine) {
  EXPECT_EQ(HeaderText("The cleanup failed"), "The cleanup failed");
  EXPECT_EQ(HeaderText("a\r\nBcc: x\x7f"), "a  Bcc: x ");
}

TEST(HeaderTextTest, EncodesOtherTextInWordsOfWholeCharacters) {
  EXPECT_EQ(HeaderText("\u00e4"), "=?UTF-8?B?w6Q=?=");
  std::string text;
  for (int i = 0; i < 30; ++i) text += "\u20ac";  // three bytes each
  text = "a" + text;
  const std::string encoded = HeaderText(text);
  std::string decoded;
  for (std::size_t at = 0; at < encoded.size();) {
    const std::size_t end = std::min(encoded.find(' ', at), encoded.size());
    const std::string word = encoded.substr(at, end - at);
    EXPECT_LE(word.size(), 75U);
    const std::string bytes = *FromBase64(word.substr(10, word.size() - 12));
    // It begins with a character.
    EXPECT_NE(static_cast<unsigned char>(bytes[0]) & 0xC0U, 0x80U);
    decoded += bytes;
    at = end + 1;
  }
  EXPECT_EQ(decoded, text);
}

TEST(HeaderTextTest, EndsAlsoWithBytesThatAreNoText) {
  EXPECT_NE(HeaderText(std::string(200, '\x80')), "");
}

TEST(Base64Test, IsItsOwnInverse) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(FromBase64(ToBase64(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(FromBase64("abc"), std::nullopt);
  EXPECT_EQ(FromBase64("ab!d"), std::nullopt);
}

}  // namespace
}  // namespace retentiond
