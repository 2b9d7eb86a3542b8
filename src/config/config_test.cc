#include "config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ConfigTest : public ConfigFixture {};

TEST_F(ConfigTest, RunsOnTheEnvironmentAloneWithoutAFile) {
  const absl::StatusOr<Config> loaded =
      LoadConfig(std::nullopt, Env(), directory_ / "missing.toml");
  ASSERT_TRUE(loaded.ok()) << MessageOf(loaded.status());
  EXPECT_EQ(loaded->database.path, "/srv/x.db");
  EXPECT_EQ(loaded->jobs.table, "Job");
  EXPECT_THAT(loaded->jobs.id, ElementsAre("id"));
  EXPECT_EQ(loaded->jobs.created, "createdAt");
  EXPECT_EQ(loaded->jobs.status, "status");
  EXPECT_THAT(loaded->jobs.finished,
              ElementsAre("COMPLETED", "FAILED", "CANCELLED"));
  EXPECT_EQ(loaded->jobs.created_zone, "UTC");
  EXPECT_THAT(loaded->jobs.outputs, ElementsAre("outputPath"));
  EXPECT_FALSE(loaded->jobs.described);
  EXPECT_THAT(loaded->dependents, IsEmpty());
  EXPECT_THAT(loaded->files.temp_roots, ElementsAre("/tmp/nexrender"));
  EXPECT_THAT(loaded->files.job_names,
              ElementsAre("{id}", "{id}.json", "{nexrenderConfig.uid}"));
  EXPECT_THAT(loaded->files.job_paths, IsEmpty());
  EXPECT_THAT(loaded->files.log_roots, IsEmpty());
  EXPECT_THAT(loaded->files.log_names, ElementsAre("{id}.log"));
  EXPECT_THAT(loaded->files.output_names,
              ElementsAre("result", "result.*", "result_*.*"));
  EXPECT_FALSE(loaded->files.owner.has_value());
  EXPECT_EQ(loaded->schedule.at, std::chrono::hours(3));
  EXPECT_EQ(loaded->schedule.timezone, "Europe/Helsinki");
  EXPECT_EQ(loaded->schedule.window, std::chrono::hours(3));
  EXPECT_EQ(loaded->state_directory, "/srv/farmer/.local/state/retentiond");
}

TEST_F(ConfigTest, ReadsTheDefaultFileWhenItExists) {
  std::ofstream(file()) << "[schedule]\nat = \"04:30\"\n";
  const absl::StatusOr<Config> loaded = LoadConfig(std::nullopt, Env(), file());
  ASSERT_TRUE(loaded.ok()) << MessageOf(loaded.status());
  EXPECT_EQ(loaded->schedule.at, std::chrono::minutes(270));
}

TEST_F(ConfigTest, DoesNotTakeAnUnreachableDefaultFileForAMissingOne) {
  const absl::StatusOr<Config> loaded =
      LoadConfig(std::nullopt, Env(), directory_ / std::string(300, 'x'));
  EXPECT_THAT(MessageOf(loaded.status()), HasSubstr("File name too long"));
}

TEST_F(ConfigTest, RefusesAFileThatCannotBeRead) {
  const absl::StatusOr<Config> missing =
      LoadConfig(directory_ / "missing.toml", Env());
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(missing.status()),
            (directory_ / "missing.toml").string() +
                ": cannot read the configuration: No such file or directory");
  const absl::StatusOr<Config> directory = LoadConfig(directory_, Env());
  EXPECT_THAT(MessageOf(directory.status()), HasSubstr("it is a directory"));
}

