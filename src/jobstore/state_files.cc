#include "jobstore/state_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/audit_facts.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_runs.h"

namespace retentiond {
namespace {

constexpr std::chrono::days kBatchesKept{90};
// An output is forgotten when its name was absent on two nights: one may have
// been a file system that was not mounted.
constexpr int kForgottenAfterNights = 2;
// Rows in one read or one pruning transaction: well within 5 ms.
constexpr int kPage = 500;
// Pages that one call of Prune works on: more than a night's batches.
constexpr int kMostPages = 100;

struct KindName {
  PendingFile::Kind kind;
  std::string_view name;
};
constexpr KindName kKinds[] = {
    {PendingFile::Kind::kTemporary, "temporary"},
    {PendingFile::Kind::kLog, "log"},
    {PendingFile::Kind::kPath, "path"},
    {PendingFile::Kind::kLogDirectory, "log-directory"}};

absl::StatusOr<PendingFile::Kind> KindOf(std::string_view name) {
  for (const KindName& known : kKinds) {
    if (known.name == name) return known.kind;
  }
  return absl::DataLossError(
      "retentiond_pending: an entry is of no known kind");
}

absl::StatusOr<PendingFile> PendingOf(const StateStatement& row) {
  PendingFile file;
  file.id = PendingId{row.Int(0)};
  file.batch = BatchId{row.Int(1)};
  ASSIGN_OR_RETURN(file.kind, KindOf(row.Text(2)));
  file.root = row.Text(3);
  file.name = row.Text(4);
  file.job.text = row.Text(5);
  file.attempts = static_cast<int>(row.Int(6));
  return file;
}

// Runs `sql` with ?1 = id and ?2 = the batch, for each id.
absl::Status ForEachEntry(StateSql& connection, const std::string& sql,
                          const std::vector<PendingId>& ids, BatchId batch) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(sql));
  for (const PendingId id : ids) {
    statement->BindInt(1, static_cast<std::int64_t>(id));
    statement->BindInt(2, static_cast<std::int64_t>(batch));
    RETURN_IF_ERROR(statement->Run());
    statement->Reset();
  }
  return absl::OkStatus();
}

absl::StatusOr<std::optional<AuditSeq>> AuditSeqOf(StateSql& connection,
                                                   BatchId batch) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare("SELECT audit_seq FROM retentiond_batch "
                                      "WHERE id = ?1"));
  statement->BindInt(1, static_cast<std::int64_t>(batch));
  ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return std::optional<AuditSeq>();
  return std::optional<AuditSeq>(AuditSeq{statement->Int(0)});
}

bool IsWorthARecord(const FilesOutcome& outcome) {
  return outcome.files != 0 || outcome.directories != 0 ||
         !outcome.kept.empty() || !outcome.failed.empty() ||
         !outcome.errors.empty();
}

absl::Status InsertPending(StateSql& connection, PendingFile& file) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("INSERT INTO retentiond_pending(batch, kind, root, "
                         "name, job) VALUES (?1, ?2, ?3, ?4, ?5) "
                         "RETURNING id"));
  statement->BindInt(1, static_cast<std::int64_t>(file.batch));
  statement->BindText(2, NameOfKind(file.kind));
  statement->BindBlob(3, file.root).BindBlob(4, file.name);
  statement->BindBlob(5, file.job.text);
  RETURN_IF_ERROR(statement->Step().status());
  file.id = PendingId{statement->Int(0)};
  return statement->Run();
}

absl::Status InsertShielded(StateSql& connection,
                            const ShieldedOutput& output) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("INSERT INTO retentiond_shield(path, root_id, job) "
                         "VALUES (?1, ?2, ?3) ON CONFLICT (path, root_id) "
                         "DO UPDATE SET absent_nights = 0"));
  statement->BindBlob(1, output.path).BindText(2, output.root_id);
  return statement->BindBlob(3, output.job.text).Run();
}

