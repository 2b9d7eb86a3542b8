// A configuration file of any bytes is read, or refused with a reason.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "config/config.h"
#include "fuzz.h"

namespace {

std::filesystem::path ConfigFile() {
  static const std::filesystem::path file =
      std::filesystem::temp_directory_path() /
      ("retentiond-fuzz-" + std::to_string(::getpid()) + ".toml");
  return file;
}

void RemoveConfigFile() { std::filesystem::remove(ConfigFile()); }

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  [[maybe_unused]] static const int at_exit = std::atexit(RemoveConfigFile);
  std::ofstream(ConfigFile(), std::ios::binary) << fuzz::TextOf(data, size);
  const Environment environment =
      [](const std::string& name) -> std::optional<std::string> {
    if (name == "DATABASE_URL") return "file:/srv/farm.db";
    return std::nullopt;
  };
  const auto config = LoadConfig(ConfigFile(), environment);
  if (!config.ok()) {
    fuzz::Require(absl::IsInvalidArgument(config.status()) &&
                      !config.status().message().empty(),
                  "what is wrong with a configuration is said");
    return 0;
  }
  for (const auto* roots :
       {&config->files.temp_roots, &config->files.log_roots}) {
    for (const auto& root : *roots) {
      fuzz::Require(root.is_absolute(), "roots are absolute");
    }
  }
  fuzz::Require(config->schedule.window >= std::chrono::minutes(1) &&
                    config->schedule.window <= std::chrono::hours(23),
                "the window has its limits");
  return 0;
}
