// retentiond.toml(5) says what the code does: every key, every default, and
// examples that load.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using testing::HasSubstr;
using testing::Not;

// One setting as the manual tells it.
struct Setting {
  std::string section;  // "[schedule]", "[[dependents]]"
  std::string key;
  std::optional<std::string> value;  // of its default, as TOML
};

class ManualTest : public ConfigFixture {
 protected:
  ManualTest() {
    std::ifstream file(RETENTIOND_SOURCE_DIR "/man/retentiond.toml.5.scd");
    std::string text, section;
    bool example = false;
    for (std::string line; std::getline(file, line);) {
      if (line == "```") {
        example = !example;
        if (example) examples_.emplace_back();
      } else if (example) {
        examples_.back() += line + "\n";
      } else {
        ReadLine(line, section);
      }
    }
  }

  void ReadLine(const std::string& line, std::string& section) {
    static const std::regex kHeading(R"(# (\[.*\]))");
    static const std::regex kKey(R"(\*(\w+)\* = .*)");
    static const std::regex kDefault(R"(.*Default: \*(.*)\*([ ,].*|\.|$))");
    std::smatch match;
    if (std::regex_match(line, match, kHeading)) {
      section = match[1];
    } else if (std::regex_match(line, match, kKey)) {
      settings_.push_back({section, match[1], std::nullopt});
    } else if (std::regex_match(line, match, kDefault)) {
      settings_.back().value =
          std::regex_replace(match[1].str(), std::regex(R"(\\(.))"), "$1");
    }
  }

  std::vector<Setting> settings_;
  std::vector<std::string> examples_;
};

// Every member that a key sets, so that a key which changes one is seen.
std::string Everything(const Config& config) {
  std::ostringstream out;
  const auto list = [&](const auto& values) {
    for (const auto& value : values) out << value << ", ";
    out << "\n";
  };
  const JobsConfig& jobs = config.jobs;
  out << config.database.name << "\n" << config.database.password_file << "\n";
  out << jobs.table << "\n" << jobs.created << "\n";
  list(jobs.id);
  out << jobs.status.value_or("none") << "\n" << jobs.created_zone << "\n";
  list(jobs.finished);
  list(jobs.outputs);
  const FilesConfig& files = config.files;
  list(files.temp_roots);
  list(files.job_names);
  list(files.job_paths);
  list(files.log_roots);
  list(files.log_names);
  list(files.output_names);
  out << files.owner.value_or("none") << "\n";
  out << config.schedule.at.count() << config.schedule.timezone
      << config.schedule.window.count() << "\n";
  const AlertsConfig& alerts = config.alerts;
  out << alerts.slack.value_or(SlackConfig{}).api_url << "\n"
      << static_cast<int>(alerts.email.value_or(EmailConfig{}).tls) << "\n";
  const HttpConfig& http = config.http;
  out << static_cast<int>(http.listen) << http.address << http.port
      << http.socket << http.token_file << config.dependents.size();
  return out.str();
}

// The heading of a section, with the keys that it cannot be without.
std::string Required(const std::string& section) {
  if (section == "[alerts]") {
    return section + "\nslack_token_file = \"/t\"\nslack_channel = \"#c\"\n";
  }
  if (section == "[alerts.email]") {
    return section +
           "\nserver = \"smtp://h:587\"\nfrom = \"a@h\"\nto = \"b@h\"\n";
  }
  return section + "\n";
}

TEST_F(ManualTest, TellsTheDefaultOfEachKey) {
  int defaults = 0;
  for (const Setting& setting : settings_) {
    if (!setting.value.has_value()) continue;
    ++defaults;
    const std::string without = Required(setting.section);
    EXPECT_EQ(
        Everything(Good(without + setting.key + " = " + *setting.value + "\n")),
        Everything(Good(without)))
        << setting.section << " " << setting.key;
  }
  EXPECT_GE(defaults, 16);
}

TEST_F(ManualTest, NamesNoKeyThatTheCodeDoesNotKnow) {
  for (const Setting& setting : settings_) {
    const std::string text =
        "[database]\nurl = \"postgresql://h/d\"\n" +
        (setting.section == "[database]" ? "" : setting.section + "\n") +
        (setting.key == "url" ? "" : setting.key + " = 1.5\n");
    if (setting.key == "url") continue;  // without it nothing loads
    EXPECT_THAT(Refusal(text), Not(HasSubstr("unknown key")))
        << setting.section << " " << setting.key;
  }
}

TEST_F(ManualTest, NamesEveryKeyOfTheCode) {
  std::set<std::string> named;
  for (const Setting& setting : settings_) {
    named.insert(setting.key);
    // The key of a section within one is its heading.
    const std::size_t dot = setting.section.find('.');
    if (dot == std::string::npos) continue;
    named.insert(
        setting.section.substr(dot + 1, setting.section.size() - dot - 2));
  }
  const std::regex call(R"(CheckKeys\(\s*\{([^}]*)\})");
  const std::regex key(R"re("(\w+)")re");
  int known = 0;
  for (const auto& entry : std::filesystem::directory_iterator(
           RETENTIOND_SOURCE_DIR "/src/config")) {
    if (!entry.path().string().ends_with("_section.cc")) continue;
    std::ifstream file(entry.path());
    std::stringstream source;
    source << file.rdbuf();
    const std::string text = source.str();
    for (std::sregex_iterator found(text.begin(), text.end(), call), end;
         found != end; ++found) {
      const std::string keys = (*found)[1];
      for (std::sregex_iterator each(keys.begin(), keys.end(), key);
           each != end; ++each) {
        ++known;
        EXPECT_TRUE(named.contains((*each)[1]))
            << entry.path() << ": " << (*each)[1]
            << " is not in man/retentiond.toml.5.scd";
      }
    }
  }
  EXPECT_GE(known, 23);
}

TEST_F(ManualTest, HasExamplesThatLoad) {
  ASSERT_GE(examples_.size(), 2u);
  for (const std::string& example : examples_) Good(example);
}

}  // namespace
}  // namespace retentiond
