#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/status_macros.h"
#include "config/environment.h"
#include "config/sections.h"
#include "config/settings_table.h"
#include "config/toml_document.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<std::string> ReadWhole(const fs::path& file) {
  const auto failure = [&file](const char* reason) {
    return absl::InvalidArgumentError(fmt::format(
        "{}: cannot read the configuration: {}", file.string(), reason));
  };
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) return failure("it is a directory");
  std::ifstream stream(file, std::ios::binary);
  if (!stream.is_open()) return failure(std::strerror(errno));
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

bool SetsAnything(const TomlValue& table) {
  return std::any_of(table.entries.begin(), table.entries.end(),
                     [](const TomlEntry& entry) {
                       return entry.value.kind != TomlValue::Kind::kTable ||
                              SetsAnything(entry.value);
                     });
}

absl::StatusOr<Config> ReadSections(const SettingsTable& root,
                                    const Environment& env) {
  RETURN_IF_ERROR(root.CheckKeys({"database", "jobs", "dependents", "files",
                                  "schedule", "http", "alerts"}));
  Config config;
  ASSIGN_OR_RETURN(const SettingsTable database, root.Section("database"));
  ASSIGN_OR_RETURN(config.database, ReadDatabase(database, env));
  ASSIGN_OR_RETURN(const SettingsTable jobs, root.Section("jobs"));
  ASSIGN_OR_RETURN(config.jobs, ReadJobs(jobs));
  ASSIGN_OR_RETURN(const std::vector<SettingsTable> dependents,
                   root.Sections("dependents"));
  ASSIGN_OR_RETURN(config.dependents, ReadDependents(dependents, config.jobs));
  ASSIGN_OR_RETURN(const SettingsTable files, root.Section("files"));
  ASSIGN_OR_RETURN(config.files, ReadFiles(files, config.jobs, env));
  ASSIGN_OR_RETURN(const SettingsTable schedule, root.Section("schedule"));
  ASSIGN_OR_RETURN(config.schedule, ReadSchedule(schedule, env));
  ASSIGN_OR_RETURN(const SettingsTable http, root.Section("http"));
  ASSIGN_OR_RETURN(config.http, ReadHttp(http, env));
  ASSIGN_OR_RETURN(const SettingsTable alerts, root.Section("alerts"));
  ASSIGN_OR_RETURN(config.alerts, ReadAlerts(alerts, env));
  ASSIGN_OR_RETURN(config.state_directory, StateDirectory(env));
  if (config.database.kind == DatabaseKind::kSqlite) {
    RETURN_IF_ERROR(
        CheckNotBelowARoot(config.files, config.database.path, "the database"));
  }
  RETURN_IF_ERROR(CheckNotBelowARoot(config.files, config.state_directory,
                                     "the state directory"));
  if (config.http.listen == HttpConfig::Listen::kUnix) {
    RETURN_IF_ERROR(CheckNotBelowARoot(config.files, config.http.socket,
                                       "the socket of http.listen"));
  }
  return config;
}

}  // namespace

absl::StatusOr<Config> LoadConfig(const std::optional<fs::path>& file,
                                  const Environment& env,
                                  const fs::path& default_file) {
  const fs::path path = file.value_or(default_file);
  std::error_code error;
  if (!file.has_value() && !fs::exists(path, error) && !error) {
    return ReadSections(SettingsTable(nullptr, path.string(), ""), env);
  }
  ASSIGN_OR_RETURN(const std::string text, ReadWhole(path));
  return ParseConfig(text, path, env);
}

absl::StatusOr<Config> ParseConfig(const std::string& text,
                                   const fs::path& file,
                                   const Environment& env) {
  ASSIGN_OR_RETURN(const TomlValue document, ParseToml(text, file.string()));
  return ReadSections(SettingsTable(&document, file.string(), ""), env);
}

absl::StatusOr<bool> HasSettings(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error) && !error) return false;
  ASSIGN_OR_RETURN(const std::string text, ReadWhole(file));
  ASSIGN_OR_RETURN(const TomlValue document, ParseToml(text, file.string()));
  return SetsAnything(document);
}

}  // namespace retentiond
