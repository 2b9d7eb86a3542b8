#include "observe/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/strings/escaping.h"
#include "base/simulated_clock.h"

namespace retentiond {
namespace {

using std::chrono::seconds;

class GateTest : public ::testing::Test {
 protected:
  static HttpRequest Ask(const std::string& path = "/api/v1/status") {
    return {.method = "GET", .path = path};
  }
  int StatusOf(Gate& gate, const HttpRequest& request) {
    return gate.Answer(request).status;
  }

  SimulatedClock clock_{Instant{}};
  HttpHandler inside_ = [](const HttpRequest&) {
    return HttpResponse{.body = "inside"};
  };
  Gate open_{{}, inside_, clock_};
  Gate locked_{{.token = "a secret of length"}, inside_, clock_};
  Gate local_{{.only_loopback_names = true}, inside_, clock_};
};

TEST_F(GateTest, LetsAQuestionThrough) {
  EXPECT_EQ(open_.Answer(Ask()).body, "inside");
  HttpRequest head = Ask();
  head.method = "HEAD";
  EXPECT_EQ(StatusOf(open_, head), 200);
}

TEST_F(GateTest, RefusesEveryOtherMethod) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS",
                             "TRACE", "CONNECT", "get", "GETT", "BREW"}) {
    HttpRequest request = Ask();
    request.method = method;
    const HttpResponse answer = open_.Answer(request);
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("Allow"), "GET, HEAD");
  }
}

TEST_F(GateTest, RefusesABody) {
  HttpRequest request = Ask();
  request.has_body = true;
  EXPECT_EQ(StatusOf(open_, request), 413);
}

TEST_F(GateTest, AsksForTheToken) {
  HttpRequest request = Ask();
  EXPECT_EQ(StatusOf(locked_, request), 401);
  for (const char* wrong :
       {"Bearer", "Bearer ", "Bearer a secret of lengtH", "Bearer a secret of",
        "Bearer a secret of length.", "a secret of length",
        "bearer a secret of length", "Basic a secret of length"}) {
    request.authorization = wrong;
    const HttpResponse answer = locked_.Answer(request);
    EXPECT_EQ(answer.status, 401) << wrong;
    EXPECT_THAT(answer.headers.at("WWW-Authenticate"),
                ::testing::StartsWith("Basic realm="));
  }
  request.authorization = "Bearer a secret of length";
  EXPECT_EQ(StatusOf(locked_, request), 200);
}

std::string BasicOf(const std::string& pair) {
  return "Basic " + absl::Base64Escape(pair);
}

TEST_F(GateTest, TakesTheTokenAsTheBrowsersPassword) {
  HttpRequest request = Ask();
  for (const std::string& wrong :
       {BasicOf("a secret of length"), BasicOf("anybody:"), BasicOf(""),
        BasicOf("a secret of length:x"), BasicOf("anybody:a secret of lengtH"),
        std::string("Basic *"), std::string("Basic ")}) {
    request.authorization = wrong;
    EXPECT_EQ(StatusOf(locked_, request), 401) << wrong;
  }
  for (const char* name : {"", "anybody"}) {
    request.authorization = BasicOf(name + std::string(":a secret of length"));
    EXPECT_EQ(StatusOf(locked_, request), 200) << name;
  }
}

TEST_F(GateTest, AnswersOnlyToTheNamesOfThisMachine) {
  HttpRequest request = Ask("/metrics");
  for (const char* host :
       {"", "localhost", "localhost:8373", "127.0.0.1", "127.0.0.1:8373",
        "[::1]", "[::1]:8373", "127.8.8.8:80"}) {
    request.host = host;
    EXPECT_EQ(StatusOf(local_, request), 200) << host;
  }
  for (const char* host :
       {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8373",
        "[::2]:80", "[::1", "10.0.0.1", "::1", "127", ":80"}) {
    request.host = host;
    EXPECT_EQ(StatusOf(local_, request), 421) << host;
    EXPECT_EQ(StatusOf(open_, request), 200) << host;
  }
}

TEST_F(GateTest, SlowsDownWhoAsksTooOften) {
  for (int i = 0; i < 60; ++i) EXPECT_EQ(StatusOf(open_, Ask()), 200);
  const HttpResponse answer = open_.Answer(Ask());
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("Retry-After"), "1");
  EXPECT_EQ(StatusOf(open_, Ask("/metrics")), 200);
  EXPECT_EQ(StatusOf(open_, Ask("/healthz")), 200);
  clock_.Advance(seconds(1));
  EXPECT_EQ(StatusOf(open_, Ask()), 200);
}

// Or one could go through all tokens.
TEST_F(GateTest, SlowsDownWhoGuesses) {
  HttpRequest request = Ask();
  for (int i = 0; i < 60; ++i) EXPECT_EQ(StatusOf(locked_, request), 401);
  EXPECT_EQ(StatusOf(locked_, request), 429);
}

}  // namespace
}  // namespace retentiond
