#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "testing/config/config_fixture.h"

namespace retentiond {
namespace {

using testing::HasSubstr;
using Listen = HttpConfig::Listen;

class HttpSectionTest : public ConfigFixture {
 protected:
  HttpConfig Http(const std::string& text) const {
    return Good("[http]\n" + text).http;
  }
  HttpConfig ListenOf(const std::string& text) const {
    return Http("listen = \"" + text + "\"\n");
  }
};

TEST_F(HttpSectionTest, AnswersThisMachineAloneByDefault) {
  const HttpConfig http = Good("").http;
  EXPECT_EQ(http.listen, Listen::kTcp);
  EXPECT_EQ(http.address, "127.0.0.1");
  EXPECT_EQ(http.port, 8373);
  EXPECT_TRUE(http.loopback);
  EXPECT_EQ(ListenOf("127.0.0.1:8373"), http);
}

TEST_F(HttpSectionTest, ReadsAddressesOfThisMachine) {
  EXPECT_EQ(ListenOf("localhost:80").address, "127.0.0.1");
  EXPECT_EQ(ListenOf("127.9.0.1:65535").port, 65535);
  EXPECT_EQ(ListenOf("[::1]:1").address, "::1");
  EXPECT_TRUE(ListenOf("[::1]:1").loopback);
}

TEST_F(HttpSectionTest, ReadsASocket) {
  const HttpConfig http = ListenOf("unix:/run/retentiond/./http.sock");
  EXPECT_EQ(http.listen, Listen::kUnix);
  EXPECT_EQ(http.socket, "/run/retentiond/http.sock");
  EXPECT_EQ(ListenOf("unix:/" + std::string(106, 's')).listen, Listen::kUnix);
}

TEST_F(HttpSectionTest, CanBeOff) {
  EXPECT_EQ(ListenOf("off").listen, Listen::kOff);
}

TEST_F(HttpSectionTest, RefusesWhatIsNoPlaceToListenAt) {
  for (const std::string text :
       {"127.0.0.1", "8373", ":8373", "127.0.0.1:", "127.0.0.1:0",
        "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:80a", "::1:8373", "[::1]",
        "[127.0.0.1]:80", "127.1:80", "farm.example:80", "unix:", "unix:run",
        "unix:/", "unix:/run/", "Off", "http://127.0.0.1:80"}) {
    EXPECT_THAT(Refusal("[http]\nlisten = \"" + text + "\"\n"),
                HasSubstr("r.toml:2: http.listen: expected an address and a "
                          "port like \"127.0.0.1:8373\""))
        << text;
  }
  EXPECT_THAT(
      Refusal("[http]\nlisten = \"unix:/" + std::string(107, 's') + "\"\n"),
      HasSubstr("(107 bytes at most)"));
}

TEST_F(HttpSectionTest, AnswersOtherMachinesOnlyForAToken) {
  for (const std::string text : {"0.0.0.0:80", "10.1.2.3:80", "[::]:80"}) {
    EXPECT_EQ(Refusal("[http]\nlisten = \"" + text + "\"\n"),
              "r.toml:2: http.listen: \"" + text +
                  "\" can be reached from other machines, which takes a token: "
                  "name its file in http.token_file");
    const HttpConfig http =
        Http("listen = \"" + text + "\"\ntoken_file = \"/etc/token\"\n");
    EXPECT_FALSE(http.loopback);
    EXPECT_EQ(http.token_file, "/etc/token");
  }
}

TEST_F(HttpSectionTest, TakesTheNameOfACredential) {
  EXPECT_EQ(Refusal("[http]\ntoken_file = \"token\"\n"),
            "r.toml:2: http.token_file: expected the absolute path of a file "
            "that holds the token, or the name of a systemd credential");
  env_["CREDENTIALS_DIRECTORY"] = "/run/credentials/r";
  EXPECT_EQ(Http("token_file = \"token\"\n").token_file,
            "/run/credentials/r/token");
}

TEST_F(HttpSectionTest, KeepsItsSocketOutOfTheRoots) {
  EXPECT_THAT(Refusal("[http]\nlisten = \"unix:/tmp/nexrender/s\"\n"),
              HasSubstr("the socket of http.listen: \"/tmp/nexrender/s\" lies "
                        "below the root"));
}

TEST_F(HttpSectionTest, RefusesUnknownKeys) {
  EXPECT_EQ(Refusal("[http]\nlisten_on = \"off\"\n"),
            "r.toml:2: http.listen_on: unknown key; did you mean \"listen\"?");
}

}  // namespace
}  // namespace retentiond
