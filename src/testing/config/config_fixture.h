// A configuration file and an environment of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "base/status.h"
#include "config/config.h"

namespace retentiond {

class ConfigFixture : public testing::Test {
 protected:
  ConfigFixture() {
    std::string name = testing::TempDir() + "config_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~ConfigFixture() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path file() const { return directory_ / "r.toml"; }

  Environment Env() const {
    return [this](const std::string& name) -> std::optional<std::string> {
      const auto found = env_.find(name);
      if (found == env_.end()) return std::nullopt;
      return found->second;
    };
  }

  // Loads `text` as the file of --config.
  absl::StatusOr<Config> Load(const std::string& text) const {
    std::ofstream(file()) << text;
    return LoadConfig(file(), Env());
  }

  // The configuration of a text that must be good.
  Config Good(const std::string& text) const {
    const absl::StatusOr<Config> config = Load(text);
    EXPECT_TRUE(config.ok()) << MessageOf(config.status());
    return config.value_or(Config());
  }

  // The message about a text that must be refused, without the directory.
  std::string Refusal(const std::string& text) const {
    const absl::StatusOr<Config> config = Load(text);
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument)
        << text;
    std::string message = MessageOf(config.status());
    const std::string prefix = directory_.string() + "/";
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    return message;
  }

  std::filesystem::path directory_;
  std::map<std::string, std::string> env_{{"DATABASE_URL", "file:/srv/x.db"},
                                          {"TZ", "Europe/Helsinki"},
                                          {"HOME", "/srv/farmer"}};
};

}  // namespace retentiond