// A page of the shield behind the output `after`; none: from the start.
absl::StatusOr<std::vector<ShieldedOutput>> ReadShieldPage(
    StateSql& connection, const std::optional<ShieldedOutput>& after) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("SELECT path, job, absent_nights, root_id FROM "
                         "retentiond_shield WHERE (path, root_id) > "
                         "(?1, ?3) OR ?1 IS NULL "
                         "ORDER BY path, root_id LIMIT ?2"));
  if (after.has_value()) {
    statement->BindBlob(1, after->path).BindText(3, after->root_id);
  }
  statement->BindInt(2, kPage);
  std::vector<ShieldedOutput> outputs;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) return outputs;
    ShieldedOutput output;
    output.path = statement->Text(0);
    output.job.text = statement->Text(1);
    output.absent_nights = static_cast<int>(statement->Int(2));
    output.root_id = statement->Text(3);
    outputs.push_back(output);
  }
}

// Gives up the oldest page of entries as far as they belong to batches from
// before `limit`, and returns how many.
absl::StatusOr<std::size_t> GiveUpPage(StateSql& connection, Instant limit,
                                       Instant now) {
  ASSIGN_OR_RETURN(StateTransaction transaction,
                   StateTransaction::Begin(connection));
  std::map<BatchId, FilesOutcome> outcomes;
  std::size_t given_up = 0;
  {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<StateStatement> statement,
        connection.Prepare(
            "SELECT p.id, p.batch, p.root, p.name FROM (SELECT * FROM "
            "retentiond_pending ORDER BY id LIMIT ?1) p "
            "JOIN retentiond_batch b ON b.id = p.batch "
            "WHERE b.committed_us < ?2"));
    statement->BindInt(1, kPage).BindInt(2, MicrosOf(limit));
    while (true) {
      ASSIGN_OR_RETURN(const bool row, statement->Step());
      if (!row) break;
      const BatchId batch{statement->Int(1)};
      FilesOutcome& outcome = outcomes[batch];
      outcome.batch = batch;
      outcome.done.push_back(PendingId{statement->Int(0)});
      outcome.kept.push_back(
          {fmt::format("{}/{}", statement->Text(2), statement->Text(3)),
           "given-up"});
      ++given_up;
    }
  }
  for (const auto& [batch, outcome] : outcomes) {
    RETURN_IF_ERROR(RecordOutcome(connection, std::nullopt, outcome, now));
  }
  RETURN_IF_ERROR(transaction.Commit());
  return given_up;
}

// The oldest page of batches from before `limit` that have nothing pending;
// returns how many.
absl::StatusOr<std::int64_t> DropPage(StateSql& connection, Instant limit) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "DELETE FROM retentiond_batch WHERE id IN (SELECT id FROM (SELECT "
          "id, committed_us FROM retentiond_batch ORDER BY id LIMIT ?1) o "
          "WHERE "
          "committed_us < ?2) AND id < coalesce((SELECT min(batch) FROM "
          "(SELECT batch FROM retentiond_pending ORDER BY id LIMIT 1) p), "
          "9223372036854775807)"));
  statement->BindInt(1, kPage).BindInt(2, MicrosOf(limit));
  RETURN_IF_ERROR(statement->Run());
  return connection.changes();
}

}  // namespace

std::string_view NameOfKind(PendingFile::Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)].name;
}

absl::Status ShieldOutputs(StateSql& connection,
                           const std::vector<ShieldedOutput>& outputs) {
  for (const ShieldedOutput& output : outputs) {
    RETURN_IF_ERROR(InsertShielded(connection, output));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<PendingFile>> ReadPending(StateSql& connection,
                                                     PendingId after,
                                                     int limit) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("SELECT id, batch, kind, root, name, job, attempts "
                         "FROM retentiond_pending WHERE id > ?1 "
                         "ORDER BY id LIMIT ?2"));
  statement->BindInt(1, static_cast<std::int64_t>(after));
  // SQLite takes a negative limit as none.
  statement->BindInt(2, std::max(limit, 0));
  std::vector<PendingFile> files;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) return files;
    ASSIGN_OR_RETURN(PendingFile file, PendingOf(*statement));
    files.push_back(std::move(file));
  }
}

