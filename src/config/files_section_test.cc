#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FilesSectionTest : public ConfigFixture {};

TEST_F(FilesSectionTest, TakesTempDirFromTheEnvironment) {
  env_["TEMP_DIR"] = "/scratch/render/";
  EXPECT_THAT(Good("").files.temp_roots, ElementsAre("/scratch/render"));
}

TEST_F(FilesSectionTest, RefusesABadTempDir) {
  env_["TEMP_DIR"] = "tmp";
  EXPECT_EQ(Refusal(""), "TEMP_DIR: expected an absolute path, not \"tmp\"");
  env_["TEMP_DIR"] = "/";
  EXPECT_THAT(Refusal(""), HasSubstr("TEMP_DIR: \"/\" cannot be a root"));
}

TEST_F(FilesSectionTest, MayHaveNoRoots) {
  const Config config = Good("[files]\ntemp_roots = []\nlog_roots = []\n");
  EXPECT_THAT(config.files.temp_roots, IsEmpty());
  EXPECT_THAT(config.files.log_roots, IsEmpty());
}

TEST_F(FilesSectionTest, RefusesRootsThatAreNotOnePlace) {
  EXPECT_EQ(Refusal("[files]\ntemp_roots = [\"./tmp\"]\n"),
            "r.toml:2: files.temp_roots: expected an absolute path, not "
            "\"./tmp\"");
  EXPECT_THAT(Refusal("[files]\nlog_roots = [\"~/logs\"]\n"),
              HasSubstr("expected an absolute path"));
  EXPECT_EQ(Refusal("[files]\nlog_roots = [\"/srv/../logs\"]\n"),
            "r.toml:2: files.log_roots: expected a path without \"..\", not "
            "\"/srv/../logs\"");
  for (const std::string root : {"/", "//", "/.", "/./"}) {
    EXPECT_EQ(Refusal("[files]\ntemp_roots = [\"" + root + "\"]\n"),
              "r.toml:2: files.temp_roots: \"/\" cannot be a root: everything "
              "lies below it");
  }
}

TEST_F(FilesSectionTest, RefusesRootsThatOverlap) {
  EXPECT_EQ(Refusal("[files]\ntemp_roots = [\"/a/b\", \"/a//b/\"]\n"),
            "r.toml:2: files.temp_roots: \"/a/b\" is named twice as a root");
  EXPECT_EQ(Refusal("[files]\ntemp_roots = [\"/a\"]\nlog_roots = [\"/a/b\"]\n"),
            "r.toml:3: files.log_roots: the roots \"/a/b\" and \"/a\" lie one "
            "below the other");
  EXPECT_THAT(Refusal("[files]\ntemp_roots = [\"/a/b/c\", \"/a/b\"]\n"),
              HasSubstr("one below the other"));
  EXPECT_THAT(Refusal("[files]\nlog_roots = [\"/tmp\"]\n"),
              HasSubstr("one below the other"));
}

TEST_F(FilesSectionTest, AllowsRootsThatOnlyBeginAlike) {
  EXPECT_EQ(Good("[files]\ntemp_roots = [\"/a/b\", \"/a/bc\", \"/a/c\"]\n")
                .files.temp_roots.size(),
            3u);
}

TEST_F(FilesSectionTest, NamesFilesByTheLastIdColumn) {
  const Config config =
      Good("[jobs]\ntable = \"task\"\nid = [\"tenant\", \"uid\"]\n");
  EXPECT_THAT(config.files.job_names, ElementsAre("{uid}", "{uid}.json"));
  EXPECT_THAT(config.files.log_names, ElementsAre("{uid}.log"));
}

TEST_F(FilesSectionTest, RefusesPatternsWithoutASoundField) {
  for (const std::string pattern :
       {"name", "{id", "id}", "{}", "{a{b}}", "{a}}", "{a}{", "}{"}) {
    EXPECT_EQ(Refusal("[files]\njob_names = [\"" + pattern + "\"]\n"),
              "r.toml:2: files.job_names: expected a name with a field in "
              "braces, like \"{id}.json\", not \"" +
                  pattern + "\"");
  }
  EXPECT_THAT(Refusal("[files]\nlog_names = [\"x\"]\n"),
              HasSubstr("files.log_names: expected a name with a field"));
}

TEST_F(FilesSectionTest, TakesSeveralFieldsInAPattern) {
  Good("[files]\njob_names = [\"a{b}c{d.e}f\"]\n");
}

TEST_F(FilesSectionTest, RefusesPatternsThatGoDown) {
  for (const std::string key : {"job_names", "output_names"}) {
    EXPECT_EQ(Refusal("[files]\n" + key + " = [\"{id}/x\"]\n"),
              "r.toml:2: files." + key +
                  ": expected a name directly below a root, without \"/\", not "
                  "\"{id}/x\"");
  }
}

TEST_F(FilesSectionTest, LetsLogsLieInDirectoriesBelowTheRoot) {
  Good("[files]\nlog_names = [\"{id}.log\", \"a/{project}/{id}.log\"]\n");
  for (const std::string pattern :
       {"../{id}", "a/../{id}", "/{id}", "{id}/", "a//{id}", "./{id}"}) {
    EXPECT_THAT(Refusal("[files]\nlog_names = [\"" + pattern + "\"]\n"),
                HasSubstr("files.log_names: expected a path below a root"))
        << pattern;
  }
}

TEST_F(FilesSectionTest, RefusesListsWhoseEmptinessWouldTakeProtectionOff) {
  for (const std::string key : {"job_names", "log_names", "output_names"}) {
    EXPECT_THAT(Refusal("[files]\n" + key + " = []\n"),
                HasSubstr("files." + key + ": expected at least one text"));
  }
}

TEST_F(FilesSectionTest, RefusesWrongTypes) {
  for (const std::string key : {"temp_roots", "log_roots", "job_paths",
                                "job_names", "log_names", "output_names"}) {
    EXPECT_THAT(Refusal("[files]\n" + key + " = 1\n"),
                HasSubstr("files." + key + ": expected an array of texts"));
  }
  EXPECT_THAT(Refusal("[files]\nowner = 0\n"), HasSubstr("files.owner"));
}

}  // namespace
}  // namespace retentiond
