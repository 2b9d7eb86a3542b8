// What every StateStore must do with files, audit records and the clock; its
// leases and runs are in state_store_conformance_test.cc.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "testing/jobstore/conformance.h"
#include "testing/jobstore/state_store_conformance.h"

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

// --- files

TEST_P(StateStoreConformanceTest, ListsPendingEntriesInPages) {
  LeavePending({"n1", "n2", "n3"});
  const std::vector<PendingFile> first = *state().ListPending(PendingId{0}, 2);
  ASSERT_THAT(first, SizeIs(2));
  const std::vector<PendingFile> rest =
      *state().ListPending(first.back().id, 2);
  ASSERT_THAT(rest, SizeIs(1));
  EXPECT_EQ(rest[0].name, "n3");
  EXPECT_THAT(*state().ListPending(rest[0].id, 2), IsEmpty());
  EXPECT_THAT(*state().ListPending(PendingId{0}, -1), IsEmpty());
}

TEST_P(StateStoreConformanceTest, KeepsPendingEntriesByteForByte) {
  Insert("a", hours(1));
  BeginRun();
  Survey();
  const std::vector<PendingFile::Kind> kinds = {PendingFile::Kind::kTemporary,
                                                PendingFile::Kind::kLog,
                                                PendingFile::Kind::kPath};
  const absl::StatusOr<Batch> batch =
      Delete(Request(), [&](const std::vector<Job>& deleted) {
        Belongings belongings;
        for (const PendingFile::Kind kind : kinds) {
          PendingFile file;
          file.kind = kind;
          file.root = "/tmp/\xff";
          file.name = "a\xc3\n\\\0z"s;
          file.job = deleted[0].id;
          belongings.pending.push_back(file);
        }
        return absl::StatusOr<Belongings>(belongings);
      });
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(Pending(), batch->belongings.pending);
}

TEST_P(StateStoreConformanceTest, StrikesOutWhatIsDoneAndCountsWhatFailed) {
  const Batch batch = LeavePending({"n1", "n2", "n3"});
  FilesOutcome outcome;
  outcome.batch = *batch.id;
  outcome.files = 2;
  outcome.directories = 1;
  outcome.bytes = 100;
  outcome.done = {batch.belongings.pending[0].id};
  outcome.failed = {batch.belongings.pending[1].id};
  outcome.kept = {{"/tmp/nexrender/n1/result.mp4", "shielded"}};
  outcome.errors = {"n2: permission denied"};
  ASSERT_OK(state().RecordFiles(run_, outcome, lease_, kLater));
  ASSERT_THAT(Pending(), SizeIs(2));
  EXPECT_EQ(Pending()[0].name, "n2");
  EXPECT_EQ(Pending()[0].attempts, 1);
  EXPECT_EQ(Pending()[1].name, "n3");
  EXPECT_EQ(Pending()[1].attempts, 0);
  EXPECT_EQ(NewestRun().files_deleted, 2);
  EXPECT_EQ(NewestRun().bytes_freed, 100);
  EXPECT_EQ(Events().back(), "files");
  EXPECT_EQ(
      NewestFacts(),
      json({{"batch_seq", static_cast<std::int64_t>(*batch.audit_seq)},
            {"files", 2},
            {"directories", 1},
            {"bytes", 100},
            {"failed", 1},
            {"kept", json::array({{{"path", "/tmp/nexrender/n1/result.mp4"},
                                   {"reason", "shielded"}}})},
            {"errors", {"n2: permission denied"}}}));
}

TEST_P(StateStoreConformanceTest, LeavesOtherBatchesEntriesAlone) {
  const Batch batch = LeavePending({"n1", "n2"});
  FilesOutcome outcome;
  outcome.batch = BatchId{static_cast<std::int64_t>(*batch.id) + 1};
  outcome.done = {batch.belongings.pending[0].id};
  outcome.failed = {batch.belongings.pending[1].id};
  ASSERT_OK(state().RecordFiles(run_, outcome, lease_, kLater));
  EXPECT_EQ(Pending(), batch.belongings.pending);
}