absl::Status VisitShieldRows(
    StateSql& connection,
    const std::function<absl::Status(const ShieldedOutput&)>& visit) {
  std::optional<ShieldedOutput> after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<ShieldedOutput> page,
                     ReadShieldPage(connection, after));
    if (page.empty()) return absl::OkStatus();
    for (const ShieldedOutput& output : page) RETURN_IF_ERROR(visit(output));
    after = page.back();
  }
}

absl::Status UpdateShieldRows(StateSql& connection,
                              const std::vector<ShieldedOutput>& outputs) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> update,
      connection.Prepare("UPDATE retentiond_shield SET absent_nights = ?2 "
                         "WHERE path = ?1 AND root_id = ?3"));
  for (const ShieldedOutput& output : outputs) {
    update->BindBlob(1, output.path).BindInt(2, output.absent_nights);
    RETURN_IF_ERROR(update->BindText(3, output.root_id).Run());
    update->Reset();
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> forget,
      connection.Prepare("DELETE FROM retentiond_shield WHERE path = ?1 AND "
                         "root_id = ?3 AND absent_nights >= ?2"));
  for (const ShieldedOutput& output : outputs) {
    forget->BindBlob(1, output.path).BindInt(2, kForgottenAfterNights);
    RETURN_IF_ERROR(forget->BindText(3, output.root_id).Run());
    forget->Reset();
  }
  return absl::OkStatus();
}

absl::Status RecordOutcome(StateSql& connection, std::optional<RunId> run,
                           const FilesOutcome& outcome, Instant now) {
  std::optional<AuditSeq> batch_seq;
  if (outcome.batch.has_value()) {
    RETURN_IF_ERROR(ForEachEntry(
        connection,
        "DELETE FROM retentiond_pending WHERE id = ?1 AND batch = ?2",
        outcome.done, *outcome.batch));
    RETURN_IF_ERROR(
        ForEachEntry(connection,
                     "UPDATE retentiond_pending SET attempts = attempts + 1 "
                     "WHERE id = ?1 AND batch = ?2",
                     outcome.failed, *outcome.batch));
    ASSIGN_OR_RETURN(batch_seq, AuditSeqOf(connection, *outcome.batch));
  }
  if (run.has_value()) {
    RETURN_IF_ERROR(AddRemovedFiles(connection, *run, outcome));
  }
  if (!IsWorthARecord(outcome)) return absl::OkStatus();
  return AppendAuditRecord(connection, run, "files",
                           FilesFacts(batch_seq, outcome), now)
      .status();
}

absl::StatusOr<BatchId> InsertBatch(StateSql& connection, RunId run,
                                    AuditSeq audit_seq, Instant now,
                                    Belongings& belongings) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("INSERT INTO retentiond_batch(run, audit_seq, "
                         "committed_us) VALUES (?1, ?2, ?3) RETURNING id"));
  statement->BindInt(1, static_cast<std::int64_t>(run));
  statement->BindInt(2, static_cast<std::int64_t>(audit_seq));
  statement->BindInt(3, MicrosOf(now));
  RETURN_IF_ERROR(statement->Step().status());
  const BatchId id{statement->Int(0)};
  RETURN_IF_ERROR(statement->Run());
  for (PendingFile& file : belongings.pending) {
    file.batch = id;
    RETURN_IF_ERROR(InsertPending(connection, file));
  }
  RETURN_IF_ERROR(ShieldOutputs(connection, belongings.outputs));
  return id;
}

absl::Status PruneBatches(StateSql& connection, Instant now) {
  const Instant limit = now - kBatchesKept;
  for (int page = 0; page < kMostPages; ++page) {
    ASSIGN_OR_RETURN(const std::size_t given_up,
                     GiveUpPage(connection, limit, now));
    ASSIGN_OR_RETURN(const std::int64_t dropped, DropPage(connection, limit));
    if (given_up == 0 && dropped == 0) break;
  }
  return absl::OkStatus();
}

}  // namespace retentiond
