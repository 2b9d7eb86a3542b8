#include "run/naming.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace retentiond {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Naming Make(const Config& config) {
  absl::StatusOr<Naming> naming = Naming::Make(config);
  EXPECT_TRUE(naming.ok()) << naming.status();
  return *std::move(naming);
}

TEST(NamingTest, KnowsTheRenderManagersNames) {
  Config config;
  const Naming naming = Make(config);
  // "{id}" is the key itself and needs no field.
  EXPECT_THAT(naming.fields(),
              ElementsAre("nexrenderConfig.uid", "outputPath"));
  const Job job{.id = {"clx1"}, .fields = {{"uid7"}, {"/out/a.mp4"}}};
  EXPECT_THAT(naming.TemporaryNames(job),
              ElementsAre("clx1", "clx1.json", "uid7"));
  EXPECT_THAT(naming.LogNames(job), ElementsAre("clx1.log"));
  EXPECT_THAT(naming.Outputs(job), ElementsAre("/out/a.mp4"));
  EXPECT_THAT(naming.Paths(job), IsEmpty());
}

TEST(NamingTest, RequiresTheOutputsAndWhatTheConfigurationNames) {
  Config config;
  EXPECT_THAT(Make(config).required_fields(), ElementsAre("outputPath"));
  config.files.job_names = {"{uid}"};
  config.files.job_paths = {"scratch"};
  EXPECT_THAT(Make(config).required_fields(),
              ElementsAre("uid", "scratch", "outputPath"));
}

TEST(NamingTest, NamesNothingWhereAFieldIsNull) {
  const Naming naming = Make(Config{});
  const Job job{.id = {"clx1"}, .fields = {{}, {}}};
  EXPECT_THAT(naming.TemporaryNames(job), ElementsAre("clx1", "clx1.json"));
  EXPECT_THAT(naming.Outputs(job), IsEmpty());
}

TEST(NamingTest, NamesEachNameOnce) {
  Config config;
  config.files.job_names = {"{id}", "{uid}"};
  config.files.job_paths = {"scratch", "scratch"};
  const Naming naming = Make(config);
  const Job job{.id = {"a"}, .fields = {{"a"}, {"/tmp/x", "/tmp/x"}, {}}};
  EXPECT_THAT(naming.TemporaryNames(job), ElementsAre("a"));
  EXPECT_THAT(naming.Paths(job), ElementsAre("/tmp/x"));
}

TEST(NamingTest, ReadsTheIdColumnOfACompositeKeyAsAField) {
  Config config;
  config.jobs.id = {"tenant", "id"};
  config.jobs.outputs = {};
  config.files.job_names = {"{tenant}-{id}"};
  config.files.log_names = {};
  const Naming naming = Make(config);
  EXPECT_THAT(naming.fields(), ElementsAre("tenant", "id"));
  const Job job{.id = {"[\"t\",1]"}, .fields = {{"t"}, {"1"}}};
  EXPECT_THAT(naming.TemporaryNames(job), ElementsAre("t-1"));
}

TEST(NamingTest, KnowsTheDirectoriesThatALogPatternMakes) {
  Config config;
  config.jobs.outputs = {};
  config.files.job_names = {"{id}"};
  config.files.log_names = {"{id}.log", "logs/{id}.log",
                            "logs/{project}/x/{id}.log"};
  const Naming naming = Make(config);
  EXPECT_EQ(naming.log_depth(), 3U);
  const Job job{.id = {"7"}, .fields = {{"film"}}};
  EXPECT_THAT(naming.LogNames(job),
              ElementsAre("7.log", "logs/7.log", "logs/film/x/7.log"));
  EXPECT_THAT(naming.LogDirectories(job),
              ElementsAre("logs/film/x", "logs/film"));
}

TEST(NamingTest, NamesThePatternThatCannotBeParsed) {
  Config config;
  config.files.job_names = {"{id"};
  const absl::Status names = Naming::Make(config).status();
  EXPECT_EQ(names.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(names.message()), HasSubstr("files.job_names"));
  config = Config{};
  config.files.log_names = {"fixed"};
  EXPECT_THAT(std::string(Naming::Make(config).status().message()),
              HasSubstr("files.log_names"));
}

}  // namespace
}  // namespace retentiond