TEST_P(StateStoreConformanceTest, AuditsNoFilesWhereNothingCameOfThem) {
  const Batch batch = LeavePending({"never-existed"});
  const std::size_t records = Audit().size();
  FilesOutcome outcome;
  outcome.batch = *batch.id;
  outcome.done = {batch.belongings.pending[0].id};
  ASSERT_OK(state().RecordFiles(run_, outcome, lease_, kLater));
  EXPECT_THAT(Pending(), IsEmpty());
  EXPECT_EQ(Audit().size(), records);
}

TEST_P(StateStoreConformanceTest, RecordsTheSweepsFilesWithoutABatch) {
  BeginRun();
  FilesOutcome outcome;
  outcome.files = 4;
  ASSERT_OK(state().RecordFiles(run_, outcome, lease_, kLater));
  EXPECT_EQ(NewestRun().files_deleted, 4);
  EXPECT_FALSE(NewestFacts().contains("batch_seq"));
}

TEST_P(StateStoreConformanceTest, CountsFilesForALaterRun) {
  const Batch batch = LeavePending({"n1"});
  ASSERT_OK(Close(RunOutcome::kSuccess));
  const RunId later = *state().BeginRun(RunOf(Slot() + days(1)), lease_);
  FilesOutcome outcome;
  outcome.batch = *batch.id;
  outcome.files = 1;
  outcome.done = {batch.belongings.pending[0].id};
  ASSERT_OK(state().RecordFiles(later, outcome, lease_, kLater));
  const std::vector<RunRecord> runs = *state().ListRuns(2);
  EXPECT_EQ(runs[0].files_deleted, 1);
  EXPECT_EQ(runs[1].files_deleted, 0);
}

TEST_P(StateStoreConformanceTest, RecordsNoFilesForARunThatIsNone) {
  const Batch batch = LeavePending({"n1"});
  FilesOutcome outcome;
  outcome.batch = *batch.id;
  outcome.done = {batch.belongings.pending[0].id};
  EXPECT_EQ(state().RecordFiles(RunId{99}, outcome, lease_, kLater).code(),
            Code::kFailedPrecondition);
  EXPECT_THAT(Pending(), SizeIs(1));
}

TEST_P(StateStoreConformanceTest, ShieldsTheOutputsOfDeletedJobs) {
  Insert("a", hours(2));
  Insert("b", hours(1));
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request(), [&](const std::vector<Job>& deleted) {
                Belongings belongings;
                belongings.outputs = {{"/tmp/z\xff", deleted[1].id},
                                      {"/tmp/a", deleted[0].id},
                                      {"/tmp/a", deleted[1].id}};
                belongings.refused = {{"../x", "refused-name"}};
                return absl::StatusOr<Belongings>(belongings);
              }).ok());
  EXPECT_THAT(Shielded(), ElementsAre(ShieldedOutput{"/tmp/a", {"a"}, 0},
                                      ShieldedOutput{"/tmp/z\xff", {"b"}, 0}));
  EXPECT_EQ(json::parse(AuditOf("batch")[0].facts)["refused"],
            json::array({{{"path", "../x"}, {"reason", "refused-name"}}}));
}

TEST_P(StateStoreConformanceTest, ForgetsAnOutputAfterTwoNightsOfAbsence) {
  const auto outputs = [](const std::vector<Job>&) {
    Belongings belongings;
    belongings.outputs = {{"/tmp/a", {"a"}}, {"/tmp/b", {"a"}}};
    return absl::StatusOr<Belongings>(belongings);
  };
  Insert("a", hours(1));
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request(), outputs).ok());
  ASSERT_OK(state().UpdateShield({{"/tmp/a", {"a"}, 1}}, lease_));
  EXPECT_THAT(Shielded(), ElementsAre(ShieldedOutput{"/tmp/a", {"a"}, 1},
                                      ShieldedOutput{"/tmp/b", {"a"}, 0}));
  ASSERT_OK(state().UpdateShield({{"/tmp/a", {"a"}, 2}}, lease_));
  EXPECT_THAT(Shielded(), ElementsAre(ShieldedOutput{"/tmp/b", {"a"}, 0}));
  // A job that leaves it once more begins anew.
  ASSERT_OK(state().UpdateShield({{"/tmp/b", {"a"}, 1}}, lease_));
  Insert("a2", hours(1));
  Survey();
  ASSERT_TRUE(Delete(Request(), outputs).ok());
  EXPECT_EQ(Shielded()[1].absent_nights, 0);
}

