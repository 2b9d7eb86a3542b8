// A directory for a socket.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "config/config.h"

namespace retentiond {

class SocketFixture : public testing::Test {
 protected:
  SocketFixture() {
    std::string name = testing::TempDir() + "http_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
    config_.listen = HttpConfig::Listen::kUnix;
    config_.socket = directory_ / "http.sock";
  }
  ~SocketFixture() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path directory_;
  HttpConfig config_;
};

}  // namespace retentiond
