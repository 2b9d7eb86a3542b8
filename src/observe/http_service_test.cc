#include "observe/http_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>

#include "base/status.h"
#include "testing/observe/raw_client.h"
#include "testing/run/cleanup_fixture.h"

namespace retentiond {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Listen = HttpConfig::Listen;

class HttpServiceTest : public CleanupTest {
 protected:
  void SetUp() override {
    CleanupTest::SetUp();
    config_.http = {.listen = Listen::kUnix, .socket = Path("http.sock")};
  }
  // Below the state directory of the test, whose content nobody compares.
  std::filesystem::path Path(const std::string& name) const {
    std::filesystem::create_directories(config_.state_directory);
    return config_.state_directory / name;
  }
  void Settle() { http_.OnSettings(CurrentSettings()); }
  std::string Get(const std::string& headers = "") {
    return Exchange(
        config_.http,
        "GET /api/v1/runs HTTP/1.1\r\nHost: here\r\n" + headers + "\r\n");
  }

  HealthRecord health_{service_, clock_};
  Metrics metrics_{{}, Instant{}};
  LiveFeed live_;
  Api api_{{.open = [this](const Settings&) { return database_.Open(); },
            .clock = clock_,
            .calls = calls_,
            .build_date = build_date_,
            .metrics = metrics_,
            .health = health_,
            .live = live_}};
  HttpService http_{api_, clock_, observer_};
};

TEST_F(HttpServiceTest, AnswersWhereItIsTold) {
  Settle();
  EXPECT_EQ(http_.name(), NameOf(config_.http));
  EXPECT_THAT(observer_.notices,
              ElementsAre("answering questions over HTTP at " + http_.name()));
  EXPECT_THAT(Get(), HasSubstr("200 OK"));
}

TEST_F(HttpServiceTest, AnswersNobodyWhereItIsOff) {
  config_.http.listen = Listen::kOff;
  Settle();
  EXPECT_EQ(http_.name(), "");
  EXPECT_THAT(observer_.notices, IsEmpty());
}

TEST_F(HttpServiceTest, FollowsAReload) {
  Settle();
  const HttpConfig old = config_.http;
  config_.http.socket = Path("other.sock");
  Settle();
  EXPECT_FALSE(RawClient(old).connected());
  EXPECT_THAT(Get(), HasSubstr("200 OK"));
  config_.http.listen = Listen::kOff;
  Settle();
  config_.http.listen = Listen::kUnix;
  EXPECT_FALSE(RawClient(config_.http).connected());
}

TEST_F(HttpServiceTest, StaysAsItIsWhereAReloadChangesSomethingElse) {
  Settle();
  Settle();
  EXPECT_THAT(observer_.notices, SizeIs(1));
  EXPECT_THAT(Get(), HasSubstr("200 OK"));
}

TEST_F(HttpServiceTest, SaysOnceThatItCannotListenAndTriesAgainAtAReload) {
  const auto other = ListeningSocket::Open(config_.http);
  const SharedSettings settings = CurrentSettings();
  http_.OnSettings(settings);
  http_.OnSettings(settings);  // as the daemon repeats it at its start
  ASSERT_THAT(observer_.troubles, SizeIs(1));
  EXPECT_THAT(MessageOf(observer_.troubles[0]),
              HasSubstr("another process listens there"));
  std::filesystem::remove(config_.http.socket);
  Settle();
  EXPECT_THAT(Get(), HasSubstr("200 OK"));
}

TEST_F(HttpServiceTest, AsksForTheTokenOfItsFileAsItIsNow) {
  config_.http.token_file = Path("token");
  std::ofstream(config_.http.token_file) << "the first of all tokens\n";
  Settle();
  EXPECT_THAT(Get(), HasSubstr("401 Unauthorized"));
  EXPECT_THAT(Get("Authorization: Bearer the first of all tokens\r\n"),
              HasSubstr("200 OK"));
  std::ofstream(config_.http.token_file) << "the second of them\n";
  Settle();
  EXPECT_THAT(Get("Authorization: Bearer the first of all tokens\r\n"),
              HasSubstr("401 Unauthorized"));
  EXPECT_THAT(Get("Authorization: Bearer the second of them\r\n"),
              HasSubstr("200 OK"));
}

TEST_F(HttpServiceTest, AnswersNobodyWithoutAGoodToken) {
  config_.http.token_file = Path("token");
  Settle();
  std::ofstream(config_.http.token_file) << "fifteen letters\n";
  Settle();
  ASSERT_THAT(observer_.troubles, SizeIs(2));
  EXPECT_THAT(MessageOf(observer_.troubles[0]), HasSubstr("cannot be read"));
  EXPECT_THAT(MessageOf(observer_.troubles[1]),
              HasSubstr("the token is shorter than 16 characters"));
  EXPECT_FALSE(RawClient(config_.http).connected());
}

TEST_F(HttpServiceTest, KnowsWhenARunIsGoingOn) {
  Settle();
  const auto plan = [this] {
    clock_.Advance(std::chrono::minutes(5));
    return api_.Answer({.method = "GET", .path = "/api/v1/plan"}).status;
  };
  for (const auto& end : std::vector<std::function<void()>>{
           [this] { http_.OnHistory({}); }, [this] { http_.OnWait({}); },
           [this] { http_.OnStandby(""); }, [this] { http_.OnBlocked({}); },
           [this] { http_.OnRunEnd({}); }}) {
    http_.OnPhase({});
    EXPECT_EQ(plan(), 503);
    end();
    EXPECT_EQ(plan(), 200);
  }
}

}  // namespace
}  // namespace retentiond
