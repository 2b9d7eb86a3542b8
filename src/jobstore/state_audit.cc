// Pruning must neither break the chain nor hold the write lock for long. So a
// checkpoint record is appended that names the last dropped record, and in the
// same transaction kMetaFirstAudit moves past it: from then on nobody sees the
// dropped records. Their rows go afterwards, a slice a transaction.
#include "jobstore/state_audit.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/audit_facts.h"
#include "jobstore/state_meta.h"

namespace retentiond {
namespace {

constexpr std::chrono::days kAuditKept{400};
// Records are dropped a month at a time, so that the checkpoints stay few.
constexpr std::chrono::days kAuditSegment{30};
// Records that one call drops at most: more than a month of a busy farm.
constexpr int kMostDropped = 200'000;

// Records in one read or one deleting transaction. A batch's record has a few
// KiB, so that a page is read within the 5 ms that a read may take.
constexpr int kPage = 64;
// Records searched for a job in one read; those without it are not copied.
constexpr int kSearchPage = 512;

constexpr char kColumns[] = "seq, time_us, run, event, previous, hash, facts";

AuditRecord RecordOf(const StateStatement& row) {
  AuditRecord record;
  record.seq = AuditSeq{row.Int(0)};
  record.time = InstantFromMicros(row.Int(1));
  if (!row.IsNull(2)) record.run = RunId{row.Int(2)};
  record.event = row.Text(3);
  record.previous = row.Text(4);
  record.hash = row.Text(5);
  record.facts = row.Text(6);
  return record;
}

absl::StatusOr<std::int64_t> FirstSeq(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> first,
                   ReadMetaInt(connection, kMetaFirstAudit));
  return first.value_or(1);
}

absl::StatusOr<std::vector<AuditRecord>> ReadPage(StateSql& connection,
                                                  std::int64_t from) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(std::string("SELECT ") + kColumns +
                                      " FROM retentiond_audit WHERE seq >= ?1 "
                                      "ORDER BY seq LIMIT ?2"));
  statement->BindInt(1, from).BindInt(2, kPage);
  std::vector<AuditRecord> records;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) return records;
    records.push_back(RecordOf(*statement));
  }
}

// The newest record from `low` up to, not including, `high` that deleted the
// job.
absl::StatusOr<std::optional<AuditRecord>> SearchRange(StateSql& connection,
                                                       const JobId& id,
                                                       std::int64_t low,
                                                       std::int64_t high) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(std::string("SELECT ") + kColumns +
                         " FROM retentiond_audit WHERE seq >= ?1 AND seq < ?2 "
                         "AND event = 'batch' AND " +
                         connection.Contains("facts", "?3") +
                         " ORDER BY seq DESC"));
  statement->BindInt(1, low).BindInt(2, high).BindBlob(3, TraceOf(id));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) return std::optional<AuditRecord>();
    AuditRecord record = RecordOf(*statement);
    if (DeletesJob(record.facts, id)) {
      return std::optional<AuditRecord>(std::move(record));
    }
  }
}

// The last of the records from `first` on that are all older than `limit`, as
// `first` is.
absl::StatusOr<AuditHead> LastBefore(StateSql& connection,
                                     const AuditRecord& first, Instant limit) {
  AuditHead last{first.seq, first.hash};
  for (int read = 0; read < kMostDropped; read += kPage) {
    ASSIGN_OR_RETURN(
        const std::vector<AuditRecord> page,
        ReadPage(connection, static_cast<std::int64_t>(last.seq) + 1));
    if (page.empty()) break;
    for (const AuditRecord& record : page) {
      if (record.time >= limit) return last;
      last = AuditHead{record.seq, record.hash};
    }
  }
  return last;
}

absl::Status AppendCheckpoint(StateSql& connection, std::int64_t first,
                              const AuditHead& last, Instant now) {
  ASSIGN_OR_RETURN(StateTransaction transaction,
                   StateTransaction::Begin(connection));
  RETURN_IF_ERROR(AppendAuditRecord(connection, std::nullopt, "checkpoint",
                                    CheckpointFacts(AuditSeq{first}, last), now)
                      .status());
  RETURN_IF_ERROR(
      WriteMeta(connection, kMetaFirstAudit,
                std::to_string(static_cast<std::int64_t>(last.seq) + 1)));
  return transaction.Commit();
}

