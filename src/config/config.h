// The configuration: every setting, its unit, its default and its range.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/alerts_config.h"

namespace retentiond {

enum class DatabaseKind { kSqlite, kPostgres };

struct DatabaseConfig {
  DatabaseKind kind = DatabaseKind::kSqlite;
  std::string url;             // as given; may hold a secret: never print
  std::filesystem::path path;  // kSqlite: absolute
  // kPostgres. As libpq names them; may hold a secret: never print.
  std::map<std::string, std::string> parameters = {};
  std::string schema = {};  // of bare table names; empty: the role's own
  // Read at each connection; empty: none. Absolute.
  std::filesystem::path password_file = {};
  // How the database is named to people: a path, or a URL without secrets.
  std::string name = {};
};

// The render manager's layout is the default.
struct JobsConfig {
  std::string table = "Job";
  std::vector<std::string> id = {"id"};  // one column, or a composite key
  std::string created = "createdAt";
  // None: every job counts as finished.
  std::optional<std::string> status = "status";
  std::vector<std::string> finished = {"COMPLETED", "FAILED", "CANCELLED"};
  std::string created_zone = "UTC";  // IANA name, of a zoneless column
  bool created_zone_given = false;   // false: "UTC" is only the default
  // Columns, or paths into a JSON column: "nexrenderConfig.output".
  std::vector<std::string> outputs = {"outputPath"};
  // Whether any key of [jobs] was given: a database of the known layout may
  // then lack the default columns that the file does not name. Where the table
  // is another than "Job", status and outputs have no defaults.
  bool described = false;
};

// A table that refers to jobs without a foreign key.
struct DependentConfig {
  std::string table;
  std::vector<std::string> columns;  // as many as the job's id
};

struct FilesConfig {
  std::vector<std::filesystem::path> temp_roots;  // absolute
  // "{field}" in a pattern is a column or a path into a JSON column.
  std::vector<std::string> job_names = {"{id}", "{id}.json",
                                        "{nexrenderConfig.uid}"};
  std::vector<std::string> job_paths;            // fields that hold a path
  std::vector<std::filesystem::path> log_roots;  // absolute
  std::vector<std::string> log_names = {"{id}.log"};
  // Glob patterns of file names that count, in orphans, as past outputs.
  std::vector<std::string> output_names = {"result", "result.*", "result_*.*"};
  // Who besides root and ourselves may own a root.
  std::optional<std::string> owner;
};

struct ScheduleConfig {
  std::chrono::minutes at{std::chrono::hours(3)};      // after local midnight
  std::string timezone;                                // IANA name, resolved
  std::chrono::minutes window{std::chrono::hours(3)};  // 1 min to 23 h
};

// Where the answers over HTTP are given.
struct HttpConfig {
  enum class Listen { kOff, kTcp, kUnix };
  Listen listen = Listen::kTcp;
  std::string address = "127.0.0.1";  // kTcp: numeric, without brackets
  std::uint16_t port = 8373;          // kTcp
  bool loopback = true;               // kTcp: only this machine reaches it
  std::filesystem::path socket = {};  // kUnix: absolute
  // Whose first line every request must bear; empty: none needs to. Absolute.
  std::filesystem::path token_file = {};

  friend bool operator==(const HttpConfig&, const HttpConfig&) = default;
};

struct Config {
  DatabaseConfig database;
  JobsConfig jobs;
  std::vector<DependentConfig> dependents;
  FilesConfig files;
  ScheduleConfig schedule;
  HttpConfig http;
  AlertsConfig alerts;
  std::filesystem::path state_directory;  // absolute
};

// Reads an environment variable; none when it is unset or empty.
using Environment =
    std::function<std::optional<std::string>(const std::string& name)>;
Environment ProcessEnvironment();

inline constexpr char kDefaultConfigPath[] = "/etc/retentiond/retentiond.toml";

// Loads and validates. `file` is --config; without it the default path is read
// when it exists, else the environment alone must suffice (DATABASE_URL).
// Every error is InvalidArgument and names the file and line (or the variable),
// the key, what was expected, and the nearest known key: main exits 78.
absl::StatusOr<Config> LoadConfig(
    const std::optional<std::filesystem::path>& file, const Environment& env,
    const std::filesystem::path& default_file = kDefaultConfigPath);

// The same of a text; errors name `file` as its place.
absl::StatusOr<Config> ParseConfig(const std::string& text,
                                   const std::filesystem::path& file,
                                   const Environment& env);

// Whether the file sets anything: not so where it is missing, or where all of
// it is comments and bare headings.
absl::StatusOr<bool> HasSettings(const std::filesystem::path& file);

}  // namespace retentiond