TEST_P(StateStoreConformanceTest, KeepsTheOutputsOfTwoRootsApart) {
  Insert("a", hours(1));
  BeginRun();
  Survey();
  const ShieldedOutput one{"/tmp/a", {"a"}, 0, "1"};
  const ShieldedOutput two{"/tmp/a", {"a"}, 0, "2"};
  ASSERT_TRUE(Delete(Request(), [&](const std::vector<Job>&) {
                Belongings belongings;
                belongings.outputs = {two, one};
                return absl::StatusOr<Belongings>(belongings);
              }).ok());
  EXPECT_THAT(Shielded(), ElementsAre(one, two));
  ASSERT_OK(state().UpdateShield({{"/tmp/a", {"a"}, 2, "1"}}, lease_));
  EXPECT_THAT(Shielded(), ElementsAre(two));
}

TEST_P(StateStoreConformanceTest, RecordsRootsById) {
  EXPECT_THAT(*state().ListRoots(), IsEmpty());
  BeginRun();
  RootRecord one{.id = "1",
                 .path = "/tmp/a\xff",
                 .machine = "m",
                 .device = ~std::uint64_t{0},
                 .inode = 7,
                 .nights = 1,
                 .last_slot = Slot(),
                 .seen = kLater};
  RootRecord two = one;
  two.id = "2";
  ASSERT_OK(state().RecordRoots({two, one}, lease_));
  EXPECT_THAT(*state().ListRoots(), ElementsAre(one, two));
  one.nights = 2;
  ASSERT_OK(state().RecordRoots({one}, lease_));
  EXPECT_THAT(*state().ListRoots(), ElementsAre(one, two));
}

TEST_P(StateStoreConformanceTest, ForgetsRootsThatWereNotSeenForLong) {
  Insert("a", hours(1));
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request(), [&](const std::vector<Job>&) {
                Belongings belongings;
                belongings.outputs = {{"/tmp/a", {"a"}, 0, "1"},
                                      {"/tmp/a", {"a"}, 0, "2"},
                                      {"/tmp/a", {"a"}, 0, ""}};
                return absl::StatusOr<Belongings>(belongings);
              }).ok());
  const RootRecord old{.id = "1", .seen = kLater - Micros(1)};
  const RootRecord kept{.id = "2", .seen = kLater};
  ASSERT_OK(state().RecordRoots({old, kept}, lease_));
  ASSERT_OK(state().Prune(kLater + days(400)));
  EXPECT_THAT(*state().ListRoots(), ElementsAre(kept));
  EXPECT_THAT(Shielded(), ElementsAre(ShieldedOutput{"/tmp/a", {"a"}, 0, ""},
                                      ShieldedOutput{"/tmp/a", {"a"}, 0, "2"}));
}

TEST_P(StateStoreConformanceTest, VisitsAShieldOfManyPagesInOrder) {
  constexpr int kOutputs = 1001;
  Insert("a", hours(1));
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request(), [&](const std::vector<Job>& deleted) {
                Belongings belongings;
                for (int i = 0; i < kOutputs; ++i) {
                  belongings.outputs.push_back(
                      {fmt::format("/tmp/{:04}", i), deleted[0].id});
                }
                return absl::StatusOr<Belongings>(belongings);
              }).ok());
  const std::vector<ShieldedOutput> outputs = Shielded();
  ASSERT_THAT(outputs, SizeIs(kOutputs));
  EXPECT_EQ(outputs.front().path, "/tmp/0000");
  EXPECT_EQ(outputs.back().path, "/tmp/1000");
  const absl::Status stop = absl::CancelledError("enough");
  EXPECT_EQ(state().VisitShield([&](const ShieldedOutput&) { return stop; }),
            stop);
}

// --- audit

TEST_P(StateStoreConformanceTest, AppendsToTheChain) {
  EXPECT_EQ(*state().Head(), std::nullopt);
  const AuditHead head =
      *state().AppendAudit(std::nullopt, "anchor", R"({"b":1,"a":2})", kLater);
  EXPECT_EQ(head.seq, AuditSeq{1});
  EXPECT_EQ(*state().Head(), head);
  const AuditRecord record = Audit().front();
  EXPECT_EQ(record.time, kLater);
  EXPECT_EQ(record.run, std::nullopt);
  EXPECT_EQ(record.event, "anchor");
  EXPECT_EQ(record.facts, R"({"a":2,"b":1})");
  EXPECT_EQ(record.hash, head.hash);
}