TEST_F(ConfigTest, ReadsEverySetting) {
  const Config config = Good(R"(
[database]
url = "file:/srv/farm/dev.db"
[jobs]
table = "render_job"
id = ["tenant_id", "id"]
created = "made"
status = "state"
finished = ["done"]
created_zone = "Europe/Helsinki"
outputs = ["out", "config.output"]
[[dependents]]
table = "render_log"
columns = ["tenant_id", "job_id"]
[[dependents]]
table = "render_event"
columns = ["tenant_id", "job"]
[files]
temp_roots = ["/srv/tmp", "/scratch/"]
job_names = ["job-{id}"]
job_paths = ["workdir"]
log_roots = ["/var/log/render"]
log_names = ["{id}.txt"]
output_names = ["final.*"]
owner = "render"
[schedule]
at = "00:05"
timezone = "America/New_York"
window = "1h30m"
)");
  EXPECT_EQ(config.database.kind, DatabaseKind::kSqlite);
  EXPECT_EQ(config.database.path, "/srv/farm/dev.db");
  EXPECT_TRUE(config.jobs.described);
  EXPECT_EQ(config.jobs.table, "render_job");
  EXPECT_THAT(config.jobs.id, ElementsAre("tenant_id", "id"));
  EXPECT_EQ(config.jobs.created, "made");
  EXPECT_EQ(config.jobs.status, "state");
  EXPECT_THAT(config.jobs.finished, ElementsAre("done"));
  EXPECT_EQ(config.jobs.created_zone, "Europe/Helsinki");
  EXPECT_THAT(config.jobs.outputs, ElementsAre("out", "config.output"));
  ASSERT_EQ(config.dependents.size(), 2u);
  EXPECT_EQ(config.dependents[0].table, "render_log");
  EXPECT_THAT(config.dependents[1].columns, ElementsAre("tenant_id", "job"));
  EXPECT_THAT(config.files.temp_roots, ElementsAre("/srv/tmp", "/scratch"));
  EXPECT_THAT(config.files.job_names, ElementsAre("job-{id}"));
  EXPECT_THAT(config.files.job_paths, ElementsAre("workdir"));
  EXPECT_THAT(config.files.log_roots, ElementsAre("/var/log/render"));
  EXPECT_THAT(config.files.log_names, ElementsAre("{id}.txt"));
  EXPECT_THAT(config.files.output_names, ElementsAre("final.*"));
  EXPECT_EQ(config.files.owner, "render");
  EXPECT_EQ(config.schedule.at, std::chrono::minutes(5));
  EXPECT_EQ(config.schedule.timezone, "America/New_York");
  EXPECT_EQ(config.schedule.window, std::chrono::minutes(90));
}

TEST_F(ConfigTest, TakesAnEmptyFileForAllDefaults) {
  EXPECT_EQ(Good("").jobs.table, "Job");
  EXPECT_FALSE(Good("[jobs]\n").jobs.described);
}

TEST_F(ConfigTest, NamesTheNearestSection) {
  EXPECT_EQ(Refusal("\n[shedule]\nat = \"03:00\"\n"),
            "r.toml:2: shedule: unknown key; did you mean \"schedule\"?");
}

TEST_F(ConfigTest, RefusesKeysOutsideTheirSection) {
  EXPECT_EQ(Refusal("timezone = \"UTC\"\n"),
            "r.toml:1: timezone: unknown key; expected one of database, jobs, "
            "dependents, files, schedule, http, alerts");
}

TEST_F(ConfigTest, RefusesUnknownKeysInEverySection) {
  EXPECT_EQ(Refusal("[database]\nulr = \"x\"\n"),
            "r.toml:2: database.ulr: unknown key; did you mean \"url\"?");
  EXPECT_EQ(Refusal("[jobs]\ncreatd = \"x\"\n"),
            "r.toml:2: jobs.creatd: unknown key; did you mean \"created\"?");
  EXPECT_EQ(Refusal("[[dependents]]\ntabel = \"x\"\n"),
            "r.toml:2: dependents.tabel: unknown key; did you mean \"table\"?");
  EXPECT_EQ(Refusal("[files]\nlog_root = []\n"),
            "r.toml:2: files.log_root: unknown key; did you mean "
            "\"log_roots\"?");
  EXPECT_EQ(Refusal("[schedule]\ntime_zone = \"UTC\"\n"),
            "r.toml:2: schedule.time_zone: unknown key; did you mean "
            "\"timezone\"?");
}

