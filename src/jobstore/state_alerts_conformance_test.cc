// What every StateStore must do with alerts and the outbox.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "testing/jobstore/conformance.h"
#include "testing/jobstore/state_store_conformance.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class StateAlertsConformanceTest : public StateStoreConformanceTest {
 protected:
  static AlertReport Slow(const std::string& text = "it was slow") {
    AlertReport report;
    report.looked_at = {"slow"};
    report.conditions = {{AlertKind::kSlow, "", text}};
    report.channels = {{"slack", AlertChannel::Takes::kAll},
                       {"alertmanager", AlertChannel::Takes::kConditions}};
    return report;
  }
  static AlertReport Notices(int count) {
    AlertReport report;
    for (int i = 0; i < count; ++i) {
      report.notices.push_back({kNoticeRunSuccess, fmt::format("{}", i)});
    }
    report.channels = {{"slack", AlertChannel::Takes::kAll}};
    return report;
  }
  std::vector<OutboxEntry> Claim(Instant now = kLater) {
    const auto entries = state().ClaimOutbox(now, now + minutes(5), 2000);
    EXPECT_TRUE(entries.ok()) << entries.status();
    return *entries;
  }
  // "slack raised slow", ...
  std::vector<std::string> Due(Instant now = kLater) {
    std::vector<std::string> due;
    for (const OutboxEntry& entry : Claim(now)) {
      due.push_back(fmt::format("{} {} {}", entry.channel,
                                NameOf(entry.message.event),
                                entry.message.key));
    }
    return due;
  }
  std::string Head() {
    const AuditRecord last = Audit().back();
    return fmt::format("{}:{}", static_cast<std::int64_t>(last.seq), last.hash);
  }
};

INSTANTIATE_TEST_SUITE_P(Databases, StateAlertsConformanceTest,
                         testing::ValuesIn(FarmKinds()),
                         [](const testing::TestParamInfo<FarmKind>& kind) {
                           return kind.param.name;
                         });

TEST_P(StateAlertsConformanceTest, StandsAndWaitsForEachChannel) {
  ASSERT_OK(state().TellAlerts(Slow("text \xc3\n\\"), kLater));
  const std::vector<StandingAlert> standing = *state().StandingAlerts();
  ASSERT_THAT(standing, SizeIs(1));
  EXPECT_EQ(standing[0], (StandingAlert{"slow", AlertWeight::kWarning,
                                        "text \xc3\n\\", kLater, kLater}));
  EXPECT_EQ(state().ViewOutbox()->pending, 2);
  EXPECT_EQ(state().ViewOutbox()->next_try, kLater);
  const std::vector<OutboxEntry> entries = Claim();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].channel, "slack");
  EXPECT_EQ(entries[1].channel, "alertmanager");
  EXPECT_EQ(entries[0].attempts, 0);
  EXPECT_EQ(entries[0].message, (AlertMessage{.key = "slow",
                                              .event = AlertEvent::kRaised,
                                              .weight = AlertWeight::kWarning,
                                              .text = "text \xc3\n\\",
                                              .since = kLater,
                                              .at = kLater}));
}

TEST_P(StateAlertsConformanceTest, SaysItOnceAndWhenItIsOver) {
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  ASSERT_OK(state().TellAlerts(Slow(), kLater + hours(1)));
  AlertReport over = Slow();
  over.conditions.clear();
  ASSERT_OK(state().TellAlerts(over, kLater + hours(2)));
  EXPECT_THAT(Due(kLater + hours(2)),
              ElementsAre("slack raised slow", "alertmanager raised slow",
                          "slack resolved slow", "alertmanager resolved slow"));
  EXPECT_THAT(*state().StandingAlerts(), IsEmpty());
}

TEST_P(StateAlertsConformanceTest, WritesNothingForAnEmptyReport) {
  ASSERT_OK(state().TellAlerts({}, kLater));
  EXPECT_THAT(*state().StandingAlerts(), IsEmpty());
  EXPECT_EQ(state().ViewOutbox()->pending, 0);
  EXPECT_EQ(state().ViewOutbox()->next_try, std::nullopt);
}

TEST_P(StateAlertsConformanceTest, TellsOfARunInTheTransactionThatClosesIt) {
  BeginRun();
  RunRecord run = NewestRun();
  run.outcome = RunOutcome::kSuccess;
  run.alerts = Notices(1);
  ASSERT_OK(state().CloseRun(run, lease_, kLater));
  const std::vector<OutboxEntry> entries = Claim();
  ASSERT_THAT(entries, SizeIs(1));
  // The head of the record that tells of the end.
  EXPECT_EQ(entries[0].message.audit_head, Head());
  EXPECT_EQ(Audit().back().event, "run-end");
  // What closes nothing tells nothing.
  EXPECT_FALSE(state().CloseRun(run, lease_, kLater).ok());
  EXPECT_EQ(state().ViewOutbox()->pending, 1);
}

TEST_P(StateAlertsConformanceTest, TellsOfABlockWithItsRecord) {
  RunRecord run = RunOf(Slot());
  run.blocked = {"wall-clock-behind"};
  run.alerts.conditions = {{AlertKind::kBlocked, "", "the clock is wrong"}};
  run.alerts.channels = {{"slack", AlertChannel::Takes::kAll}};
  ASSERT_OK(state().RecordBlocked(run, kLater));
  ASSERT_OK(state().RecordBlocked(run, kLater + minutes(1)));
  EXPECT_THAT(Due(kLater + minutes(1)), ElementsAre("slack raised blocked"));
}

