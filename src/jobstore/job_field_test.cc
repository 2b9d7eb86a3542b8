#include "jobstore/job_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(JobFieldTest, IsAColumnOrAPathBelowOne) {
  EXPECT_EQ(FindField("id", {"id"}), (FieldSource{"id", {}}));
  EXPECT_EQ(FindField("config.a.b", {"id", "config"}),
            (FieldSource{"config", {"a", "b"}}));
}

TEST(JobFieldTest, ColumnWhoseNameHasDotsWinsOverAPath) {
  EXPECT_EQ(FindField("config.uid", {"config", "config.uid"}),
            (FieldSource{"config.uid", {}}));
  EXPECT_EQ(FindField("config.uid.x", {"config", "config.uid"}),
            (FieldSource{"config.uid", {"x"}}));
}

TEST(JobFieldTest, IsNoneWithoutItsColumn) {
  EXPECT_EQ(FindField("config.uid", {"id"}), std::nullopt);
  EXPECT_EQ(FindField("", {"id"}), std::nullopt);
  EXPECT_EQ(FindField(".id", {"id"}), std::nullopt);
}

TEST(JobFieldTest, ReadsScalars) {
  EXPECT_THAT(TextsInJson(R"({"a":{"b":"x"}})", {"a", "b"}), ElementsAre("x"));
  EXPECT_THAT(TextsInJson(R"({"a":17})", {"a"}), ElementsAre("17"));
  EXPECT_THAT(TextsInJson(R"({"a":true})", {"a"}), ElementsAre("true"));
  EXPECT_THAT(TextsInJson(R"("x")", {}), ElementsAre("x"));
}

TEST(JobFieldTest, ReadsArraysOfScalars) {
  EXPECT_THAT(TextsInJson(R"({"a":["x",1,null,{},"y"]})", {"a"}),
              ElementsAre("x", "1", "y"));
  EXPECT_THAT(TextsInJson(R"({"a":[]})", {"a"}), IsEmpty());
}

TEST(JobFieldTest, ANumberSelectsFromAnArray) {
  EXPECT_THAT(TextsInJson(R"([{"o":"x"},{"o":"y"}])", {"1", "o"}),
              ElementsAre("y"));
  EXPECT_THAT(TextsInJson("[1]", {"1"}), IsEmpty());
  EXPECT_THAT(TextsInJson("[1]", {"o"}), IsEmpty());
  EXPECT_THAT(TextsInJson("[1]", {"0x"}), IsEmpty());
}

TEST(JobFieldTest, IsNoneForNullMissingPathsAndGarbage) {
  EXPECT_THAT(TextsInJson(R"({"a":null})", {"a"}), IsEmpty());
  EXPECT_THAT(TextsInJson(R"({"a":{}})", {"a"}), IsEmpty());
  EXPECT_THAT(TextsInJson(R"({"a":1})", {"b"}), IsEmpty());
  EXPECT_THAT(TextsInJson(R"({"a":"x"})", {"a", "b"}), IsEmpty());
  EXPECT_THAT(TextsInJson("{", {}), IsEmpty());
  EXPECT_THAT(TextsInJson("{", {"a"}), IsEmpty());
  EXPECT_THAT(TextsInJson("", {"a"}), IsEmpty());
}

TEST(JobFieldTest, BearsAMillionLevels) {
  constexpr std::size_t kLevels = 1'000'000;
  const std::string deep =
      std::string(kLevels, '[') + std::string(kLevels, ']');
  EXPECT_THAT(TextsInJson(R"({"uid":"x","more":)" + deep + "}", {"uid"}),
              ElementsAre("x"));
  EXPECT_THAT(TextsInJson(std::string(kLevels, '['), {"uid"}), IsEmpty());
}

}  // namespace
}  // namespace retentiond
