// Alertmanager itself is asked in tests/alert_channels_test.py.
#include "alert/alertmanager_channel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::hours;

constexpr Instant kThen{hours(492'675)};  // 2026-03-16T03:00:00Z

json Alert(AlertEvent event, Instant at = kThen + hours(24)) {
  return json::parse(
      AlertmanagerJson({.key = "channel-failing:slack",
                        .event = event,
                        .weight = AlertWeight::kCritical,
                        .text = "away",
                        .since = kThen,
                        .at = at,
                        .audit_head = "7:ab"},
                       {.host = "farm", .database = "dev.db"}))[0];
}

TEST(AlertmanagerTest, NamesAndEndsAnAlert) {
  const json raised = Alert(AlertEvent::kStill);
  EXPECT_EQ(raised["labels"],
            json::parse(R"({"alertname": "RetentiondChannelFailing",
      "severity": "critical", "key": "channel-failing:slack",
      "instance": "farm", "database": "dev.db"})"));
  EXPECT_EQ(raised["annotations"]["description"], "away");
  EXPECT_EQ(raised["annotations"]["audit_head"], "7:ab");
  EXPECT_EQ(raised["startsAt"], "2026-03-16T03:00:00Z");
  EXPECT_EQ(raised["endsAt"], "2026-03-19T03:00:00Z");
  const json resolved = Alert(AlertEvent::kResolved);
  EXPECT_EQ(resolved["labels"], raised["labels"]);
  EXPECT_EQ(resolved["endsAt"], "2026-03-17T03:00:00Z");
}

TEST(AlertmanagerTest, BeginsNoAlertAfterItsEnd) {
  const json resolved = Alert(AlertEvent::kResolved, kThen - hours(1));
  EXPECT_EQ(resolved["startsAt"], resolved["endsAt"]);
  EXPECT_EQ(Alert(AlertEvent::kTest)["endsAt"], "2026-03-17T03:05:00Z");
}

}  // namespace
}  // namespace retentiond
