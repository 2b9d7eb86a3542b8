#include "observe/live_feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::StartsWith;

RunRecord ARun(std::int64_t deleted = 0) {
  return {.slot = LocalDate(std::chrono::year(2026) / 3 / 16),
          .jobs_deleted = deleted,
          .rows_deleted = {{"Job", deleted}, {"Log", 2 * deleted}},
          .files_deleted = 7,
          .expired = 100,
          .phase = "batches"};
}

class LiveFeedTest : public ::testing::Test {
 protected:
  json Event(const HttpResponse& stream) {
    const std::optional<std::string> text = stream.more();
    EXPECT_TRUE(text.has_value());
    EXPECT_THAT(*text, StartsWith("data: "));
    return json::parse(text->substr(6));
  }

  // No test waits for a heartbeat but the one that is about it.
  LiveFeed feed_{{.heartbeat = seconds(60), .gap = milliseconds(0)}};
};

TEST_F(LiveFeedTest, BeginsWithWhatIsKnown) {
  const HttpResponse stream = feed_.Follow();
  EXPECT_EQ(stream.status, 200);
  EXPECT_EQ(stream.type, "text/event-stream; charset=utf-8");
  EXPECT_EQ(stream.body, "retry: 2000\n\n");
  const json event = Event(stream);
  EXPECT_EQ(event["state"], "starting");
  EXPECT_TRUE(event["progress"].is_null());
}

TEST_F(LiveFeedTest, FollowsARun) {
  const HttpResponse stream = feed_.Follow();
  Event(stream);
  feed_.OnWait({});
  EXPECT_EQ(Event(stream)["state"], "idle");
  feed_.OnRunBegin(ARun());
  EXPECT_EQ(Event(stream)["progress"]["expired"], 100);
  Governor governor(Governor::Manner::kYielding, {});
  feed_.OnBatch(ARun(40), {}, governor);
  const json event = Event(stream);
  EXPECT_EQ(event["state"], "running");
  EXPECT_EQ(event["progress"]["slot"], "2026-03-16");
  EXPECT_EQ(event["progress"]["phase"], "batches");
  EXPECT_EQ(event["progress"]["jobs_deleted"], 40);
  EXPECT_EQ(event["progress"]["rows_deleted"], 120);
  EXPECT_EQ(event["progress"]["files_deleted"], 7);
  EXPECT_EQ(event["progress"]["pace"], governor.reason());
  governor.ObserveBusy({});
  feed_.OnPause(governor);
  const json pause = Event(stream);
  EXPECT_EQ(pause["progress"]["pace"], governor.reason());
  EXPECT_GT(pause["progress"]["pause_ms"], 0);
  feed_.OnFiles(ARun(41), {});
  EXPECT_EQ(Event(stream)["progress"]["pace"], governor.reason());
  feed_.OnSurvey(ARun(42), {});
  EXPECT_EQ(Event(stream)["progress"]["jobs_deleted"], 42);
  feed_.OnRunEnd(ARun(100));
  EXPECT_TRUE(Event(stream)["progress"].is_null());
}

TEST_F(LiveFeedTest, SaysWhyNothingRuns) {
  const HttpResponse stream = feed_.Follow();
  RunRecord run = ARun();
  run.blocked = {NameOf(ClockFact::kUnseenTimeTooLong)};
  feed_.OnBlocked(run);
  json event = Event(stream);
  EXPECT_EQ(event["state"], "blocked");
  EXPECT_EQ(event["reason"], SentenceOf(run.blocked.front()));
  feed_.OnStandby("other:1");
  event = Event(stream);
  EXPECT_EQ(event["state"], "standby");
  EXPECT_EQ(event["reason"], "other:1 leads");
}

TEST_F(LiveFeedTest, TellsASlowReaderOnlyOfTheLastState) {
  const HttpResponse stream = feed_.Follow();
  for (int i = 0; i <= 100; ++i) feed_.OnPhase(ARun(i));
  EXPECT_EQ(Event(stream)["progress"]["jobs_deleted"], 100);
}

TEST_F(LiveFeedTest, IsHeardOfWhereNothingHappens) {
  LiveFeed feed({.heartbeat = milliseconds(1), .gap = milliseconds(0)});
  const HttpResponse stream = feed.Follow();
  Event(stream);
  EXPECT_EQ(stream.more(), ":\n\n");
  feed.OnWait({});
  EXPECT_EQ(Event(stream)["state"], "idle");
  feed.OnWait({});  // nothing new
  EXPECT_EQ(stream.more(), ":\n\n");
}

TEST_F(LiveFeedTest, WaitsForTheEndOfTheGap) {
  LiveFeed feed({.heartbeat = seconds(60), .gap = milliseconds(50)});
  const HttpResponse stream = feed.Follow();
  Event(stream);
  const auto begun = std::chrono::steady_clock::now();
  feed.OnWait({});
  Event(stream);
  EXPECT_GE(std::chrono::steady_clock::now() - begun, milliseconds(50));
}

TEST_F(LiveFeedTest, WakesWhoWaits) {
  const HttpResponse stream = feed_.Follow();
  Event(stream);
  std::thread run([this] { feed_.OnWait({}); });
  EXPECT_EQ(Event(stream)["state"], "idle");
  run.join();
}

TEST_F(LiveFeedTest, EndsItsStreams) {
  const HttpResponse stream = feed_.Follow();
  Event(stream);
  std::thread closing([this] { feed_.Close(); });
  EXPECT_EQ(stream.more(), std::nullopt);
  closing.join();
  EXPECT_EQ(feed_.Follow().more(), std::nullopt);
  feed_.Open();
  Event(feed_.Follow());
}

TEST_F(LiveFeedTest, HasAtMostSoManyStreams) {
  std::vector<HttpResponse> streams;
  for (int i = 0; i < LiveFeed::kMostStreams; ++i) {
    streams.push_back(feed_.Follow());
  }
  const HttpResponse refused = feed_.Follow();
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("Retry-After"), "10");
  streams.pop_back();
  EXPECT_EQ(feed_.Follow().status, 200);
}

}  // namespace
}  // namespace retentiond
