#include "observe/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "testing/observe/raw_client.h"
#include "testing/observe/socket_fixture.h"

namespace retentiond {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpServerTest : public SocketFixture {
 protected:
  void SetUp() override { Start(); }
  void Start() {
    auto socket = ListeningSocket::Open(config_);
    ASSERT_TRUE(socket.ok()) << socket.status();
    auto server = HttpServer::Start(*std::move(socket), handler_, clock_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Get(const std::string& target) {
    return Exchange(config_,
                    "GET " + target + " HTTP/1.1\r\nHost: here\r\n\r\n");
  }

  SystemClock clock_;
  std::atomic<int> asked_ = 0;
  HttpRequest last_;
  HttpHandler handler_ = [this](const HttpRequest& request) {
    ++asked_;
    last_ = request;
    return HttpResponse{.body = "the answer",
                        .headers = {{"Retry-After", "7"}}};
  };
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, CarriesAQuestionAndItsAnswer) {
  const std::string answer = Exchange(
      config_,
      "GET /runs?limit=7&plain HTTP/1.1\r\nHost: h:1\r\nAuthorization: "
      "Bearer x\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nthe answer"));
  EXPECT_EQ(last_.method, "GET");
  EXPECT_EQ(last_.path, "/runs");
  EXPECT_EQ(last_.query.at("limit"), "7");
  EXPECT_EQ(last_.query.at("plain"), "");
  EXPECT_EQ(last_.host, "h:1");
  EXPECT_EQ(last_.authorization, "Bearer x");
  EXPECT_FALSE(last_.has_body);
}

TEST_F(HttpServerTest, LetsABrowserDoNothingWithAnAnswer) {
  const std::string answer = Get("/");
  for (const char* header :
       {"Content-Security-Policy: default-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'\r\n",
        "X-Content-Type-Options: nosniff\r\n", "X-Frame-Options: DENY\r\n",
        "Referrer-Policy: no-referrer\r\n", "Cache-Control: no-store\r\n",
        "Cross-Origin-Resource-Policy: same-origin\r\n",
        "Connection: close\r\n", "Content-Type: application/json\r\n",
        "Retry-After: 7\r\n"}) {
    EXPECT_THAT(answer, HasSubstr(header));
  }
}

TEST_F(HttpServerTest, LeavesOutTheBodyOfAHead) {
  const std::string answer =
      Exchange(config_, "HEAD / HTTP/1.1\r\nHost: here\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 10\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("the answer")));
}

TEST_F(HttpServerTest, TakesAPathAsItWasSent) {
  Get("/a%2f..%00/%41?b=%41");
  EXPECT_EQ(last_.path, "/a%2f..%00/%41");
  EXPECT_EQ(last_.query.at("b"), "%41");
}

TEST_F(HttpServerTest, SaysThatABodyIsAnnouncedAndReadsNone) {
  Exchange(config_,
           "POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_TRUE(last_.has_body);
  Exchange(config_,
           "POST / HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"
           "3\r\nabc\r\n0\r\n\r\n");
  EXPECT_TRUE(last_.has_body);
  Exchange(config_,
           "GET / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(last_.has_body);
  EXPECT_EQ(asked_, 3);
}

TEST_F(HttpServerTest, AnswersOneQuestionAConnection) {
  const std::string answer =
      Exchange(config_,
               "GET /1 HTTP/1.1\r\nHost: here\r\n\r\nGET /2 HTTP/1.1\r\nHost: "
               "here\r\n\r\n");
  EXPECT_EQ(asked_, 1);
  EXPECT_EQ(answer.find("HTTP/1.1"), answer.rfind("HTTP/1.1"));
}

TEST_F(HttpServerTest, RefusesWhatIsTooLong) {
  const std::string much(64 * 1024, 'a');
  Exchange(config_, "GET /" + much + " HTTP/1.1\r\nHost: here\r\n\r\n");
  Exchange(config_, "GET / HTTP/1.1\r\nHost: here\r\nX: " + much + "\r\n\r\n");
  std::string many = "GET / HTTP/1.1\r\nHost: here\r\n";
  for (int i = 0; i < 5'000; ++i) many += "X" + std::to_string(i) + ": y\r\n";
  Exchange(config_, many + "\r\n");
  EXPECT_EQ(asked_, 0);
  EXPECT_THAT(Get("/"), HasSubstr("the answer"));
}

TEST_F(HttpServerTest, OutlivesWhatIsNoRequest) {
  using std::string_literals::operator""s;
  for (const std::string& bytes :
       {"\r\n\r\n\r\n"s, "\0\0\0\0\r\n\r\n"s, "GET\r\n\r\n"s,
        "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"s,
        "GET / HTTP/1.1\r\nHost here\r\n\r\n"s, "GET / HTTP/9.9\r\n\r\n"s,
        "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"s,
        "GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"s}) {
    RawClient client(config_);
    client.Send(bytes);
  }
  EXPECT_THAT(Get("/"), HasSubstr("the answer"));
}

TEST_F(HttpServerTest, ServesAtMostSoManyAtATime) {
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 100; ++i) {
    idle.push_back(std::make_unique<RawClient>(config_));
    idle.back()->Send("GET / HT");
  }
  // Those who come last are turned away, without an answer.
  EXPECT_EQ(idle.back()->Receive(), "");
  EXPECT_EQ(asked_, 0);
  idle.clear();
  std::string answer;
  while (answer.empty()) answer = Get("/");
  EXPECT_THAT(answer, HasSubstr("the answer"));
}

TEST_F(HttpServerTest, AnswersSeveralAtATime) {
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      RawClient client(config_);
      client.Send("GET / HTTP/1.1\r\nHost: here\r\n\r\n");
      if (client.Receive().find("the answer") != std::string::npos) ++answered;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 8);
}

TEST_F(HttpServerTest, SendsABodyWhileItIsMade) {
  const std::string large(100'000, 'x');
  std::vector<std::string> parts = {"", "second", large, "last"};
  std::size_t next = 0;
  const HttpHandler stream = [&](const HttpRequest&) {
    return HttpResponse{.type = "text/plain",
                        .body = "first",
                        .more = [&]() -> std::optional<std::string> {
                          if (next == parts.size()) return std::nullopt;
                          return parts[next++];
                        }};
  };
  server_.reset();
  handler_ = stream;
  Start();
  const std::string answer =
      Exchange(config_, "GET / HTTP/1.0\r\nHost: here\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nfirstsecond" + large + "last"));
}

TEST_F(HttpServerTest, PutsAnAnswersOwnHeaderInPlaceOfThatOfAll) {
  handler_ = [](const HttpRequest&) {
    return HttpResponse{
        .headers = {{"Content-Security-Policy", "default-src 'self'"}}};
  };
  const std::string answer = Get("/");
  EXPECT_THAT(answer,
              HasSubstr("Content-Security-Policy: default-src 'self'\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("default-src 'none'")));
  EXPECT_THAT(answer, HasSubstr("X-Frame-Options: DENY\r\n"));
}

TEST_F(HttpServerTest, EndsWhoIsStillSending) {
  RawClient idle(config_);
  idle.Send("GET / HT");
  Get("/");
  server_.reset();
  EXPECT_EQ(idle.Receive(), "");
  EXPECT_FALSE(RawClient(config_).connected());
}

}  // namespace
}  // namespace retentiond
