#include "files/name_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Values = std::map<std::string, std::vector<std::string>>;

std::vector<std::string> Names(const std::string& text, const Values& values) {
  const absl::StatusOr<NamePattern> pattern = NamePattern::Parse(text);
  EXPECT_TRUE(pattern.ok()) << pattern.status();
  return pattern->Expand([&](const std::string& field) {
    const auto found = values.find(field);
    return found == values.end() ? std::vector<std::string>() : found->second;
  });
}

TEST(NamePatternTest, PutsFieldsBetweenLiterals) {
  EXPECT_THAT(Names("{id}", {{"id", {"7"}}}), ElementsAre("7"));
  EXPECT_THAT(Names("job-{id}.json", {{"id", {"7"}}}),
              ElementsAre("job-7.json"));
  EXPECT_THAT(Names("{nexrenderConfig.uid}", {{"nexrenderConfig.uid", {"u"}}}),
              ElementsAre("u"));
}

TEST(NamePatternTest, NamesItsFieldsInOrder) {
  EXPECT_THAT(NamePattern::Parse("{a}-{b.c}")->fields(),
              ElementsAre("a", "b.c"));
}

TEST(NamePatternTest, MakesEveryCombinationOfValues) {
  EXPECT_THAT(Names("{a}-{b}", {{"a", {"1", "2"}}, {"b", {"x", "y"}}}),
              ElementsAre("1-x", "1-y", "2-x", "2-y"));
}

TEST(NamePatternTest, GivesAFieldNamedTwiceOneValue) {
  EXPECT_THAT(Names("{a}{a}", {{"a", {"1", "2"}}}), ElementsAre("11", "22"));
}

TEST(NamePatternTest, GivesEachNameOnce) {
  EXPECT_THAT(Names("{a}{b}", {{"a", {"x", "xx"}}, {"b", {"x", ""}}}),
              ElementsAre("xx", "x", "xxx"));
}

TEST(NamePatternTest, GivesNoNameWhenAFieldHasNoValue) {
  EXPECT_THAT(Names("{a}-{b}", {{"a", {"1"}}}), IsEmpty());
}

TEST(NamePatternTest, TakesALoneClosingBraceForALiteral) {
  EXPECT_THAT(Names("{a}}", {{"a", {"1"}}}), ElementsAre("1}"));
}

TEST(NamePatternTest, RefusesWhatIsNoPattern) {
  const Values cases = {{"{id", {"not closed"}},
                        {"{}", {"names no field"}},
                        {"{a{b}", {"another"}},
                        {"job", {"share it"}},
                        {"", {"names no field"}}};
  for (const auto& [text, reason] : cases) {
    const absl::Status status = NamePattern::Parse(text).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << text;
    EXPECT_THAT(MessageOf(status), HasSubstr(reason[0])) << text;
  }
}

TEST(RemovableNameTest, IsOnePathComponent) {
  EXPECT_TRUE(IsRemovableName("7"));
  EXPECT_TRUE(IsRemovableName("..."));
  EXPECT_TRUE(IsRemovableName(".hidden"));
  EXPECT_TRUE(IsRemovableName("a\nb\xff"));
  for (const std::string name :
       {"", ".", "..", "a/b", "/", "/etc", ".retentiond-trash"}) {
    EXPECT_FALSE(IsRemovableName(name)) << name;
  }
  EXPECT_FALSE(IsRemovableName(std::string("a\0b", 3)));
}

TEST(RemovableNameTest, IsAtMost255BytesLong) {
  EXPECT_TRUE(IsRemovableName(std::string(255, 'a')));
  EXPECT_FALSE(IsRemovableName(std::string(256, 'a')));
}

TEST(EscapeNameTest, LeavesPlainTextAsItIs) {
  EXPECT_EQ(EscapeName("job 7/ä€😀~"), "job 7/ä€😀~");
  EXPECT_EQ(EscapeName(""), "");
}

TEST(EscapeNameTest, EscapesControlCharactersQuotesAndBackslashes) {
  EXPECT_EQ(EscapeName("a\nb\x1b[0m\x7f"), "a\\x0ab\\x1b[0m\\x7f");
  EXPECT_EQ(EscapeName("'\"\\"), "\\x27\\x22\\x5c");
  EXPECT_EQ(EscapeName(std::string("\0", 1)), "\\x00");
  EXPECT_EQ(EscapeName("\xc2\x85"), "\\xc2\\x85");           // C1
  EXPECT_EQ(EscapeName("\xe2\x80\xae"), "\\xe2\\x80\\xae");  // reverses text
  EXPECT_EQ(EscapeName("\xe2\x81\xa7"), "\\xe2\\x81\\xa7");  // isolates it
}

TEST(EscapeNameTest, EscapesInvalidUtf8) {
  EXPECT_EQ(EscapeName("\xff"), "\\xff");
  EXPECT_EQ(EscapeName("a\xc3"), "a\\xc3");                  // cut off
  EXPECT_EQ(EscapeName("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(EscapeName("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(EscapeName("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(EscapeName("\xe2(\xa1"), "\\xe2(\\xa1");
}

}  // namespace
}  // namespace retentiond
