#include "alert/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "alert/conditions.h"
#include "testing/alert/fake_channel.h"
#include "testing/run/run_fixture.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class DispatcherTest : public RunTest {
 protected:
  class Deliveries : public RunObserver {
   public:
    void OnDelivery(const std::string& channel,
                    const std::string& problem) override {
      told.push_back(problem.empty() ? channel : channel + ": " + problem);
    }
    void OnOutbox(std::int64_t pending) override { waiting = pending; }

    std::vector<std::string> told;
    std::int64_t waiting = 0;
  };

  void SetUp() override {
    RunTest::SetUp();
    config_.database.name = "/srv/farm/dev.db";
    AddJob("young", slot().cutoff);
    desk_.OnSettings(CurrentSettings());
    Settle();
  }
  // Tends until nothing is under way and nothing is due.
  void Settle() {
    Database database = database_.Open();
    do {
      const absl::Status tended = desk_.Tend(*database.state);
      ASSERT_TRUE(tended.ok()) << tended;
      std::this_thread::yield();
    } while (desk_.in_hand() > 0 || desk_.HasWork());
  }
  void Trouble(const std::string& message) {
    desk_.OnTrouble(absl::InternalError(message), "going on");
    desk_.NoteTurn(absl::OkStatus());
    Settle();
  }
  void FailTurn(const absl::Status& status) {
    desk_.OnTrouble(status, "trying again in 15 s");
    desk_.NoteTurn(status);
  }
  // While the database cannot be opened.
  void SettleInMemory() {
    do {
      desk_.TendFromMemory();
      std::this_thread::yield();
    } while (desk_.in_hand() > 0);
  }
  // A whole night by the real run, told by the desk.
  absl::StatusOr<RunRecord> Night() {
    Database database = database_.Open();
    CleanupParts parts = Parts(database);
    ObserverList both({&observer_, &desk_});
    CleanupParts told{.database = parts.database,
                      .config = parts.config,
                      .naming = parts.naming,
                      .clock = parts.clock,
                      .calls = parts.calls,
                      .directory = nullptr,
                      .observer = both,
                      .alerts = &desk_,
                      .stop_requested = parts.stop_requested,
                      .wakeup = parts.wakeup,
                      .holder = parts.holder,
                      .host = parts.host,
                      .process_start = parts.process_start,
                      .build_date = parts.build_date};
    auto run = Cleanup(told).Execute(TheSlotIsDue(), std::nullopt);
    return run;
  }
  std::vector<std::string> Slack() { return logs_["slack"].Told(); }
  std::vector<std::string> Email() { return logs_["email"].Told(); }
  std::vector<std::string> Standing() {
    std::vector<std::string> keys;
    const Database database = database_.Open();
    const auto standing = database.state->StandingAlerts();
    for (const StandingAlert& alert : *standing) {
      keys.push_back(alert.key);
    }
    return keys;
  }

  std::map<std::string, ChannelLog> logs_;
  std::vector<AlertChannel> channels_ = {
      {"slack", AlertChannel::Takes::kAll},
      {"email", AlertChannel::Takes::kConditions},
      {"ping", AlertChannel::Takes::kRuns}};
  Deliveries observed_;
  Dispatcher desk_{{.clock = clock_,
                    .host = "farm",
                    .make_channels =
                        [this](const AlertsConfig&, const Sender& sender) {
                          EXPECT_EQ(sender.host, "farm");
                          EXPECT_EQ(sender.database, "/srv/farm/dev.db");
                          std::vector<std::unique_ptr<Channel>> channels;
                          for (const AlertChannel& channel : channels_) {
                            channels.push_back(std::make_unique<FakeChannel>(
                                channel, logs_[channel.name]));
                          }
                          return channels;
                        },
                    .observer = observed_}};
};

TEST_F(DispatcherTest, TellsEachChannelOnceAndWhenItIsOver) {
  Trouble("the disk is full");
  EXPECT_THAT(Slack(), ElementsAre("raised trouble"));
  EXPECT_THAT(Email(), ElementsAre("raised trouble"));
  EXPECT_THAT(logs_["ping"].Told(), IsEmpty());
  EXPECT_EQ(logs_["slack"].parcels[0].message.text,
            "the disk is full, going on");
  Trouble("the disk is full");
  EXPECT_THAT(Slack(), SizeIs(1));
  EXPECT_THAT(Standing(), ElementsAre("trouble"));
  EXPECT_EQ(observed_.waiting, 0);
  // A night without it is its end.
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Email(), ElementsAre("raised trouble", "resolved trouble"));
  EXPECT_THAT(Standing(), IsEmpty());
}