absl::Status DeleteDropped(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::int64_t first, FirstSeq(connection));
  for (int deleted = 0; deleted < kMostDropped; deleted += kPage) {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<StateStatement> statement,
        connection.Prepare("DELETE FROM retentiond_audit WHERE seq IN (SELECT "
                           "seq FROM retentiond_audit WHERE seq < ?1 ORDER BY "
                           "seq LIMIT ?2)"));
    RETURN_IF_ERROR(statement->BindInt(1, first).BindInt(2, kPage).Run());
    if (connection.changes() < kPage) break;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<AuditHead>> ReadAuditHead(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare("SELECT seq, hash FROM retentiond_audit "
                                      "ORDER BY seq DESC LIMIT 1"));
  ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return std::optional<AuditHead>();
  return std::optional<AuditHead>(
      AuditHead{AuditSeq{statement->Int(0)}, std::string(statement->Text(1))});
}

absl::StatusOr<AuditHead> AppendAuditRecord(StateSql& connection,
                                            std::optional<RunId> run,
                                            const std::string& event,
                                            const std::string& facts,
                                            Instant now) {
  ASSIGN_OR_RETURN(const std::optional<AuditHead> head,
                   ReadAuditHead(connection));
  const AuditRecord record = NextRecord(head, now, run, event, facts);
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(std::string("INSERT INTO "
                                     "retentiond_audit(") +
                         kColumns + ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"));
  statement->BindInt(1, static_cast<std::int64_t>(record.seq));
  statement->BindInt(2, MicrosOf(record.time));
  if (run.has_value()) statement->BindInt(3, static_cast<std::int64_t>(*run));
  statement->BindText(4, record.event).BindText(5, record.previous);
  statement->BindText(6, record.hash).BindBlob(7, record.facts);
  RETURN_IF_ERROR(statement->Run());
  return AuditHead{record.seq, record.hash};
}

absl::Status VisitAuditRecords(StateSql& connection, AuditSeq from,
                               const AuditVisitor& visit) {
  ASSIGN_OR_RETURN(const std::int64_t first, FirstSeq(connection));
  std::int64_t next = std::max(first, static_cast<std::int64_t>(from));
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<AuditRecord> page,
                     ReadPage(connection, next));
    if (page.empty()) return absl::OkStatus();
    for (const AuditRecord& record : page) RETURN_IF_ERROR(visit(record));
    next = static_cast<std::int64_t>(page.back().seq) + 1;
  }
}

absl::StatusOr<std::optional<AuditRecord>> FindDeletionRecord(
    StateSql& connection, const JobId& id) {
  ASSIGN_OR_RETURN(const std::int64_t first, FirstSeq(connection));
  ASSIGN_OR_RETURN(const std::optional<AuditHead> head,
                   ReadAuditHead(connection));
  if (!head.has_value()) return std::optional<AuditRecord>();
  // An id that was used twice was deleted twice: the newest record answers.
  std::int64_t high = static_cast<std::int64_t>(head->seq) + 1;
  while (high > first) {
    const std::int64_t low = std::max(first, high - kSearchPage);
    ASSIGN_OR_RETURN(std::optional<AuditRecord> record,
                     SearchRange(connection, id, low, high));
    if (record.has_value()) return record;
    high = low;
  }
  return std::optional<AuditRecord>();
}

absl::Status PruneAudit(StateSql& connection, Instant now) {
  ASSIGN_OR_RETURN(const std::int64_t first, FirstSeq(connection));
  ASSIGN_OR_RETURN(const std::vector<AuditRecord> oldest,
                   ReadPage(connection, first));
  if (!oldest.empty() &&
      oldest.front().time < now - kAuditKept - kAuditSegment) {
    ASSIGN_OR_RETURN(const AuditHead last,
                     LastBefore(connection, oldest.front(), now - kAuditKept));
    RETURN_IF_ERROR(AppendCheckpoint(connection, first, last, now));
  }
  return DeleteDropped(connection);
}

}  // namespace retentiond
