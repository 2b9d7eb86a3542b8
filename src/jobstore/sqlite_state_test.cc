// What only the SQLite state can get wrong: its file, its versions, its damage.
// The contract is tested by the conformance suites.
#include "jobstore/sqlite_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"

namespace retentiond {
namespace {

using testing::HasSubstr;
using Code = absl::StatusCode;

class SqliteStateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "retentiond-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    CreateFile("");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path file() const { return directory_ / "farm.db"; }
  // A new database, with `pragma` set before its first page is written.
  void CreateFile(const std::string& pragma) {
    std::filesystem::remove(file());
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    ASSERT_EQ(sqlite3_exec(db, (pragma + "; CREATE TABLE Job(id)").c_str(),
                           nullptr, nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(db);
  }
  std::shared_ptr<SqliteConnection> Connect(
      OpenMode mode = OpenMode::kReadWrite) {
    return SqliteConnection::Open(file(), mode).value();
  }
  absl::StatusOr<std::unique_ptr<StateStore>> Open(
      OpenMode mode = OpenMode::kReadWrite) {
    return OpenSqliteState(Connect(mode), mode);
  }
  void Execute(const std::string& sql) {
    const absl::Status status = Connect()->Execute(sql);
    ASSERT_TRUE(status.ok()) << status;
  }
  // Opens the state, then lets `sql` damage it.
  std::unique_ptr<StateStore> OpenAndDamage(const std::string& sql) {
    std::unique_ptr<StateStore> state = Open().value();
    Execute(sql);
    return state;
  }

  std::filesystem::path directory_;
};

TEST_F(SqliteStateTest, CreatesItsTablesOnceAndKeepsThem) {
  ASSERT_TRUE((*Open())->SetLastSlot(LocalDate(std::chrono::days(9))).ok());
  EXPECT_EQ(*(*Open())->LastSlot(), LocalDate(std::chrono::days(9)));
  EXPECT_EQ(*Connect()->QueryInt("SELECT count(*) FROM sqlite_schema WHERE "
                                 "name LIKE 'retentiond!_%' ESCAPE '!' AND "
                                 "type = 'table'"),
            12);
}

TEST_F(SqliteStateTest, CreatesNothingWhenOpenedReadOnly) {
  ASSERT_TRUE(Open(OpenMode::kReadOnly).ok());
  EXPECT_EQ(*Connect()->QueryInt("SELECT count(*) FROM sqlite_schema WHERE "
                                 "name LIKE 'retentiond%'"),
            0);
}

TEST_F(SqliteStateTest, CreatesAllTablesOrNone) {
  Execute("CREATE TABLE retentiond_run(stranger)");
  EXPECT_FALSE(Open().ok());
  EXPECT_EQ(*Connect()->QueryInt("SELECT count(*) FROM sqlite_schema WHERE "
                                 "name LIKE 'retentiond%'"),
            1);
}

TEST_F(SqliteStateTest, NeedsNoNewerSqliteThanTheFarms) {
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(*Connect()->QueryInt("SELECT count(*) FROM pragma_table_list "
                                 "WHERE strict"),
            0);
}

TEST_F(SqliteStateTest, RefusesTheStateOfANewerProgram) {
  OpenAndDamage(
      "UPDATE retentiond_meta SET value = 6 WHERE key = 'schema_version'");
  for (const OpenMode mode : {OpenMode::kReadOnly, OpenMode::kReadWrite}) {
    const absl::Status status = Open(mode).status();
    EXPECT_EQ(status.code(), Code::kFailedPrecondition);
    EXPECT_THAT(MessageOf(status), HasSubstr("version 6"));
    EXPECT_THAT(MessageOf(status), HasSubstr("versions up to 5"));
  }
}

TEST_F(SqliteStateTest, BringsAnOlderStateUpToDate) {
  OpenAndDamage(
      "ALTER TABLE retentiond_run DROP COLUMN marks; "
      "ALTER TABLE retentiond_run DROP COLUMN tables; "
      "DROP TABLE retentiond_alert; DROP TABLE retentiond_outbox; "
      "INSERT INTO retentiond_run(slot, slot_start_us, cutoff_us, started_us, "
      "late, timezone) VALUES ('2026-03-16', 0, 0, 0, 0, 'UTC'); "
      "UPDATE retentiond_meta SET value = 2 WHERE key = 'schema_version'");
  const absl::StatusOr<std::unique_ptr<StateStore>> state = Open();
  ASSERT_TRUE(state.ok()) << state.status();
  const std::vector<RunRecord> runs = *(*state)->ListRuns(9);
  ASSERT_EQ(runs.size(), 1U);
  EXPECT_TRUE(runs[0].marks.empty());
  EXPECT_TRUE(runs[0].tables.empty());
  EXPECT_EQ((*state)->ViewOutbox()->pending, 0);
}

TEST_F(SqliteStateTest, AsksForTheDaemonToReadAnOlderState) {
  OpenAndDamage(
      "UPDATE retentiond_meta SET value = -1 WHERE key = 'schema_version'");
  const absl::Status status = Open(OpenMode::kReadOnly).status();
  EXPECT_EQ(status.code(), Code::kFailedPrecondition);
  EXPECT_THAT(MessageOf(status), HasSubstr("start the daemon once"));
}

TEST_F(SqliteStateTest, ReportsAVersionThatIsMissingOrNoNumber) {
  OpenAndDamage(
      "UPDATE retentiond_meta SET value = '1x' WHERE key = 'schema_version'");
  EXPECT_EQ(Open().status().code(), Code::kDataLoss);
  Execute("DELETE FROM retentiond_meta");
  EXPECT_EQ(Open().status().code(), Code::kDataLoss);
}

TEST_F(SqliteStateTest, ReportsALastSlotThatIsNoDate) {
  const auto state = OpenAndDamage(
      "INSERT INTO retentiond_meta VALUES ('last_slot', '2026-02-30')");
  EXPECT_EQ(state->LastSlot().status().code(), Code::kDataLoss);
}

TEST_F(SqliteStateTest, ReportsAnAnchorThatIsNoNumber) {
  const auto state = OpenAndDamage(
      "INSERT INTO retentiond_clock VALUES ('anchor', 'x', 'boot', 1, 0)");
  EXPECT_EQ(state->ReadAnchor().status().code(), Code::kDataLoss);
  Execute("UPDATE retentiond_clock SET wall_us = 1, boot_time_us = 'x'");
  EXPECT_EQ(state->ReadAnchor().status().code(), Code::kDataLoss);
}

TEST_F(SqliteStateTest, ReportsARunWithAnUnknownOutcome) {
  const auto state = OpenAndDamage(
      "INSERT INTO retentiond_run(slot, slot_start_us, cutoff_us, started_us, "
      "finished_us, outcome, late, timezone) "
      "VALUES ('2026-03-16', 0, 0, 0, 0, 'splendid', 0, 'UTC')");
  EXPECT_EQ(state->ListRuns(1).status().code(), Code::kDataLoss);
  Execute("UPDATE retentiond_run SET slot = 'x'");
  EXPECT_EQ(state->ListRuns(1).status().code(), Code::kDataLoss);
}

TEST_F(SqliteStateTest, ReportsAPendingEntryOfUnknownKind) {
  const auto state = OpenAndDamage(
      "INSERT INTO retentiond_pending(batch, kind, root, name, job) "
      "VALUES (1, 'soap', 'r', 'n', 'j')");
  EXPECT_EQ(state->ListPending(PendingId{0}, 9).status().code(),
            Code::kDataLoss);
}

TEST_F(SqliteStateTest, ReportsARootWhoseLastSlotIsNoDate) {
  const auto state = OpenAndDamage(
      "INSERT INTO retentiond_root VALUES ('a', '/r', 'm', 1, 2, 1, 'x', 0)");
  EXPECT_EQ(state->ListRoots().status().code(), Code::kDataLoss);
}

TEST_F(SqliteStateTest, KeepsTheShieldOfAStateOfVersion1) {
  Execute(
      "CREATE TABLE retentiond_meta(key TEXT NOT NULL PRIMARY KEY, value TEXT "
      "NOT NULL) WITHOUT ROWID; INSERT INTO retentiond_meta VALUES "
      "('schema_version', '1'), ('state_id', 'abc');"
      "CREATE TABLE retentiond_run(id INTEGER PRIMARY KEY);"
      "CREATE TABLE retentiond_shield(path BLOB NOT NULL PRIMARY KEY, job BLOB "
      "NOT NULL, absent_nights INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
      "INSERT INTO retentiond_shield VALUES (x'2f61', x'37', 1)");
  const auto state = Open().value();
  std::vector<ShieldedOutput> outputs;
  ASSERT_TRUE(state
                  ->VisitShield([&](const ShieldedOutput& output) {
                    outputs.push_back(output);
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_EQ(outputs.size(), 1U);
  EXPECT_EQ(outputs[0], (ShieldedOutput{"/a", {"7"}, 1}));
}

TEST_F(SqliteStateTest, TakesALeaseWhoseRowIsGone) {
  const auto state = OpenAndDamage("DELETE FROM retentiond_lease");
  EXPECT_EQ(state->ViewLease()->holder, "");
  EXPECT_TRUE(state->TakeLease("host-a", std::nullopt).ok());
  EXPECT_EQ(state->ViewLease()->holder, "host-a");
}

// Every table in turn is lost: each method that needs it says so, and does not
// answer as if it were empty.
TEST_F(SqliteStateTest, ReportsMissingTables) {
  const auto state = OpenAndDamage(
      "DROP TABLE retentiond_lease; DROP TABLE retentiond_clock; "
      "DROP TABLE retentiond_run; DROP TABLE retentiond_pending; "
      "DROP TABLE retentiond_shield; DROP TABLE retentiond_audit; "
      "DROP TABLE retentiond_meta; DROP TABLE retentiond_batch; "
      "DROP TABLE retentiond_root; DROP TABLE retentiond_alert; "
      "DROP TABLE retentiond_outbox");
  const Instant now;
  EXPECT_FALSE(state->StateId().ok());
  EXPECT_FALSE(state->ViewLease().ok());
  EXPECT_FALSE(state->TakeLease("host-a", std::nullopt).ok());
  EXPECT_FALSE(state->RenewLease(Lease{}).ok());
  EXPECT_FALSE(state->LastSlot().ok());
  EXPECT_FALSE(state->SetLastSlot(LocalDate()).ok());
  EXPECT_FALSE(state->OpenRun().ok());
  EXPECT_FALSE(state->RecordBlocked({}, now).ok());
  EXPECT_FALSE(state->ListRuns(1).ok());
  EXPECT_FALSE(state->ListPending(PendingId{0}, 1).ok());
  EXPECT_FALSE(state->VisitShield(nullptr).ok());
  EXPECT_FALSE(state->ListRoots().ok());
  EXPECT_FALSE(state->AppendAudit(std::nullopt, "e", "{}", now).ok());
  EXPECT_FALSE(state->Head().ok());
  EXPECT_FALSE(state->TellAlerts({.looked_at = {"slow"}}, now).ok());
  EXPECT_FALSE(state->StandingAlerts().ok());
  EXPECT_FALSE(state->ViewOutbox().ok());
  EXPECT_FALSE(state->ClaimOutbox(now, now, 1).ok());
  EXPECT_FALSE(state->SettleOutbox({{OutboxId{1}, std::nullopt}}).ok());
  EXPECT_FALSE(state->VisitAudit(AuditSeq{1}, nullptr).ok());
  EXPECT_FALSE(state->FindDeletion({"a"}).ok());
  EXPECT_FALSE(state->ReadAnchor().ok());
  EXPECT_FALSE(state->WriteAnchor({}).ok());
  EXPECT_FALSE(state->BlockedSince().ok());
  EXPECT_FALSE(state->SetBlockedSince(std::nullopt).ok());
  EXPECT_FALSE(state->Prune(now).ok());
}

TEST_F(SqliteStateTest, KeepsBytesInAUtf16Database) {
  CreateFile("PRAGMA encoding = 'UTF-16le'");
  const auto state = Open().value();
  const std::string facts = "{\"id\":\"\xef\xbf\xbe \xc3\xa4\"}";
  ASSERT_TRUE(state->AppendAudit(std::nullopt, "note", facts, Instant()).ok());
  std::vector<AuditRecord> records;
  ASSERT_TRUE(state
                  ->VisitAudit(AuditSeq{1},
                               [&](const AuditRecord& record) {
                                 records.push_back(record);
                                 return absl::OkStatus();
                               })
                  .ok());
  EXPECT_EQ(records.at(0).facts, facts);
  EXPECT_EQ(HashOf(records.at(0)), records.at(0).hash);
}

}  // namespace
}  // namespace retentiond