TEST_F(DispatcherTest, TellsOfANightWithTheAuditHead) {
  AddJob("old", BeforeCutoff(1));
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("notice run-success"));
  EXPECT_THAT(Email(), IsEmpty());
  EXPECT_THAT(logs_["ping"].Told(),
              ElementsAre("notice run-begin", "notice run-success"));
  const AlertMessage& message = logs_["slack"].parcels[0].message;
  EXPECT_THAT(message.text,
              StartsWith("The cleanup of 2040-03-16: 1 job and 2 files "
                         "deleted, "));
  const AuditRecord last = Audit().back();
  EXPECT_EQ(last.event, "run-end");
  EXPECT_THAT(message.audit_head, HasSubstr(":" + last.hash));
}

TEST_F(DispatcherTest, TellsOfARunThatFailed) {
  AddJob("old", BeforeCutoff(1));
  database_.script().Fail("DeleteBatch", 1, absl::DataLossError("torn page"));
  EXPECT_EQ(Night()->outcome, RunOutcome::kFailed);
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("raised run-failed"));
  EXPECT_THAT(logs_["ping"].Told(),
              ElementsAre("notice run-begin", "raised run-failed"));
}

TEST_F(DispatcherTest, TellsOfABlockAndOfItsEnd) {
  database_.Erase("young");  // the first run would delete every job
  AddJob("old", BeforeCutoff(1));
  EXPECT_EQ(Night()->outcome, RunOutcome::kBlocked);
  EXPECT_EQ(Night()->outcome, RunOutcome::kBlocked);
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("raised blocked"));
  // A slot that a block holds up is not told of as late, too.
  desk_.NoteOverdue(slot());
  Settle();
  EXPECT_THAT(Standing(), ElementsAre("blocked"));
  AddJob("younger", slot().cutoff);
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Slack(), Contains("resolved blocked"));
}

TEST_F(DispatcherTest, TellsOfASlotThatIsLate) {
  desk_.NoteOverdue(std::nullopt);
  EXPECT_FALSE(desk_.HasWork());
  desk_.NoteOverdue(slot());
  Settle();
  desk_.NoteOverdue(slot());
  EXPECT_FALSE(desk_.HasWork());
  clock_.Advance(hours(1));
  desk_.NoteOverdue(slot());
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("raised late"));
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Slack(), Contains("resolved late"));
}

TEST_F(DispatcherTest, TellsOfALargeRunAheadUntilItIsOver) {
  desk_.NoteAhead(std::nullopt);
  Settle();
  EXPECT_THAT(Slack(), IsEmpty());
  Announcement ahead;
  ahead.preview.slot = slot();
  desk_.NoteAhead(ahead);
  desk_.NoteAhead(ahead);
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("raised large-run"));
  EXPECT_THAT(Email(), ElementsAre("raised large-run"));
  EXPECT_THAT(logs_["ping"].Told(), IsEmpty());
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Email(), ElementsAre("raised large-run", "resolved large-run"));
}

TEST_F(DispatcherTest, TellsOfMissedSlotsUntilARunHasMadeUpForThem) {
  desk_.OnMissed({slot().date - days(1)});
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("raised missed"));
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Slack(), Contains("resolved missed"));
}

TEST_F(DispatcherTest, TellsOfJobsThatAreHeldForLong) {
  AddJob("forgotten", BeforeCutoff(31), "RENDERING");
  ASSERT_TRUE(Night().ok());
  Settle();
  EXPECT_THAT(Slack(), Contains("raised held-long"));
}

TEST_F(DispatcherTest, TellsOfAChainThatSomebodyHasChanged) {
  ASSERT_TRUE(Night().ok());
  database_.Open().state->WriteNote("audit-verified", "1:0000").IgnoreError();
  Database database = database_.Open();
  const AlertReport report = desk_.ReportOf(
      {.slot = slot().date, .outcome = RunOutcome::kSuccess}, *database.state);
  EXPECT_THAT(report.looked_at, Contains("chain-broken"));
  ASSERT_THAT(report.conditions, SizeIs(1));
  EXPECT_THAT(
      report.conditions[0].text,
      StartsWith("record 1, the last one of the night before, is gone"));
}