TEST_F(ConfigTest, SaysThatSevenDaysCannotBeConfigured) {
  for (const std::string key :
       {"retention_days", "retention", "days", "keep_days", "keep_for",
        "max_age", "Max-Age", "older_than", "ttl_hours", "expire_after"}) {
    EXPECT_EQ(Refusal("[jobs]\n" + key + " = 30\n"),
              "r.toml:2: jobs." + key +
                  ": the retention period is seven days, by policy, and cannot "
                  "be configured; remove this key");
  }
  EXPECT_THAT(Refusal("[retention]\ndays = 30\n"), HasSubstr("seven days"));
}

TEST_F(ConfigTest, SaysThatArchivesAndBackupsAreNoFeature) {
  for (const std::string key : {"archive_to", "archiving", "backup"}) {
    EXPECT_THAT(Refusal(key + " = \"/srv\"\n"),
                HasSubstr(key + ": not a feature"));
  }
}

TEST_F(ConfigTest, RefusesSectionsThatAreNoSections) {
  EXPECT_EQ(Refusal("jobs = \"Job\"\n"),
            "r.toml:1: jobs: expected a section [jobs], not a text");
  EXPECT_EQ(Refusal("[[files]]\n"),
            "r.toml:1: files: expected a section [files], not an array");
  EXPECT_EQ(Refusal("schedule = 3\n"),
            "r.toml:1: schedule: expected a section [schedule], not a number");
  EXPECT_EQ(Refusal("[dependents]\ntable = \"x\"\n"),
            "r.toml:1: dependents: expected sections [[dependents]], not a "
            "table");
  EXPECT_THAT(Refusal("dependents = [\"x\"]\n"),
              HasSubstr("expected sections [[dependents]]"));
  EXPECT_THAT(Refusal("[[database]]\n"), HasSubstr("section [database]"));
}

TEST_F(ConfigTest, RefusesWrongTypes) {
  EXPECT_EQ(Refusal("[schedule]\nat = 03:00:00\n"),
            "r.toml:2: schedule.at: expected a text in quotes, not a time");
  EXPECT_EQ(Refusal("[schedule]\nwindow = 3\n"),
            "r.toml:2: schedule.window: expected a text in quotes, not a "
            "number");
  EXPECT_EQ(Refusal("[jobs]\nstatus = false\n"),
            "r.toml:2: jobs.status: expected a text in quotes, not a truth "
            "value");
  EXPECT_EQ(Refusal("[jobs]\noutputs = \"outputPath\"\n"),
            "r.toml:2: jobs.outputs: expected an array of texts, like "
            "[\"a\", \"b\"], not a text");
  EXPECT_EQ(Refusal("[files]\nlog_names = [\"{id}\", 3]\n"),
            "r.toml:2: files.log_names: expected a text in quotes, not a "
            "number");
}

TEST_F(ConfigTest, RefusesEmptyAndUnprintableTexts) {
  EXPECT_THAT(Refusal("[jobs]\nstatus = \"\"\n"),
              HasSubstr("jobs.status: expected a text that is not empty"));
  EXPECT_THAT(Refusal("[jobs]\ntable = \"a\\u0000b\"\n"),
              HasSubstr("jobs.table: expected a text without control"));
  EXPECT_THAT(Refusal("[jobs]\ntable = \"a\\u007f\"\n"),
              HasSubstr("without control"));
}

TEST_F(ConfigTest, NamesTheLineOfBrokenToml) {
  EXPECT_THAT(Refusal("[schedule]\nat = \n"),
              testing::StartsWith("r.toml:2: not valid TOML: "));
}

