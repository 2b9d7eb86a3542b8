#include "alert/rendering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace retentiond {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr Instant kThen{std::chrono::hours(492'675)};  // 2026-03-16T03:00:00Z
const Sender kSender{.host = "farm", .database = "/srv/farm/dev.db"};

AlertMessage Of(AlertEvent event) {
  return {.key = "run-failed",
          .event = event,
          .weight = AlertWeight::kCritical,
          .text = "torn page",
          .since = kThen,
          .at = kThen + std::chrono::hours(24),
          .audit_head = "7:ab"};
}

TEST(RenderingTest, HeadingsSayWhatItIsAbout) {
  EXPECT_EQ(HeadingOf(Of(AlertEvent::kRaised), kSender),
            "The cleanup failed (farm, /srv/farm/dev.db)");
  EXPECT_EQ(HeadingOf(Of(AlertEvent::kStill), kSender),
            "Still: The cleanup failed (farm, /srv/farm/dev.db)");
  EXPECT_EQ(HeadingOf(Of(AlertEvent::kResolved), kSender),
            "Resolved: The cleanup failed (farm, /srv/farm/dev.db)");
  EXPECT_THAT(HeadingOf({.key = kNoticeRunSuccess}, kSender),
              HasSubstr("The cleanup is done"));
  EXPECT_THAT(HeadingOf({.key = kNoticeRunBegin}, kSender),
              HasSubstr("The cleanup has begun"));
  EXPECT_THAT(HeadingOf(TestMessage(kThen), kSender),
              HasSubstr("A test of the alerts"));
}

TEST(RenderingTest, BodiesSaySinceWhenAndCarryTheHead) {
  EXPECT_EQ(BodyOf(Of(AlertEvent::kRaised)), "torn page\nAudit head: 7:ab");
  EXPECT_EQ(BodyOf(Of(AlertEvent::kStill)),
            "torn page\nIt has stood since 2026-03-16T03:00:00Z.\n"
            "Audit head: 7:ab");
  AlertMessage message = Of(AlertEvent::kRaised);
  message.audit_head.clear();
  EXPECT_EQ(BodyOf(message), "torn page");
}

TEST(RenderingTest, JsonHasEverything) {
  EXPECT_EQ(json::parse(JsonOf(Of(AlertEvent::kResolved), kSender)),
            json::parse(R"({"type": "alert.resolved",
      "timestamp": "2026-03-17T03:00:00Z",
      "data": {"key": "run-failed", "event": "resolved",
               "severity": "critical", "title": "The cleanup failed",
               "text": "torn page", "since": "2026-03-16T03:00:00Z",
               "host": "farm", "database": "/srv/farm/dev.db",
               "audit_head": "7:ab"}})"));
  EXPECT_TRUE(
      json::parse(JsonOf(TestMessage(kThen), kSender))["data"]["audit_head"]
          .is_null());
}

TEST(RenderingTest, JsonReplacesBytesThatAreNoText) {
  AlertMessage message = Of(AlertEvent::kRaised);
  message.text = "name \xff";
  EXPECT_EQ(json::parse(JsonOf(message, kSender))["data"]["text"],
            "name \ufffd");
}

TEST(RenderingTest, ExamplesAreOfTheirKind) {
  const AlertMessage example =
      ExampleOf(AlertKind::kSlow, AlertEvent::kResolved, kThen);
  EXPECT_EQ(example.key, "slow");
  EXPECT_EQ(example.event, AlertEvent::kResolved);
  EXPECT_EQ(example.weight, AlertWeight::kWarning);
}

}  // namespace
}  // namespace retentiond