TEST_F(DispatcherTest, TriesAgainWithPausesThatDouble) {
  logs_["email"].Answer({{.problem = "away"}, {.problem = "away"}});
  Trouble("disk");
  EXPECT_THAT(observed_.told,
              testing::UnorderedElementsAre("slack", "email: away"));
  EXPECT_EQ(observed_.waiting, 1);
  clock_.Advance(minutes(1) - Micros(1));
  EXPECT_FALSE(desk_.HasWork());
  clock_.Advance(Micros(1));
  EXPECT_TRUE(desk_.HasWork());
  Settle();
  clock_.Advance(minutes(2) - Micros(1));
  EXPECT_FALSE(desk_.HasWork());
  clock_.Advance(Micros(1));
  Settle();
  EXPECT_THAT(Email(), SizeIs(3));
  EXPECT_EQ(observed_.waiting, 0);
  // The same parcel each time.
  EXPECT_EQ(logs_["email"].parcels[0].id, logs_["email"].parcels[2].id);
}

TEST_F(DispatcherTest, WaitsAsLongAsTheReceiverAsks) {
  logs_["email"].Answer({{.problem = "busy", .retry_after = seconds(600)}});
  Trouble("disk");
  clock_.Advance(seconds(599));
  EXPECT_FALSE(desk_.HasWork());
  clock_.Advance(seconds(1));
  Settle();
  EXPECT_THAT(Email(), SizeIs(2));
}

TEST_F(DispatcherTest, PausesAreBounded) {
  EXPECT_EQ(PauseAfter(1, std::nullopt), minutes(1));
  EXPECT_EQ(PauseAfter(2, std::nullopt), minutes(2));
  EXPECT_EQ(PauseAfter(6, std::nullopt), minutes(32));
  EXPECT_EQ(PauseAfter(7, std::nullopt), hours(1));
  EXPECT_EQ(PauseAfter(1'000'000'000'000, std::nullopt), hours(1));
  EXPECT_EQ(PauseAfter(1, seconds(5)), minutes(1));
  EXPECT_EQ(PauseAfter(1, seconds::max()), hours(24));
}

TEST_F(DispatcherTest, TellsOfAChannelThatFailsOnTheOthers) {
  logs_["email"].Answer({{.problem = "it answered HTTP 500"},
                         {.problem = "it answered HTTP 500"},
                         {.problem = "it answered HTTP 500"}});
  Trouble("disk");
  clock_.Advance(minutes(1));
  Settle();
  EXPECT_THAT(Slack(), SizeIs(1));
  clock_.Advance(minutes(2));
  Settle();
  EXPECT_THAT(Slack(),
              ElementsAre("raised trouble", "raised channel-failing:email"));
  EXPECT_EQ(logs_["slack"].parcels[1].message.text,
            "The channel email has failed 3 times in a row: it answered HTTP "
            "500. Its messages are tried for a week.");
  clock_.Advance(minutes(4));
  Settle();
  EXPECT_THAT(Slack(), Contains("resolved channel-failing:email"));
  EXPECT_THAT(Email(), SizeIs(4));
}

TEST_F(DispatcherTest, ForgetsAChannelThatIsNotConfiguredAnyMore) {
  const std::vector<Delivery> fails(9, Delivery{.problem = "gone"});
  logs_["email"].Answer(fails);
  Trouble("disk");
  for (int i = 0; i < 3; ++i) {
    clock_.Advance(hours(1));
    Settle();
  }
  EXPECT_THAT(Standing(), Contains("channel-failing:email"));
  channels_.erase(channels_.begin() + 1);
  config_.alerts.command = {"/bin/true"};  // something has changed
  desk_.OnSettings(CurrentSettings());
  clock_.Advance(hours(1));
  Settle();
  EXPECT_THAT(Slack(), Contains("resolved channel-failing:email"));
  EXPECT_EQ(observed_.waiting, 0);
}

TEST_F(DispatcherTest, KeepsItsChannelsWhenNothingOfThemHasChanged) {
  config_.schedule.window = minutes(90);
  channels_.clear();
  desk_.OnSettings(CurrentSettings());
  Trouble("disk");
  EXPECT_THAT(Slack(), SizeIs(1));
}

TEST_F(DispatcherTest, AReloadBringsAgainWhatWasInHand) {
  logs_["slack"].hangs = true;
  desk_.OnTrouble(absl::InternalError("disk"), "going on");
  desk_.NoteTurn(absl::OkStatus());
  Database database = database_.Open();
  ASSERT_TRUE(desk_.Tend(*database.state).ok());
  logs_["slack"].WaitForTries(1);
  config_.alerts.command = {"/bin/true"};
  desk_.OnSettings(CurrentSettings());  // is not held up
  logs_["slack"].hangs = false;
  clock_.Advance(minutes(5));
  Settle();
  EXPECT_THAT(Slack(), ElementsAre("raised trouble", "raised trouble"));
  EXPECT_EQ(logs_["slack"].parcels[0].id, logs_["slack"].parcels[1].id);
}

