#include "observe/listening_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>

#include "base/status.h"
#include "testing/observe/raw_client.h"
#include "testing/observe/socket_fixture.h"

namespace retentiond {
namespace {

using ::testing::HasSubstr;
using Listen = HttpConfig::Listen;

class ListeningSocketTest : public SocketFixture {
 protected:
  // Takes a free port of this machine.
  std::optional<ListeningSocket> OpenSomewhere(HttpConfig& config) {
    for (std::uint16_t port = 20'000; port < 21'000; ++port) {
      config.port = port;
      auto socket = ListeningSocket::Open(config);
      if (socket.ok()) return *std::move(socket);
      EXPECT_EQ(socket.status().code(), absl::StatusCode::kAlreadyExists);
    }
    return std::nullopt;
  }
};

TEST_F(ListeningSocketTest, IsNamedAsTheConfigurationNamesIt) {
  EXPECT_EQ(NameOf(HttpConfig{}), "127.0.0.1:8373");
  EXPECT_EQ(NameOf(HttpConfig{.address = "::1", .port = 80}), "[::1]:80");
  EXPECT_EQ(NameOf(HttpConfig{.listen = Listen::kUnix, .socket = "/run/s"}),
            "unix:/run/s");
  EXPECT_EQ(NameOf(HttpConfig{.listen = Listen::kOff}), "off");
}

TEST_F(ListeningSocketTest, ListensAtAPort) {
  HttpConfig config;
  const auto socket = OpenSomewhere(config);
  ASSERT_TRUE(socket.has_value());
  EXPECT_TRUE(RawClient(config).connected());
  const absl::Status second = ListeningSocket::Open(config).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(MessageOf(second), "http.listen: " + NameOf(config) +
                                   ": another process listens there");
}

TEST_F(ListeningSocketTest, ListensAtAnAddressOfTheNewKind) {
  HttpConfig config{.address = "::1"};
  EXPECT_TRUE(OpenSomewhere(config).has_value());
}

TEST_F(ListeningSocketTest, SaysThatAnAddressIsNotThisMachines) {
  const absl::Status status =
      ListeningSocket::Open({.address = "192.0.2.1"}).status();
  EXPECT_THAT(MessageOf(status),
              HasSubstr("http.listen: 192.0.2.1:8373: Cannot assign"));
}

TEST_F(ListeningSocketTest, IsForTheOwnerAndTheGroup) {
  const auto socket = ListeningSocket::Open(config_);
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_TRUE(RawClient(config_).connected());
  struct stat found {};
  ASSERT_EQ(lstat(config_.socket.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0660U);
}

TEST_F(ListeningSocketTest, TakesItsPathAway) {
  { EXPECT_TRUE(ListeningSocket::Open(config_).ok()); }
  EXPECT_FALSE(std::filesystem::exists(config_.socket));
}

TEST_F(ListeningSocketTest, ReplacesThatOfADeadProcess) {
  const std::filesystem::path left = directory_ / "left.sock";
  {
    // Moved away, it is not removed, as when its process is killed.
    const auto socket = ListeningSocket::Open(config_);
    std::filesystem::rename(config_.socket, left);
  }
  config_.socket = left;
  EXPECT_TRUE(ListeningSocket::Open(config_).ok());
}

TEST_F(ListeningSocketTest, LeavesThatOfALiveProcess) {
  const auto first = ListeningSocket::Open(config_);
  EXPECT_EQ(ListeningSocket::Open(config_).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(RawClient(config_).connected());
}

// Who is too busy to let one more in is alive.
TEST_F(ListeningSocketTest, LeavesThatOfABusyProcess) {
  const auto first = ListeningSocket::Open(config_);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(::listen(first->fd(), 0), 0);
  const RawClient waiting(config_);
  ASSERT_TRUE(waiting.connected());
  EXPECT_EQ(ListeningSocket::Open(config_).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(std::filesystem::exists(config_.socket));
}

TEST_F(ListeningSocketTest, NeverReplacesAFile) {
  std::ofstream(config_.socket) << "mine";
  EXPECT_FALSE(ListeningSocket::Open(config_).ok());
  EXPECT_EQ(std::filesystem::file_size(config_.socket), 4U);
}

TEST_F(ListeningSocketTest, SaysThatADirectoryIsMissing) {
  config_.socket = directory_ / "none" / "http.sock";
  EXPECT_THAT(MessageOf(ListeningSocket::Open(config_).status()),
              HasSubstr("none/http.sock: No such file"));
}

}  // namespace
}  // namespace retentiond
