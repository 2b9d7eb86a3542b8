#include "files/output_path.h"

#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

using Form = OutputPath::Form;

void ExpectPath(const std::string& text, Form form, const std::string& path) {
  const OutputPath parsed = ParseOutputPath(text);
  EXPECT_EQ(static_cast<int>(parsed.form), static_cast<int>(form)) << text;
  EXPECT_EQ(parsed.path, path) << text;
}

TEST(OutputPathTest, TakesPathsAsTheyAre) {
  ExpectPath("", Form::kNone, "");
  ExpectPath("/a/b c.mp4", Form::kAbsolute, "/a/b c.mp4");
  ExpectPath("a/b.mp4", Form::kRelative, "a/b.mp4");
  ExpectPath("../b.mp4", Form::kRelative, "../b.mp4");
  ExpectPath("a:b/c.mp4", Form::kRelative, "a:b/c.mp4");
  ExpectPath("c:b.mp4", Form::kRelative, "c:b.mp4");
  ExpectPath(":x", Form::kRelative, ":x");
  ExpectPath("7 x://y", Form::kRelative, "7 x://y");
  ExpectPath("a b://y", Form::kRelative, "a b://y");
}

TEST(OutputPathTest, DecodesFileUrlsOfThisMachine) {
  ExpectPath("file:///a%20b/%e2%82%ac", Form::kAbsolute, "/a b/€");
  ExpectPath("FILE://localhost/a", Form::kAbsolute, "/a");
  ExpectPath("file://LOCALHOST/a", Form::kAbsolute, "/a");
  ExpectPath("file:/a", Form::kAbsolute, "/a");
  ExpectPath("file:///100%/%zz%2", Form::kAbsolute, "/100%/%zz%2");
}

TEST(OutputPathTest, KnowsWhatLiesOnAnotherMachine) {
  for (const std::string text :
       {"C:\\renders\\a.mp4", "d:/renders/a.mp4", "\\\\server\\share\\a.mp4",
        "s3://bucket/a.mp4", "https://host/a.mp4", "file://server/share/a.mp4",
        "file:///C:/renders/a.mp4"}) {
    ExpectPath(text, Form::kForeign, "");
  }
}

TEST(OutputPathTest, SaysWhatNobodyCanRead) {
  ExpectPath("~/a.mp4", Form::kUnreadable, "");
  ExpectPath("~render/a.mp4", Form::kUnreadable, "");
  ExpectPath(std::string("/a\0b", 4), Form::kUnreadable, "");
  ExpectPath("file:///a%00b", Form::kUnreadable, "");
  ExpectPath("file:a/b", Form::kUnreadable, "");
  ExpectPath("file://localhost", Form::kUnreadable, "");
}

TEST(NormalisePathTest, TakesOutWhatSaysNothing) {
  EXPECT_EQ(NormalisePath("//a///b/./c/"), "/a/b/c");
  EXPECT_EQ(NormalisePath("/a/../b"), "/b");
  EXPECT_EQ(NormalisePath("/../.."), "/");
  EXPECT_EQ(NormalisePath("/"), "/");
  EXPECT_EQ(NormalisePath("a/./b/../c"), "a/c");
  EXPECT_EQ(NormalisePath("a/../../b"), "../b");
  EXPECT_EQ(NormalisePath("."), "");
  EXPECT_EQ(NormalisePath(""), "");
}

TEST(BelowDirectoryTest, ComparesWholeComponents) {
  EXPECT_EQ(BelowDirectory("/a/b/c", "/a"), "b/c");
  EXPECT_EQ(BelowDirectory("/a", "/a"), "");
  EXPECT_EQ(BelowDirectory("/ab", "/a"), std::nullopt);
  EXPECT_EQ(BelowDirectory("/a", "/a/b"), std::nullopt);
  EXPECT_EQ(BelowDirectory("/a", "/"), "a");
  EXPECT_EQ(BelowDirectory("/", "/"), "");
}

}  // namespace
}  // namespace retentiond