TEST_F(DispatcherTest, KeepsQuietOfTroubleThatPasses) {
  FailTurn(absl::UnavailableError("the server restarts"));
  SettleInMemory();
  clock_.Advance(minutes(5) - Micros(1));
  FailTurn(absl::UnavailableError("the server restarts"));
  SettleInMemory();
  EXPECT_THAT(Slack(), IsEmpty());
  clock_.Advance(Micros(1));
  FailTurn(absl::UnavailableError("the server restarts"));
  SettleInMemory();
  EXPECT_THAT(Slack(), ElementsAre("raised database-trouble"));
}

TEST_F(DispatcherTest, TellsFromMemoryWhileTheStateCannotBeWritten) {
  desk_.OnMissed({slot().date - days(1)});
  FailTurn(absl::PermissionDeniedError("read-only"));
  SettleInMemory();
  EXPECT_THAT(Slack(), testing::UnorderedElementsAre(
                           "raised missed", "raised database-trouble"));
  FailTurn(absl::PermissionDeniedError("read-only"));
  SettleInMemory();
  EXPECT_THAT(Slack(), SizeIs(2));
  EXPECT_THAT(Standing(), IsEmpty());
  // When it is back, the state knows what was told.
  desk_.NoteTurn(absl::OkStatus());
  Settle();
  EXPECT_THAT(Standing(), ElementsAre("missed"));
  EXPECT_THAT(Slack(), Contains("resolved database-trouble"));
  EXPECT_THAT(Slack(), SizeIs(3));
}

TEST_F(DispatcherTest, TellsFromMemoryWhatTheOutboxDidNotTake) {
  Database database = database_.Open();
  database_.script().Fail("TellAlerts", 1,
                          absl::ResourceExhaustedError("the disk is full"));
  desk_.OnMissed({slot().date - days(1)});
  EXPECT_FALSE(desk_.Tend(*database.state).ok());
  SettleInMemory();
  EXPECT_THAT(Slack(), ElementsAre("raised missed"));
  Settle();
  EXPECT_THAT(Slack(), SizeIs(1));
  EXPECT_THAT(Standing(), ElementsAre("missed"));
}

TEST_F(DispatcherTest, TriesAgainFromMemory) {
  logs_["slack"].Answer({{.problem = "away"}});
  FailTurn(absl::InternalError("broken"));
  SettleInMemory();
  clock_.Advance(minutes(1) - Micros(1));
  SettleInMemory();
  EXPECT_THAT(Slack(), SizeIs(1));
  clock_.Advance(Micros(1));
  EXPECT_TRUE(desk_.HasWork());
  SettleInMemory();
  EXPECT_THAT(Slack(), SizeIs(2));
}

TEST_F(DispatcherTest, SettlesAtTheEndWithoutBeginningAnything) {
  desk_.OnTrouble(absl::InternalError("disk"), "going on");
  desk_.NoteTurn(absl::OkStatus());
  Database database = database_.Open();
  ASSERT_TRUE(desk_.Tend(*database.state).ok());
  while (observed_.told.size() < 2) {
    ASSERT_TRUE(desk_.Settle(*database.state).ok());
  }
  EXPECT_EQ(database.state->ViewOutbox()->pending, 0);
}

TEST_F(DispatcherTest, FailsNothingWhenTheStateIsLost) {
  for (const char* method : {"StateId", "StandingAlerts", "ViewOutbox"}) {
    config_.alerts.command = {method};  // the state is asked anew
    desk_.OnSettings(CurrentSettings());
    Database database = database_.Open();
    database_.script().Fail(method, 1, absl::DataLossError(method));
    EXPECT_FALSE(desk_.Tend(*database.state).ok());
    EXPECT_TRUE(desk_.Tend(*database.state).ok());
  }
  database_.script().Fail("ReadNote", 1, absl::DataLossError("lost"));
  database_.script().Fail("ListRunsOf", 1, absl::DataLossError("lost"));
  Database database = database_.Open();
  const AlertReport report = desk_.ReportOf(
      {.slot = slot().date, .outcome = RunOutcome::kSuccess}, *database.state);
  EXPECT_THAT(report.notices, SizeIs(1));
}

}  // namespace
}  // namespace retentiond
