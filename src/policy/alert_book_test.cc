#include "policy/alert_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace retentiond {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Micros kTick{1};

// A book that is kept: each report is decided upon what stood before.
class AlertBookTest : public testing::Test {
 protected:
  static AlertReport Of(std::vector<AlertReport::Condition> conditions,
                        std::set<std::string> looked_at = {}) {
    AlertReport report;
    report.conditions = std::move(conditions);
    report.looked_at = std::move(looked_at);
    return report;
  }
  // "raised slow", ...
  std::vector<std::string> Tell(const AlertReport& report) {
    AlertDecision decision = Decide(standing_, report, now_);
    standing_ = decision.standing;
    messages_ = decision.messages;
    std::vector<std::string> told;
    for (const AlertMessage& message : messages_) {
      told.push_back(std::string(NameOf(message.event)) + " " + message.key);
    }
    return told;
  }

  std::vector<StandingAlert> standing_;
  std::vector<AlertMessage> messages_;
  Instant now_{hours(500'000)};
};

TEST_F(AlertBookTest, TellsOfEachKindOnceAndWhenItIsOver) {
  for (const AlertKind kind : AllAlertKinds()) {
    const std::string key = AlertKeyOf(kind);
    const Instant since = now_;
    EXPECT_THAT(Tell(Of({{kind, "", "it is so"}})),
                ElementsAre("raised " + key));
    EXPECT_EQ(messages_[0].text, "it is so");
    EXPECT_EQ(messages_[0].weight, WeightOf(kind));
    now_ += hours(1);
    EXPECT_THAT(Tell(Of({{kind, "", "it is so"}}, {key})), IsEmpty());
    EXPECT_THAT(Tell(Of({}, {key})), ElementsAre("resolved " + key));
    EXPECT_EQ(messages_[0].since, since);
    EXPECT_EQ(messages_[0].at, now_);
    EXPECT_THAT(Tell(Of({}, {key})), IsEmpty());
    EXPECT_THAT(standing_, IsEmpty());
  }
}

TEST_F(AlertBookTest, TellsAgainADayLater) {
  const AlertReport slow = Of({{AlertKind::kSlow, "", "first"}}, {"slow"});
  Tell(slow);
  now_ += kTellAgainAfter - kTick;
  EXPECT_THAT(Tell(slow), IsEmpty());
  now_ += kTick;
  EXPECT_THAT(Tell(Of({{AlertKind::kSlow, "", "second"}}, {"slow"})),
              ElementsAre("still slow"));
  EXPECT_EQ(messages_[0].text, "second");
  EXPECT_EQ(messages_[0].since, now_ - kTellAgainAfter);
  EXPECT_THAT(Tell(slow), IsEmpty());
  now_ += kTellAgainAfter;
  EXPECT_THAT(Tell(slow), ElementsAre("still slow"));
}

TEST_F(AlertBookTest, IsNotSilencedByAClockThatWasAhead) {
  const AlertReport slow = Of({{AlertKind::kSlow, "", "text"}}, {"slow"});
  Tell(slow);
  now_ -= kTellAgainAfter - kTick;
  EXPECT_THAT(Tell(slow), IsEmpty());
  now_ -= kTick;
  EXPECT_THAT(Tell(slow), ElementsAre("still slow"));
}

TEST_F(AlertBookTest, LeavesAloneWhatWasNotLookedAt) {
  Tell(Of({{AlertKind::kSlow, "", "text"}, {AlertKind::kLate, "", "text"}}));
  EXPECT_THAT(Tell(Of({}, {"late"})), ElementsAre("resolved late"));
  ASSERT_THAT(standing_, SizeIs(1));
  EXPECT_EQ(standing_[0].key, "slow");
}

TEST_F(AlertBookTest, TellsSubjectsOfOneKindApart) {
  Tell(Of({{AlertKind::kChannelFailing, "slack", "500"},
           {AlertKind::kChannelFailing, "email", "refused"}}));
  EXPECT_THAT(Tell(Of({}, {"channel-failing:slack"})),
              ElementsAre("resolved channel-failing:slack"));
  EXPECT_EQ(standing_[0].key, "channel-failing:email");
}

TEST_F(AlertBookTest, KeepsQuietOfWhatWasToldFromMemory) {
  AlertReport report =
      Of({{AlertKind::kDatabase, "", "it is away"}}, {"database-trouble"});
  Tell(report);
  report.told_before = standing_;
  standing_.clear();
  EXPECT_THAT(Tell(report), IsEmpty());
  ASSERT_THAT(standing_, SizeIs(1));
  report.conditions.clear();
  EXPECT_THAT(Tell(report), ElementsAre("resolved database-trouble"));
}

TEST_F(AlertBookTest, PassesNoticesOnAndKeepsNone) {
  AlertReport report;
  EXPECT_TRUE(report.empty());
  report.notices = {{kNoticeRunSuccess, "40 jobs"}};
  EXPECT_FALSE(report.empty());
  EXPECT_THAT(Tell(report), ElementsAre("notice run-success"));
  EXPECT_THAT(Tell(report), ElementsAre("notice run-success"));
  EXPECT_THAT(standing_, IsEmpty());
}

TEST_F(AlertBookTest, CutsALongTextBetweenCharacters) {
  const std::string fits(kLongestAlertText, 'a');
  Tell(Of({{AlertKind::kSlow, "", fits}}));
  EXPECT_EQ(standing_[0].text, fits);
  const std::string longer =
      std::string(kLongestAlertText - 1, 'a') + "\u00e4b";
  Tell(Of({{AlertKind::kSlow, "", longer}}));
  EXPECT_EQ(standing_[0].text, std::string(kLongestAlertText - 1, 'a') + "...");
}

TEST(AlertTest, EveryNameIsReadBack) {
  for (const AlertKind kind : AllAlertKinds()) {
    EXPECT_EQ(AlertKindOf(NameOf(kind)), kind);
    EXPECT_EQ(AlertKindOf(AlertKeyOf(kind, "x:y")), kind);
    EXPECT_STRNE(TitleOf(kind), "");
  }
  EXPECT_EQ(AlertKindOf("what a later version knows"), std::nullopt);
  for (const char* name : {"raised", "still", "resolved", "notice", "test"}) {
    EXPECT_STREQ(NameOf(*AlertEventOf(name)), name);
  }
  EXPECT_EQ(AlertEventOf("risen"), std::nullopt);
  for (const char* name : {"info", "warning", "critical"}) {
    EXPECT_STREQ(NameOf(*AlertWeightOf(name)), name);
  }
  EXPECT_EQ(AlertWeightOf(""), std::nullopt);
}

TEST(AlertTest, WhatWasFoundLaterHolds) {
  AlertReport report;
  report.conditions = {{AlertKind::kLate, "", "first"},
                       {AlertKind::kSlow, "", "slow"},
                       {AlertKind::kTrouble, "", "disk"}};
  report.notices = {{"a", ""}};
  AlertReport later;
  later.looked_at = {"slow"};
  later.conditions = {{AlertKind::kLate, "", "second"}};
  later.notices = {{"b", ""}};
  report.Add(later);
  ASSERT_THAT(report.conditions, SizeIs(2));
  EXPECT_EQ(report.conditions[0].text, "disk");
  EXPECT_EQ(report.conditions[1].text, "second");
  EXPECT_THAT(report.looked_at, ElementsAre("slow"));
  EXPECT_THAT(report.notices, SizeIs(2));
}

TEST(AlertTest, EachChannelTakesWhatItIsFor) {
  using Takes = AlertChannel::Takes;
  const auto takes = [](Takes what, const std::string& key, AlertEvent event) {
    return TakesMessage({"slack", what}, {.key = key, .event = event});
  };
  using enum AlertEvent;
  EXPECT_TRUE(takes(Takes::kAll, "slow", kRaised));
  EXPECT_TRUE(takes(Takes::kAll, "slow", kResolved));
  EXPECT_TRUE(takes(Takes::kAll, kNoticeRunSuccess, kNotice));
  EXPECT_FALSE(takes(Takes::kAll, kNoticeRunBegin, kNotice));
  EXPECT_TRUE(takes(Takes::kConditions, "slow", kResolved));
  EXPECT_FALSE(takes(Takes::kConditions, kNoticeRunSuccess, kNotice));
  EXPECT_TRUE(takes(Takes::kRuns, kNoticeRunBegin, kNotice));
  EXPECT_TRUE(takes(Takes::kRuns, kNoticeRunSuccess, kNotice));
  for (const char* key : {"run-failed", "run-partial", "blocked"}) {
    EXPECT_TRUE(takes(Takes::kRuns, key, kStill)) << key;
    EXPECT_FALSE(takes(Takes::kRuns, key, kResolved)) << key;
  }
  EXPECT_FALSE(takes(Takes::kRuns, "slow", kRaised));
  // A channel that fails is told of on the others.
  EXPECT_FALSE(takes(Takes::kAll, "channel-failing:slack", kRaised));
  EXPECT_TRUE(takes(Takes::kAll, "channel-failing:email", kRaised));
}

}  // namespace
}  // namespace retentiond
