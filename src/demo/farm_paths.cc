#include "demo/farm_paths.h"

#include <fmt/format.h>

#include <string>

namespace retentiond {
namespace {

// The reference farm's own zone; its clocks change at 03:00, the very time of
// the cleanup.
constexpr char kZone[] = "Europe/Helsinki";

}  // namespace

FarmPaths::FarmPaths(const std::filesystem::path& directory)
    : base(directory),
      database(base / "farm.db"),
      temporary(base / "nexrender"),
      logs(base / "logs"),
      outputs(base / "outputs"),
      library(base / "library"),
      state(base / "state"),
      ledger(base / "ledger.jsonl"),
      config_file(base / "retentiond.toml") {}

Config FarmConfig(const FarmPaths& paths) {
  Config config;
  config.database = {.kind = DatabaseKind::kSqlite,
                     .url = "file:" + paths.database.string(),
                     .path = paths.database,
                     .name = paths.database.string()};
  config.files.temp_roots = {paths.temporary};
  config.files.log_roots = {paths.logs};
  config.schedule.timezone = kZone;
  config.state_directory = paths.state;
  return config;
}

std::string FarmConfigText(const FarmPaths& paths) {
  return fmt::format(
      "[database]\n"
      "url = \"file:{}\"\n\n"
      "[files]\n"
      "temp_roots = [\"{}\"]\n"
      "log_roots = [\"{}\"]\n\n"
      "[schedule]\n"
      "timezone = \"{}\"\n",
      paths.database.string(), paths.temporary.string(), paths.logs.string(),
      kZone);
}

}  // namespace retentiond