TEST_P(StateStoreConformanceTest, VisitsTheAuditFromASequenceOn) {
  constexpr int kRecords = 130;  // more than two pages of 64
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_TRUE(state().AppendAudit(std::nullopt, "note", "{}", kLater).ok());
  }
  EXPECT_THAT(Audit(), SizeIs(kRecords));
  EXPECT_THAT(Audit(AuditSeq{kRecords}), SizeIs(1));
  EXPECT_THAT(Audit(AuditSeq{kRecords + 1}), IsEmpty());
  const absl::Status stop = absl::CancelledError("enough");
  EXPECT_EQ(
      state().VisitAudit(AuditSeq{1}, [&](const AuditRecord&) { return stop; }),
      stop);
}

TEST_P(StateStoreConformanceTest, FindsTheRecordThatDeletedAJob) {
  Insert("a", hours(2));
  Insert("ab", hours(1));
  BeginRun();
  Survey();
  DeleteAll(1);
  const std::optional<AuditRecord> record = *state().FindDeletion({"ab"});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->seq, AuditOf("batch")[1].seq);
  EXPECT_FALSE(state().FindDeletion({"b"})->has_value());
  EXPECT_FALSE(state().FindDeletion({""})->has_value());
}

TEST_P(StateStoreConformanceTest, FindsNoDeletionInOtherTextOfARecord) {
  Insert("a", hours(1), 3);
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request()).ok());
  ASSERT_TRUE(
      state()
          .AppendAudit(std::nullopt, "note", R"({"jobs":["x"]})", kLater)
          .ok());
  EXPECT_FALSE(state().FindDeletion({"JobLog"})->has_value());
  EXPECT_FALSE(state().FindDeletion({"x"})->has_value());
}

TEST_P(StateStoreConformanceTest, FindsADeletionFarBackInTheChain) {
  Insert("a", hours(1));
  BeginRun();
  Survey();
  ASSERT_TRUE(Delete(Request()).ok());
  for (int i = 0; i < 600; ++i) {
    ASSERT_TRUE(state().AppendAudit(std::nullopt, "note", "{}", kLater).ok());
  }
  EXPECT_TRUE(state().FindDeletion({"a"})->has_value());
}

// --- the clock

TEST_P(StateStoreConformanceTest, RemembersTheAnchor) {
  EXPECT_EQ(*state().ReadAnchor(), std::nullopt);
  const Anchor anchor{kSlotStart, "boot-1", Micros(17)};
  ASSERT_OK(state().WriteAnchor(anchor));
  EXPECT_EQ(*state().ReadAnchor(), anchor);
  const Anchor next{kLater, "boot-2", Micros(18)};
  ASSERT_OK(state().WriteAnchor(next));
  EXPECT_EQ(*state().ReadAnchor(), next);
}

TEST_P(StateStoreConformanceTest, RemembersSinceWhenItIsBlocked) {
  ASSERT_OK(state().SetBlockedSince(
      ClockReading{kLater, "boot-1", Micros(17), true}));
  const ClockReading reading = (*state().BlockedSince()).value();
  EXPECT_EQ(reading.wall, kLater);
  EXPECT_EQ(reading.boot_id, "boot-1");
  EXPECT_EQ(reading.boot_time, Micros(17));
  EXPECT_TRUE(reading.kernel_synchronised);
  EXPECT_EQ(*state().ReadAnchor(), std::nullopt);
  ASSERT_OK(state().SetBlockedSince(std::nullopt));
  EXPECT_FALSE(state().BlockedSince()->has_value());
}

TEST_P(StateStoreConformanceTest, RemembersItsNotes) {
  EXPECT_EQ(*state().ReadNote("schedule"), std::nullopt);
  ASSERT_OK(state().WriteNote("schedule", "{\"at\":180}"));
  ASSERT_OK(state().WriteNote("last_slot", "another thing"));
  EXPECT_EQ(*state().ReadNote("schedule"), "{\"at\":180}");
  ASSERT_OK(state().WriteNote("schedule", ""));
  EXPECT_EQ(*state().ReadNote("schedule"), "");
  EXPECT_EQ(*state().LastSlot(), std::nullopt);
}

