// What every StateStore must do.
#include "testing/jobstore/state_store_conformance.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/jobstore/conformance.h"

namespace retentiond {
namespace {

using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;
using std::string_literals::operator""s;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Code = absl::StatusCode;

INSTANTIATE_TEST_SUITE_P(All, StateStoreConformanceTest,
                         testing::ValuesIn(FarmKinds()),
                         [](const auto& kind) { return kind.param.name; });

// --- the state's id, and opening

TEST_P(StateStoreConformanceTest, KeepsItsIdWhenOpenedAgain) {
  const std::string id = *state().StateId();
  EXPECT_EQ(id.size(), 32U);
  database_ = *farm_->Open(OpenMode::kReadWrite);
  EXPECT_EQ(*state().StateId(), id);
}

TEST_P(StateStoreConformanceTest, GivesEachFarmAnIdOfItsOwn) {
  const std::unique_ptr<Farm> other = GetParam().make();
  const Database database = *other->Open(OpenMode::kReadWrite);
  EXPECT_NE(*state().StateId(), *database.state->StateId());
}

TEST_P(StateStoreConformanceTest, AnswersAsIfEmptyWhereThereAreNoTables) {
  const std::unique_ptr<Farm> fresh = GetParam().make();
  const Database database = *fresh->Open(OpenMode::kReadOnly);
  StateStore& empty = *database.state;
  EXPECT_EQ(*empty.StateId(), "");
  EXPECT_EQ(empty.ViewLease()->holder, "");
  EXPECT_EQ(*empty.LastSlot(), std::nullopt);
  EXPECT_FALSE(empty.OpenRun()->has_value());
  EXPECT_THAT(*empty.ListRuns(10), IsEmpty());
  EXPECT_THAT(*empty.ListPending(PendingId{0}, 10), IsEmpty());
  EXPECT_OK(empty.VisitShield(nullptr));
  EXPECT_THAT(*empty.ListRoots(), IsEmpty());
  EXPECT_EQ(*empty.Head(), std::nullopt);
  EXPECT_OK(empty.VisitAudit(AuditSeq{1}, nullptr));
  EXPECT_FALSE(empty.FindDeletion({"a"})->has_value());
  EXPECT_EQ(*empty.ReadAnchor(), std::nullopt);
  EXPECT_FALSE(empty.BlockedSince()->has_value());
  EXPECT_EQ(*empty.ReadNote("schedule"), std::nullopt);
}

TEST_P(StateStoreConformanceTest, WritesNothingWhenOpenedReadOnly) {
  BeginRun();
  {
    const Database database = *farm_->Open(OpenMode::kReadOnly);
    StateStore& reader = *database.state;
    EXPECT_EQ(*reader.StateId(), *state().StateId());
    EXPECT_THAT(*reader.ListRuns(10), SizeIs(1));
    EXPECT_EQ(reader.SetLastSlot(Slot()).code(), Code::kPermissionDenied);
    EXPECT_EQ(reader.Prune(kLater).code(), Code::kPermissionDenied);
    EXPECT_EQ(reader.WriteNote("a", "b").code(), Code::kPermissionDenied);
    EXPECT_EQ(reader.TakeLease("host-a", std::nullopt).status().code(),
              Code::kPermissionDenied);
  }
  EXPECT_EQ(*state().LastSlot(), std::nullopt);
}

// --- the lease

TEST_P(StateStoreConformanceTest, StartsWithAFreeLease) {
  EXPECT_EQ(state().ViewLease()->holder, "");
}

TEST_P(StateStoreConformanceTest, GivesAFreeLeaseAndShowsItsHolder) {
  const Lease lease = *state().TakeLease("host-a", std::nullopt);
  const LeaseView view = *state().ViewLease();
  EXPECT_EQ(view.holder, "host-a");
  EXPECT_EQ(view.epoch, lease.epoch);
}

TEST_P(StateStoreConformanceTest, RefusesALeaseThatAnotherHolds) {
  ASSERT_TRUE(state().TakeLease("host-a", std::nullopt).ok());
  const absl::Status status =
      state().TakeLease("host-b", std::nullopt).status();
  EXPECT_EQ(status.code(), Code::kAborted);
  EXPECT_NE(std::string(status.message()).find("host-a"), std::string::npos);
  EXPECT_EQ(state().ViewLease()->holder, "host-a");
}

TEST_P(StateStoreConformanceTest, RefusesAHolderWithoutAName) {
  EXPECT_EQ(state().TakeLease("", std::nullopt).status().code(),
            Code::kInvalidArgument);
}

TEST_P(StateStoreConformanceTest, RaisesTheEpochAtEachTaking) {
  const Lease first = *state().TakeLease("host-a", std::nullopt);
  const Lease again = *state().TakeLease("host-a", std::nullopt);
  EXPECT_GT(again.epoch, first.epoch);
  ASSERT_OK(state().ReleaseLease(again));
  EXPECT_EQ(state().ViewLease()->epoch, again.epoch);
  EXPECT_GT(state().TakeLease("host-a", std::nullopt)->epoch, again.epoch);
}

TEST_P(StateStoreConformanceTest, IsTakenOverOnlyWhenUnchanged) {
  const Lease lease = *state().TakeLease("host-a", std::nullopt);
  const LeaseView seen = *state().ViewLease();
  ASSERT_OK(state().RenewLease(lease));
  EXPECT_EQ(state().TakeLease("host-b", seen).status().code(), Code::kAborted);
  const LeaseView unchanged = *state().ViewLease();
  EXPECT_EQ(unchanged.renewals, seen.renewals + 1);
  EXPECT_GT(state().TakeLease("host-b", unchanged)->epoch, lease.epoch);
  EXPECT_EQ(state().ViewLease()->holder, "host-b");
}

TEST_P(StateStoreConformanceTest, TellsAnOldHolderThatItsLeaseIsGone) {
  BeginRun();
  ASSERT_TRUE(state().TakeLease("host-b", *state().ViewLease()).ok());
  const RunRecord run = NewestRun();
  EXPECT_EQ(state().RenewLease(lease_).code(), Code::kFailedPrecondition);
  EXPECT_EQ(state().ReleaseLease(lease_).code(), Code::kFailedPrecondition);
  EXPECT_EQ(state().BeginRun(RunOf(Slot() + days(1)), lease_).status().code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(state().UpdateRun(run, lease_).code(), Code::kFailedPrecondition);
  EXPECT_EQ(Close(RunOutcome::kSuccess).code(), Code::kFailedPrecondition);
  EXPECT_EQ(state().RecordFiles(run_, {}, lease_, kLater).code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(state().UpdateShield({}, lease_).code(), Code::kFailedPrecondition);
  EXPECT_EQ(state().RecordRoots({}, lease_).code(), Code::kFailedPrecondition);
  EXPECT_EQ(state().ViewLease()->holder, "host-b");
}

TEST_P(StateStoreConformanceTest, CannotRenewAReleasedLease) {
  const Lease lease = *state().TakeLease("host-a", std::nullopt);
  ASSERT_OK(state().ReleaseLease(lease));
  EXPECT_EQ(state().ViewLease()->holder, "");
  EXPECT_EQ(state().RenewLease(lease).code(), Code::kFailedPrecondition);
}

// --- slots and runs

TEST_P(StateStoreConformanceTest, RemembersTheLastSlot) {
  EXPECT_EQ(*state().LastSlot(), std::nullopt);
  ASSERT_OK(state().SetLastSlot(Slot()));
  EXPECT_EQ(*state().LastSlot(), Slot());
}

TEST_P(StateStoreConformanceTest, BeginsARunWithItsAuditRecord) {
  lease_ = *state().TakeLease("host-a", std::nullopt);
  RunRecord run = RunOf(Slot());
  run.late = true;
  run.phase = "survey";
  run.audit_facts = {{"host", "farm\xff"}, {"zone_data", "2025b"}};
  run_ = *state().BeginRun(run, lease_);
  const RunRecord open = (*state().OpenRun()).value();
  EXPECT_EQ(open.id, run_);
  EXPECT_EQ(open.slot, Slot());
  EXPECT_EQ(open.slot_start, kSlotStart);
  EXPECT_EQ(open.cutoff, kCutoff);
  EXPECT_EQ(open.started, run.started);
  EXPECT_EQ(open.finished, std::nullopt);
  EXPECT_EQ(open.outcome, std::nullopt);
  EXPECT_TRUE(open.late);
  EXPECT_EQ(open.timezone, "UTC");
  EXPECT_EQ(open.phase, "survey");
  EXPECT_THAT(Events(), ElementsAre("run-begin"));
  EXPECT_EQ(Audit()[0].time, run.started);
  EXPECT_EQ(Audit()[0].run, run_);
  EXPECT_EQ(
      NewestFacts(),
      json::parse(R"({"slot":"2026-03-16","slot_start":"2026-03-16T03:00:00Z",)"
                  R"("cutoff":"2026-03-09T03:00:00Z","timezone":"UTC",)"
                  R"("late":true,"host":{"escaped":"farm\\xff"},)"
                  R"("zone_data":"2025b"})"));
}

TEST_P(StateStoreConformanceTest, GivesAnOpenRunBackAsItIs) {
  BeginRun();
  EXPECT_EQ(*state().BeginRun(RunOf(Slot()), lease_), run_);
  EXPECT_THAT(Events(), ElementsAre("run-begin"));
}

TEST_P(StateStoreConformanceTest, BeginsNoSecondRunWhileOneIsOpen) {
  BeginRun();
  EXPECT_EQ(state().BeginRun(RunOf(Slot() + days(1)), lease_).status().code(),
            Code::kFailedPrecondition);
}

TEST_P(StateStoreConformanceTest, ClaimsASlotOnce) {
  BeginRun();
  ASSERT_OK(Close(RunOutcome::kSuccess));
  EXPECT_EQ(state().BeginRun(RunOf(Slot()), lease_).status().code(),
            Code::kAlreadyExists);
  EXPECT_EQ(state().BeginRun(RunOf(Slot() - days(1)), lease_).status().code(),
            Code::kAlreadyExists);
  EXPECT_TRUE(state().BeginRun(RunOf(Slot() + days(1)), lease_).ok());
}

TEST_P(StateStoreConformanceTest, ClaimsAClosedSlotNoMoreWhenTheLastIsSetBack) {
  BeginRun();
  ASSERT_OK(Close(RunOutcome::kSuccess));
  ASSERT_OK(state().SetLastSlot(Slot() - days(3)));
  EXPECT_EQ(state().BeginRun(RunOf(Slot()), lease_).status().code(),
            Code::kAlreadyExists);
}

TEST_P(StateStoreConformanceTest, UpdatesWhatARunFindsOut) {
  BeginRun();
  RunRecord run = NewestRun();
  run.phase = "batches";
  run.expired = 5;
  run.held = 2;
  run.undatable = 1;
  run.orphans = 4;
  run.marks = {kMarkSlow, kMarkWindowCut};
  run.tables.push_back({.table = "Job",
                        .bytes_before = 8192,
                        .bytes_after = {},
                        .dead_rows_before = 3,
                        .dead_rows_after = {},
                        .vacuum = ""});
  run.phases_s = {{"survey", 1.5}, {"odd\xff", 2}};
  run.kept = {{"shielded", 3}};
  run.jobs_deleted = 99;  // kept by DeleteBatch alone
  for (int i = 0; i < 21; ++i) run.errors.push_back(fmt::format("e{}", i));
  run.errors[0] = "bad \xff name";
  ASSERT_OK(state().UpdateRun(run, lease_));
  const RunRecord open = (*state().OpenRun()).value();
  EXPECT_EQ(open.phase, "batches");
  EXPECT_EQ(open.expired, 5);
  EXPECT_EQ(open.held, 2);
  EXPECT_EQ(open.undatable, 1);
  EXPECT_EQ(open.orphans, 4);
  EXPECT_THAT(open.marks, ElementsAre("slow", "window-cut"));
  EXPECT_EQ(open.tables, run.tables);
  EXPECT_EQ(open.jobs_deleted, 0);
  EXPECT_EQ(open.phases_s.at("survey"), 1.5);
  EXPECT_EQ(open.kept.at("shielded"), 3);
  EXPECT_EQ(open.phases_s.at("odd\\xff"), 2);
  ASSERT_EQ(open.errors.size(), 20U);
  EXPECT_EQ(open.errors.front(), "bad \\xff name");
  EXPECT_EQ(open.errors.back(), "e19");
}

TEST_P(StateStoreConformanceTest, ClosesARunAndAdvancesTheLastSlot) {
  LeavePending({"uid-a"});
  RunRecord run = NewestRun();
  run.outcome = RunOutcome::kPartial;
  run.held = 3;
  run.phase = "tidy";
  run.audit_facts = {{"host", "farm"}};
  ASSERT_OK(state().CloseRun(run, lease_, kLater));
  EXPECT_FALSE(state().OpenRun()->has_value());
  EXPECT_EQ(*state().LastSlot(), Slot());
  const RunRecord closed = NewestRun();
  EXPECT_EQ(closed.finished, kLater);
  EXPECT_EQ(closed.outcome, RunOutcome::kPartial);
  EXPECT_EQ(closed.held, 3);
  EXPECT_EQ(closed.phase, "");
  EXPECT_EQ(Events().back(), "run-end");
  const json facts = NewestFacts();
  EXPECT_EQ(facts["outcome"], "partial");
  EXPECT_EQ(facts["jobs_deleted"], 1);
  EXPECT_EQ(facts["rows"], json({{"Job", 1}}));
  EXPECT_EQ(facts["held"], 3);
  EXPECT_EQ(facts["host"], "farm");
}

TEST_P(StateStoreConformanceTest, ClosesARunAtTheTimeItNames) {
  BeginRun();
  RunRecord run = NewestRun();
  run.outcome = RunOutcome::kInterrupted;
  run.finished = kLater - seconds(5);
  ASSERT_OK(state().CloseRun(run, lease_, kLater));
  EXPECT_EQ(NewestRun().finished, kLater - seconds(5));
  EXPECT_EQ(NewestRun().outcome, RunOutcome::kInterrupted);
}

TEST_P(StateStoreConformanceTest, ClosesARunOnceAndOnlyWithAnOutcome) {
  BeginRun();
  EXPECT_EQ(state().CloseRun(NewestRun(), lease_, kLater).code(),
            Code::kInvalidArgument);
  ASSERT_OK(Close(RunOutcome::kFailed));
  EXPECT_EQ(Close(RunOutcome::kSuccess).code(), Code::kFailedPrecondition);
  EXPECT_EQ(state().UpdateRun(NewestRun(), lease_).code(),
            Code::kFailedPrecondition);
  EXPECT_EQ(NewestRun().outcome, RunOutcome::kFailed);
}

TEST_P(StateStoreConformanceTest, NeverSetsTheLastSlotBack) {
  BeginRun();
  ASSERT_OK(state().SetLastSlot(Slot() + days(2)));
  ASSERT_OK(Close(RunOutcome::kSuccess));
  EXPECT_EQ(*state().LastSlot(), Slot() + days(2));
}

TEST_P(StateStoreConformanceTest, DoesNotAdvancePastARunThatEndsBlocked) {
  BeginRun();
  ASSERT_OK(Close(RunOutcome::kBlocked));
  EXPECT_EQ(*state().LastSlot(), std::nullopt);
  EXPECT_EQ(*state().BeginRun(RunOf(Slot()), lease_), run_);
}

TEST_P(StateStoreConformanceTest, RecordsABlockWithoutClaimingTheSlot) {
  ASSERT_OK(Block(Slot(), {"stepped"}));
  EXPECT_FALSE(state().OpenRun()->has_value());
  EXPECT_EQ(*state().LastSlot(), std::nullopt);
  const RunRecord blocked = NewestRun();
  EXPECT_EQ(blocked.outcome, RunOutcome::kBlocked);
  EXPECT_EQ(blocked.finished, kLater);
  EXPECT_THAT(blocked.blocked, ElementsAre("stepped"));
  EXPECT_THAT(Events(), ElementsAre("run-blocked"));
  EXPECT_EQ(NewestFacts()["blocked"], json({"stepped"}));
}

TEST_P(StateStoreConformanceTest, AuditsABlockAgainOnlyWhenItsFactsDiffer) {
  ASSERT_OK(Block(Slot(), {"stepped"}));
  ASSERT_OK(Block(Slot(), {"stepped"}));
  EXPECT_THAT(Events(), SizeIs(1));
  ASSERT_OK(Block(Slot(), {"behind-anchor", "stepped"}));
  EXPECT_THAT(Events(), SizeIs(2));
  EXPECT_THAT(*state().ListRuns(10), SizeIs(1));
  EXPECT_THAT(NewestRun().blocked, ElementsAre("behind-anchor", "stepped"));
}

TEST_P(StateStoreConformanceTest, ContinuesABlockedRecordWhenTheSlotBegins) {
  ASSERT_OK(Block(Slot(), {"stepped"}));
  const RunId blocked = NewestRun().id;
  BeginRun();
  EXPECT_EQ(run_, blocked);
  EXPECT_TRUE(state().OpenRun()->has_value());
  EXPECT_EQ(NewestRun().outcome, std::nullopt);
  EXPECT_THAT(NewestRun().blocked, IsEmpty());
  EXPECT_THAT(*state().ListRuns(10), SizeIs(1));
}

TEST_P(StateStoreConformanceTest, LeavesAnOpenRunOpenWhenItIsBlocked) {
  BeginRun();
  RunRecord run = NewestRun();
  run.held = 7;
  ASSERT_OK(state().UpdateRun(run, lease_));
  ASSERT_OK(Block(Slot(), {"stepped"}));
  const RunRecord open = (*state().OpenRun()).value();
  EXPECT_EQ(open.id, run_);
  EXPECT_EQ(open.held, 7);
  EXPECT_THAT(open.blocked, ElementsAre("stepped"));
  EXPECT_THAT(Events(), ElementsAre("run-begin", "run-blocked"));
}

TEST_P(StateStoreConformanceTest, BlocksNoSlotThatIsClosed) {
  BeginRun();
  ASSERT_OK(Close(RunOutcome::kSuccess));
  EXPECT_EQ(Block(Slot(), {"stepped"}).code(), Code::kAlreadyExists);
  EXPECT_EQ(NewestRun().outcome, RunOutcome::kSuccess);
}

TEST_P(StateStoreConformanceTest, ListsRunsNewestFirst) {
  BeginRun();
  ASSERT_OK(Close(RunOutcome::kSuccess));
  const RunId first = run_;
  const RunId second = *state().BeginRun(RunOf(Slot() + days(1)), lease_);
  const std::vector<RunRecord> runs = *state().ListRuns(2);
  ASSERT_THAT(runs, SizeIs(2));
  EXPECT_EQ(runs[0].id, second);
  EXPECT_EQ(runs[1].id, first);
  EXPECT_THAT(*state().ListRuns(1), SizeIs(1));
  EXPECT_THAT(*state().ListRuns(0), IsEmpty());
  EXPECT_THAT(*state().ListRuns(-1), IsEmpty());
}

TEST_P(StateStoreConformanceTest, ListsTheRunsOfTheOutcomesAskedFor) {
  BeginRun();
  ASSERT_OK(Close(RunOutcome::kFailed));
  const RunId failed = run_;
  ASSERT_OK(Block(Slot() + days(1), {"stepped"}));
  run_ = *state().BeginRun(RunOf(Slot() + days(2)), lease_);
  ASSERT_OK(Close(RunOutcome::kSuccess));
  const RunId success = run_;
  ASSERT_OK(Block(Slot() + days(3), {"stepped"}));
  ASSERT_TRUE(state().BeginRun(RunOf(Slot() + days(4)), lease_).ok());
  const auto ids = [&](const std::vector<RunOutcome>& outcomes, int limit) {
    const auto runs = state().ListRunsOf(outcomes, limit);
    EXPECT_TRUE(runs.ok()) << runs.status();
    std::vector<RunId> found;
    for (const RunRecord& run : *runs) found.push_back(run.id);
    return found;
  };
  using enum RunOutcome;
  EXPECT_THAT(ids({kSuccess, kPartial, kFailed}, 9),
              ElementsAre(success, failed));
  EXPECT_THAT(ids({kSuccess, kPartial, kFailed}, 1), ElementsAre(success));
  EXPECT_THAT(ids({kFailed}, 9), ElementsAre(failed));
  EXPECT_THAT(ids({kSuccess, kPartial, kBlocked, kFailed, kInterrupted}, 9),
              SizeIs(4));
  EXPECT_THAT(ids({}, 9), IsEmpty());
  EXPECT_THAT(ids({kSuccess}, -1), IsEmpty());
}

}  // namespace
}  // namespace retentiond