TEST_F(ConfigTest, NeverRepeatsASecret) {
  for (const std::string line :
       {"url = \"postgresql://u:CANARY@h/db", "url = CANARY", "url = tCANARY",
        "url = \"mysql://u:CANARY@h/db\"", "url = \"u:CANARY@h\"",
        "url = \"host=h password=CANARY\"", "url = \"x?password=CANARY\"",
        "url = [\"CANARY\"]", "url = \"mysql://h/db?password=CANARY\"",
        "url = \"mysql://u:CANARY?/@h\"", "url = \"CANARY\\u0000\"",
        "url = \"p=CANARY://\"", "url = 'CANARY' CANARY",
        "url = \"file://u:CANARY@h/x\"", "url = \"mysql://h?a=b@c&p=CANARY\"",
        "password = \"CANARY\""}) {
    const std::string message = Refusal("[database]\n" + line + "\n");
    for (std::size_t length = 3; length <= 6; ++length) {
      EXPECT_EQ(message.find(std::string("CANARY").substr(0, length)),
                std::string::npos)
          << line << "\n"
          << message;
    }
  }
  env_["DATABASE_URL"] = "mysql://u:CANARY@h/db";
  EXPECT_EQ(Refusal(""),
            "DATABASE_URL: expected a database like \"file:/srv/farm/dev.db\" "
            "or \"postgresql://user@host/farm\", not \"mysql://...@h/db\"");
}

TEST_F(ConfigTest, TakesTheFileBeforeTheEnvironment) {
  env_["TEMP_DIR"] = "/env/tmp";
  const Config config = Good(
      "[database]\nurl = \"file:/file/x.db\"\n[files]\ntemp_roots = "
      "[\"/file/tmp\"]\n[schedule]\ntimezone = \"UTC\"\n");
  EXPECT_EQ(config.database.path, "/file/x.db");
  EXPECT_THAT(config.files.temp_roots, ElementsAre("/file/tmp"));
  EXPECT_EQ(config.schedule.timezone, "UTC");
}

TEST_F(ConfigTest, AsksForADatabase) {
  env_.erase("DATABASE_URL");
  EXPECT_EQ(Refusal(""),
            "r.toml: database.url: expected the database, here or in "
            "DATABASE_URL, like \"file:/srv/farm/dev.db\"");
  EXPECT_THAT(Refusal("\n[database]\n"),
              testing::StartsWith("r.toml:2: database.url: expected"));
}

TEST_F(ConfigTest, KeepsThePostgresUrl) {
  const Config config = Good("[database]\nurl = \"postgresql://u@h/farm\"\n");
  EXPECT_EQ(config.database.kind, DatabaseKind::kPostgres);
  EXPECT_EQ(config.database.url, "postgresql://u@h/farm");
}

TEST_F(ConfigTest, RefusesADatabaseBelowARoot) {
  EXPECT_EQ(Refusal("[database]\nurl = \"file:/tmp/nexrender/x.db\"\n"),
            "the database: \"/tmp/nexrender/x.db\" lies below the root "
            "\"/tmp/nexrender\", where files are removed; move one of the two");
  EXPECT_THAT(Refusal("[files]\nlog_roots = [\"/srv\"]\n"),
              HasSubstr("the database"));
  Good("[database]\nurl = \"file:/tmp/nexrender-db/x.db\"\n");
}

TEST_F(ConfigTest, RefusesAStateDirectoryBelowARoot) {
  EXPECT_THAT(Refusal("[files]\nlog_roots = [\"/srv/farmer\"]\n"),
              HasSubstr("the state directory"));
  env_["STATE_DIRECTORY"] = "/tmp/nexrender";
  EXPECT_THAT(Refusal(""), HasSubstr("the state directory"));
}

TEST_F(ConfigTest, RefusesABadStateDirectory) {
  env_["STATE_DIRECTORY"] = "state";
  EXPECT_EQ(Refusal(""),
            "STATE_DIRECTORY: expected an absolute path, not \"state\"");
}

TEST(ProcessEnvironmentTest, TakesAnEmptyVariableForUnset) {
  const Environment env = ProcessEnvironment();
  unsetenv("RETENTIOND_TEST");
  EXPECT_EQ(env("RETENTIOND_TEST"), std::nullopt);
  setenv("RETENTIOND_TEST", "", 1);
  EXPECT_EQ(env("RETENTIOND_TEST"), std::nullopt);
  setenv("RETENTIOND_TEST", "x", 1);
  EXPECT_EQ(env("RETENTIOND_TEST"), "x");
  unsetenv("RETENTIOND_TEST");
}

}  // namespace
}  // namespace retentiond