// --- pruning

TEST_P(StateStoreConformanceTest, PrunesNothingThatIsYoung) {
  LeavePending({"n1"});
  ASSERT_OK(Close(RunOutcome::kSuccess));
  const std::size_t records = Audit().size();
  ASSERT_OK(state().Prune(Request().now + days(90)));
  EXPECT_THAT(Pending(), SizeIs(1));
  EXPECT_EQ(Audit().size(), records);
}

TEST_P(StateStoreConformanceTest, GivesPendingFilesUpAfterNinetyDays) {
  const Batch batch = LeavePending({"n1", "n\xff"});
  ASSERT_OK(state().Prune(Request().now + days(90) + kTick));
  EXPECT_THAT(Pending(), IsEmpty());
  EXPECT_EQ(Events().back(), "files");
  const json facts = NewestFacts();
  EXPECT_EQ(facts["batch_seq"], static_cast<std::int64_t>(*batch.audit_seq));
  EXPECT_EQ(
      facts["kept"],
      json::array({{{"path", "/tmp/nexrender/n1"}, {"reason", "given-up"}},
                   {{"path", {{"escaped", "/tmp/nexrender/n\\xff"}}},
                    {"reason", "given-up"}}}));
  const std::size_t records = Audit().size();
  ASSERT_OK(state().Prune(Request().now + days(91)));
  EXPECT_EQ(Audit().size(), records);
}

TEST_P(StateStoreConformanceTest, ReplacesOldAuditRecordsByACheckpoint) {
  const Instant old = kSlotStart;
  const Instant now = old + days(431);
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(state().AppendAudit(std::nullopt, "note", "{}", old).ok());
  }
  const AuditHead last =
      *state().AppendAudit(std::nullopt, "note", "{}", now - days(400) - kTick);
  const AuditHead first_kept =
      *state().AppendAudit(std::nullopt, "note", "{}", now - days(400));
  ASSERT_OK(state().Prune(now));
  const std::vector<AuditRecord> left = Audit();
  ASSERT_THAT(left, SizeIs(2));
  EXPECT_EQ(left[0].seq, first_kept.seq);
  EXPECT_EQ(left[1].event, "checkpoint");
  EXPECT_EQ(json::parse(left[1].facts), json({{"first_seq", 1},
                                              {"last_seq", 201},
                                              {"records", 201},
                                              {"hash", last.hash}}));
  ASSERT_OK(state().Prune(now));
  EXPECT_THAT(Audit(), SizeIs(2));
}

TEST_P(StateStoreConformanceTest, KeepsASegmentUntilAllOfItIsOld) {
  ASSERT_TRUE(state().AppendAudit(std::nullopt, "note", "{}", kSlotStart).ok());
  ASSERT_OK(state().Prune(kSlotStart + days(430)));
  EXPECT_THAT(Audit(), SizeIs(1));
  ASSERT_OK(state().Prune(kSlotStart + days(430) + kTick));
  ASSERT_THAT(Audit(), SizeIs(1));
  EXPECT_EQ(Audit()[0].event, "checkpoint");
  EXPECT_EQ(Audit()[0].seq, AuditSeq{2});
}

TEST_P(StateStoreConformanceTest, PrunesAChainTwice) {
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(
        state()
            .AppendAudit(std::nullopt, "note", "{}", kSlotStart + days(100 * i))
            .ok());
  }
  ASSERT_OK(state().Prune(kSlotStart + days(431)));
  EXPECT_THAT(Audit(), SizeIs(3));
  ASSERT_OK(state().Prune(kSlotStart + days(531)));
  EXPECT_THAT(Events(), ElementsAre("note", "checkpoint", "checkpoint"));
}

TEST_P(StateStoreConformanceTest, PrunesAnEmptyState) {
  EXPECT_OK(state().Prune(kLater));
  EXPECT_THAT(Audit(), IsEmpty());
}

}  // namespace
}  // namespace retentiond
