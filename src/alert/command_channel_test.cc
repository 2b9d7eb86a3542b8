#include "alert/command_channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "alert/rendering.h"

namespace retentiond {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class CommandChannelTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "command_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  Delivery Run(const std::vector<std::string>& argv,
               milliseconds limit = std::chrono::seconds(30)) {
    return CommandChannel(argv, {"farm", "dev.db"}, limit)
        .Deliver({.id = "1", .message = TestMessage(Instant{})}, stop_);
  }
  Delivery Shell(const std::string& script,
                 milliseconds limit = std::chrono::seconds(30)) {
    return Run({"/bin/sh", "-c", script, "sh", directory_.string()}, limit);
  }
  std::string Content(const std::string& name) const {
    std::ifstream file(directory_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::filesystem::path directory_;
  std::atomic<bool> stop_ = false;
};

TEST_F(CommandChannelTest, GivesTheMessageToTheCommand) {
  EXPECT_TRUE(Shell("cat > \"$1\"/message; echo to nobody").delivered());
  const auto message = nlohmann::json::parse(Content("message"));
  EXPECT_EQ(message["type"], "alert.test");
  EXPECT_EQ(message["data"]["host"], "farm");
}

TEST_F(CommandChannelTest, IsDeliveredAlsoWhenNobodyReads) {
  EXPECT_TRUE(Run({"/bin/true"}).delivered());
}

TEST_F(CommandChannelTest, SaysHowItFailed) {
  EXPECT_EQ(Shell("exit 3").problem, "it exited with 3");
  EXPECT_EQ(Shell("kill -TERM $$").problem, "it was killed by signal 15");
  EXPECT_THAT(Run({"/nonexistent/page"}).problem,
              HasSubstr("/nonexistent/page: No such file"));
}

TEST_F(CommandChannelTest, EndsWithAllItStartedAtItsLimit) {
  EXPECT_EQ(Shell("sleep 1000 & echo $! > \"$1\"/pid; wait", milliseconds(1500))
                .problem,
            "it was killed after 1 s");
  // The child is reaped by init, or is a zombie until then.
  const std::filesystem::path process =
      "/proc/" + std::to_string(std::stoi(Content("pid")));
  while (std::filesystem::exists(process)) {
    std::ifstream stat(process / "stat");
    std::string text(std::istreambuf_iterator<char>(stat), {});
    if (text.find(") Z ") != std::string::npos) break;
    std::this_thread::yield();
  }
}

TEST_F(CommandChannelTest, EndsWhenItIsStopped) {
  stop_ = true;
  EXPECT_EQ(Shell("sleep 1000").problem, "it was stopped");
}

TEST_F(CommandChannelTest, KeepsTheDaemonsSecretsToItself) {
  setenv("SLACK_BOT_TOKEN", "canary", 1);
  EXPECT_TRUE(
      Shell("env > \"$1\"/env; ls /proc/self/fd > \"$1\"/fd").delivered());
  unsetenv("SLACK_BOT_TOKEN");
  EXPECT_THAT(Content("env"), Not(HasSubstr("canary")));
  EXPECT_THAT(Content("env"), HasSubstr("PATH="));
  // 3 is that of ls itself, 4 of a shell's redirection at most.
  EXPECT_THAT(Content("fd"), Not(HasSubstr("5")));
}

}  // namespace
}  // namespace retentiond
