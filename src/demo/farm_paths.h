// Where the parts of the demo's farm lie, all below one scratch directory.
#pragma once

#include <filesystem>

#include "config/config.h"

namespace retentiond {

struct FarmPaths {
  explicit FarmPaths(const std::filesystem::path& directory);

  std::filesystem::path base;
  std::filesystem::path database;
  std::filesystem::path temporary;  // the temporary root
  std::filesystem::path logs;       // the log root
  std::filesystem::path outputs;    // outside the roots
  std::filesystem::path library;    // outside the roots: shared footage
  std::filesystem::path state;
  std::filesystem::path ledger;
  std::filesystem::path config_file;
};

// What the daemon is told of the farm: the render manager's layout, with every
// other setting at its default.
Config FarmConfig(const FarmPaths& paths);

// The same as a configuration file, for looking at a farm that was kept.
std::string FarmConfigText(const FarmPaths& paths);

}  // namespace retentiond