TEST_P(StateAlertsConformanceTest, GivesAnEntryToOneAtATime) {
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  EXPECT_THAT(*state().ClaimOutbox(kLater, kLater + minutes(5), 1), SizeIs(1));
  EXPECT_THAT(Due(), ElementsAre("alertmanager raised slow"));
  EXPECT_THAT(Due(kLater + minutes(5) - kTick), IsEmpty());
  // Whoever took them has not come back.
  EXPECT_THAT(Due(kLater + minutes(5)), SizeIs(2));
}

TEST_P(StateAlertsConformanceTest, SettlesWhatCameOfAnEntry) {
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  const std::vector<OutboxEntry> entries = Claim();
  const Instant again = kLater + minutes(1);
  ASSERT_OK(state().SettleOutbox(
      {{entries[0].id, std::nullopt}, {entries[1].id, again}}));
  EXPECT_EQ(state().ViewOutbox()->pending, 1);
  EXPECT_EQ(state().ViewOutbox()->next_try, again);
  EXPECT_THAT(Claim(again - kTick), IsEmpty());
  const std::vector<OutboxEntry> left = Claim(again);
  ASSERT_THAT(left, SizeIs(1));
  EXPECT_EQ(left[0].channel, "alertmanager");
  EXPECT_EQ(left[0].attempts, 1);
  // Settled by another meanwhile.
  ASSERT_OK(state().SettleOutbox({{left[0].id, std::nullopt}}));
  ASSERT_OK(state().SettleOutbox({{left[0].id, again}}));
  EXPECT_EQ(state().ViewOutbox()->pending, 0);
}

TEST_P(StateAlertsConformanceTest, TellsNoEndBeforeItsBeginning) {
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  AlertReport over = Slow();
  over.conditions = {{AlertKind::kLate, "", "it is late"}};
  ASSERT_OK(state().TellAlerts(over, kLater));
  // In one hand they keep their order.
  const std::vector<OutboxEntry> entries = Claim();
  ASSERT_THAT(entries, SizeIs(6));
  const Instant again = kLater + minutes(1);
  ASSERT_OK(state().SettleOutbox({{entries[0].id, again}}));
  for (std::size_t i = 1; i < entries.size(); ++i) {
    ASSERT_OK(state().SettleOutbox({{entries[i].id, kLater, false}}));
  }
  EXPECT_THAT(Due(), testing::UnorderedElementsAre("alertmanager raised slow",
                                                   "alertmanager resolved slow",
                                                   "slack raised late",
                                                   "alertmanager raised late"));
  const std::vector<OutboxEntry> rest = Claim(again);
  ASSERT_THAT(rest, SizeIs(2));
  EXPECT_EQ(rest[0].attempts, 1);
  EXPECT_EQ(rest[1].attempts, 0);
}

TEST_P(StateAlertsConformanceTest, TriesAgainWhatAClockAheadHasPutOff) {
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  for (const OutboxEntry& entry : Claim()) {
    ASSERT_OK(state().SettleOutbox({{entry.id, kLater + kLongestOutboxPause}}));
  }
  EXPECT_THAT(Claim(kLater), IsEmpty());
  EXPECT_THAT(Claim(kLater - kTick), SizeIs(2));
}

TEST_P(StateAlertsConformanceTest, DropsTheOldestOfTheLightestWhenItIsFull) {
  const auto most = static_cast<int>(kMostOutboxEntries);
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  ASSERT_OK(state().TellAlerts(Notices(most - 2), kLater));
  EXPECT_EQ(state().ViewOutbox()->pending, most);
  EXPECT_EQ(state().ViewOutbox()->dropped, 0);
  ASSERT_OK(state().TellAlerts(Notices(2), kLater));
  EXPECT_EQ(state().ViewOutbox()->pending, most);
  EXPECT_EQ(state().ViewOutbox()->dropped, 2);
  const std::vector<OutboxEntry> entries = Claim();
  EXPECT_EQ(entries[0].message.key, "slow");
  EXPECT_EQ(entries[2].message.text, "2");
}

TEST_P(StateAlertsConformanceTest, GivesUpWhatIsAWeekOld) {
  ASSERT_OK(state().TellAlerts(Slow(), kLater));
  EXPECT_THAT(Claim(kLater + kOutboxKept), SizeIs(2));
  EXPECT_THAT(Claim(kLater + kOutboxKept + kTick), IsEmpty());
  EXPECT_EQ(state().ViewOutbox()->pending, 0);
  EXPECT_EQ(state().ViewOutbox()->dropped, 2);
}

TEST_P(StateAlertsConformanceTest, ReadsAnEmptyStateReadOnly) {
  const absl::StatusOr<Database> fresh = farm_->Open(OpenMode::kReadOnly);
  ASSERT_TRUE(fresh.ok()) << fresh.status();
  EXPECT_EQ(fresh->state->ViewOutbox()->pending, 0);
  EXPECT_THAT(*fresh->state->StandingAlerts(), IsEmpty());
  EXPECT_FALSE(fresh->state->TellAlerts(Slow(), kLater).ok());
}

}  // namespace
}  // namespace retentiond
