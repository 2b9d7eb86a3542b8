#include "jobstore/state_runs.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "jobstore/audit_facts.h"
#include "jobstore/run_columns.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_meta.h"

namespace retentiond {
namespace {

// As RunRecord says: the first ones tell what went wrong.
constexpr std::size_t kMostErrors = 20;

constexpr char kSelect[] =
    "SELECT id, slot, slot_start_us, cutoff_us, started_us, finished_us, "
    "outcome, late, timezone, jobs_deleted, files_deleted, bytes_freed, "
    "expired, held, undatable, orphans, errors, blocked, phases_s, phase, "
    "pace, jobs_total, kept, marks, tables "
    "FROM retentiond_run ";

std::int64_t NumberOf(RunId id) { return static_cast<std::int64_t>(id); }

absl::StatusOr<LocalDate> StoredDate(const std::string& text) {
  const absl::StatusOr<LocalDate> date = ParseDate(text);
  if (!date.ok()) {
    return absl::DataLossError("retentiond state: " + MessageOf(date.status()));
  }
  return *date;
}

absl::StatusOr<RunRecord> RunOf(const StateStatement& row) {
  RunRecord run;
  run.id = RunId{row.Int(0)};
  ASSIGN_OR_RETURN(run.slot, StoredDate(std::string(row.Text(1))));
  run.slot_start = InstantFromMicros(row.Int(2));
  run.cutoff = InstantFromMicros(row.Int(3));
  run.started = InstantFromMicros(row.Int(4));
  if (!row.IsNull(5)) run.finished = InstantFromMicros(row.Int(5));
  if (!row.IsNull(6)) {
    ASSIGN_OR_RETURN(run.outcome, OutcomeOf(std::string(row.Text(6))));
  }
  run.late = row.Int(7) != 0;
  run.timezone = row.Text(8);
  run.jobs_deleted = row.Int(9);
  run.files_deleted = row.Int(10);
  run.bytes_freed = row.Int(11);
  run.expired = row.Int(12);
  run.held = row.Int(13);
  run.undatable = row.Int(14);
  run.orphans = row.Int(15);
  run.errors = TextsOfJson(std::string(row.Text(16)));
  run.blocked = TextsOfJson(std::string(row.Text(17)));
  run.phases_s = NumbersOfJson(std::string(row.Text(18)));
  run.phase = row.Text(19);
  run.pace = row.Text(20);
  run.jobs_total = row.Int(21);
  run.kept = CountsOfJson(std::string(row.Text(22)));
  run.marks = TextsOfJson(std::string(row.Text(23)));
  run.tables = TablesOfJson(std::string(row.Text(24)));
  return run;
}

absl::Status ReadDeletedRows(StateSql& connection, RunRecord& run) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare("SELECT table_name, rows FROM "
                                      "retentiond_run_table WHERE run = ?1"));
  statement->BindInt(1, NumberOf(run.id));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) return absl::OkStatus();
    run.rows_deleted[std::string(statement->Text(0))] = statement->Int(1);
  }
}

// The runs that a statement of kSelect yields.
absl::StatusOr<std::vector<RunRecord>> ReadAll(StateSql& connection,
                                               StateStatement& statement) {
  std::vector<RunRecord> runs;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement.Step());
    if (!row) return runs;
    ASSIGN_OR_RETURN(RunRecord run, RunOf(statement));
    RETURN_IF_ERROR(ReadDeletedRows(connection, run));
    runs.push_back(std::move(run));
  }
}

absl::StatusOr<std::optional<RunRecord>> ReadOne(StateSql& connection,
                                                 StateStatement& statement) {
  ASSIGN_OR_RETURN(std::vector<RunRecord> runs, ReadAll(connection, statement));
  if (runs.empty()) return std::optional<RunRecord>();
  return std::optional<RunRecord>(std::move(runs.front()));
}

absl::StatusOr<std::optional<RunRecord>> ReadRunOfSlot(StateSql& connection,
                                                       LocalDate slot) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(std::string(kSelect) + "WHERE slot = ?1"));
  statement->BindText(1, FormatDate(slot));
  return ReadOne(connection, *statement);
}

absl::Status Append(StateSql& connection, RunId run, const std::string& event,
                    const std::string& facts, Instant now) {
  return AppendAuditRecord(connection, run, event, facts, now).status();
}

// FailedPrecondition when the last statement, which was to change the open run,
// found none.
absl::Status CheckRunWasOpen(const StateSql& connection, RunId run) {
  if (connection.changes() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("run {} is not open", NumberOf(run)));
}

// Inserts the slot's row, or begins it anew; with `finished` and `outcome`.
absl::StatusOr<RunId> PutRun(StateSql& connection, const RunRecord& run) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "INSERT INTO retentiond_run(slot, slot_start_us, cutoff_us, "
          "started_us, finished_us, outcome, late, timezone, blocked, phase) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
          "ON CONFLICT (slot) DO UPDATE SET slot_start_us = ?2, "
          "cutoff_us = ?3, started_us = ?4, finished_us = ?5, outcome = ?6, "
          "late = ?7, timezone = ?8, blocked = ?9, phase = ?10 "
          "RETURNING id"));
  statement->BindText(1, FormatDate(run.slot));
  statement->BindInt(2, MicrosOf(run.slot_start));
  statement->BindInt(3, MicrosOf(run.cutoff));
  statement->BindInt(4, MicrosOf(run.started));
  if (run.finished.has_value()) statement->BindInt(5, MicrosOf(*run.finished));
  if (run.outcome.has_value()) statement->BindText(6, NameOf(*run.outcome));
  statement->BindInt(7, run.late ? 1 : 0);
  statement->BindText(8, run.timezone);
  statement->BindText(9, JsonOfTexts(run.blocked));
  statement->BindText(10, run.phase);
  RETURN_IF_ERROR(statement->Step().status());
  const RunId id{statement->Int(0)};
  RETURN_IF_ERROR(statement->Run());
  return id;
}

absl::Status AlreadyClosed(LocalDate slot) {
  return absl::AlreadyExistsError(
      fmt::format("the slot of {} was completed before", FormatDate(slot)));
}

}  // namespace

absl::StatusOr<std::optional<LocalDate>> ReadLastSlot(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::optional<std::string> text,
                   ReadMeta(connection, kMetaLastSlot));
  if (!text.has_value()) return std::optional<LocalDate>();
  ASSIGN_OR_RETURN(const LocalDate date, StoredDate(*text));
  return std::optional<LocalDate>(date);
}

absl::Status WriteLastSlot(StateSql& connection, LocalDate date) {
  return WriteMeta(connection, kMetaLastSlot, FormatDate(date));
}

absl::StatusOr<std::optional<RunRecord>> ReadOpenRun(StateSql& connection) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(std::string(kSelect) + "WHERE finished_us IS NULL"));
  return ReadOne(connection, *statement);
}

absl::StatusOr<std::vector<RunRecord>> ReadRuns(StateSql& connection,
                                                int limit) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(std::string(kSelect) + "ORDER BY id DESC LIMIT ?1"));
  // SQLite takes a negative limit as none.
  statement->BindInt(1, std::max(limit, 0));
  return ReadAll(connection, *statement);
}

absl::StatusOr<std::vector<RunRecord>> ReadRunsOf(
    StateSql& connection, const std::vector<RunOutcome>& outcomes, int limit) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(std::string(kSelect) +
                                      "WHERE outcome IN (?2, ?3, ?4, ?5, ?6) "
                                      "ORDER BY id DESC LIMIT ?1"));
  statement->BindInt(1, std::max(limit, 0));
  int parameter = 2;  // what is not bound is NULL, and equals no outcome
  for (const RunOutcome outcome : outcomes) {
    statement->BindText(parameter++, NameOf(outcome));
  }
  return ReadAll(connection, *statement);
}

absl::StatusOr<RunId> BeginRunRow(StateSql& connection, const RunRecord& run) {
  ASSIGN_OR_RETURN(const std::optional<RunRecord> open,
                   ReadOpenRun(connection));
  if (open.has_value()) {
    if (open->slot == run.slot) return open->id;
    return absl::FailedPreconditionError(
        fmt::format("run {} of the slot of {} is still open",
                    NumberOf(open->id), FormatDate(open->slot)));
  }
  ASSIGN_OR_RETURN(const std::optional<LocalDate> last,
                   ReadLastSlot(connection));
  ASSIGN_OR_RETURN(const std::optional<RunRecord> known,
                   ReadRunOfSlot(connection, run.slot));
  const bool closed =
      known.has_value() && known->outcome != RunOutcome::kBlocked;
  if (closed || (last.has_value() && run.slot <= *last)) {
    return AlreadyClosed(run.slot);
  }
  RunRecord begun = run;
  begun.finished.reset();
  begun.outcome.reset();
  ASSIGN_OR_RETURN(const RunId id, PutRun(connection, begun));
  RETURN_IF_ERROR(
      Append(connection, id, "run-begin", RunBeginFacts(run), run.started));
  return id;
}

absl::Status UpdateRunRow(StateSql& connection, const RunRecord& run) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "UPDATE retentiond_run SET expired = ?2, held = ?3, undatable = ?4, "
          "orphans = ?5, errors = ?6, phases_s = ?7, phase = ?8, pace = ?9, "
          "jobs_total = ?10, kept = ?11, marks = ?12, tables = ?13 "
          "WHERE id = ?1 AND finished_us IS NULL"));
  std::vector<std::string> errors = run.errors;
  if (errors.size() > kMostErrors) errors.resize(kMostErrors);
  statement->BindInt(1, NumberOf(run.id));
  statement->BindInt(2, run.expired);
  statement->BindInt(3, run.held);
  statement->BindInt(4, run.undatable);
  statement->BindInt(5, run.orphans);
  statement->BindText(6, JsonOfTexts(errors));
  statement->BindText(7, JsonOfNumbers(run.phases_s));
  statement->BindText(8, run.phase);
  statement->BindText(9, run.pace);
  statement->BindInt(10, run.jobs_total);
  statement->BindText(11, JsonOfCounts(run.kept));
  statement->BindText(12, JsonOfTexts(run.marks));
  statement->BindText(13, JsonOfTables(run.tables));
  RETURN_IF_ERROR(statement->Run());
  return CheckRunWasOpen(connection, run.id);
}

absl::Status CloseRunRow(StateSql& connection, const RunRecord& run,
                         Instant now) {
  if (!run.outcome.has_value()) {
    return absl::InvalidArgumentError("a run is closed with an outcome");
  }
  RETURN_IF_ERROR(UpdateRunRow(connection, run));
  // Read back, for the counts that the batches have kept.
  ASSIGN_OR_RETURN(std::optional<RunRecord> closed, ReadOpenRun(connection));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("UPDATE retentiond_run SET finished_us = ?2, "
                         "outcome = ?3, phase = '', pace = '' "
                         "WHERE id = ?1"));
  statement->BindInt(1, NumberOf(run.id));
  statement->BindInt(2, MicrosOf(run.finished.value_or(now)));
  RETURN_IF_ERROR(statement->BindText(3, NameOf(*run.outcome)).Run());
  closed->outcome = run.outcome;
  closed->audit_facts = run.audit_facts;
  if (*run.outcome != RunOutcome::kBlocked) {
    ASSIGN_OR_RETURN(const std::optional<LocalDate> last,
                     ReadLastSlot(connection));
    RETURN_IF_ERROR(WriteLastSlot(
        connection, std::max(closed->slot, last.value_or(closed->slot))));
  }
  return Append(connection, run.id, "run-end", RunEndFacts(*closed), now);
}

absl::Status RecordBlockedRow(StateSql& connection, const RunRecord& run,
                              Instant now) {
  ASSIGN_OR_RETURN(const std::optional<RunRecord> known,
                   ReadRunOfSlot(connection, run.slot));
  RunRecord blocked = run;
  if (known.has_value() && !known->finished.has_value()) {
    blocked = *known;
    blocked.blocked = run.blocked;
    blocked.audit_facts = run.audit_facts;
  } else if (known.has_value() && known->outcome != RunOutcome::kBlocked) {
    return AlreadyClosed(run.slot);
  } else {
    blocked.finished = now;
    blocked.outcome = RunOutcome::kBlocked;
    blocked.phase.clear();
  }
  ASSIGN_OR_RETURN(const RunId id, PutRun(connection, blocked));
  if (known.has_value() && known->blocked == run.blocked) {
    return absl::OkStatus();
  }
  return Append(connection, id, "run-blocked", RunBlockedFacts(blocked), now);
}

absl::Status AddDeletedRows(StateSql& connection, RunId run,
                            const Batch& batch) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> count,
      connection.Prepare(
          "UPDATE retentiond_run SET jobs_deleted = jobs_deleted + ?2 "
          "WHERE id = ?1 AND finished_us IS NULL"));
  count->BindInt(1, NumberOf(run));
  count->BindInt(2, DeletedJobs(batch));
  RETURN_IF_ERROR(count->Run());
  RETURN_IF_ERROR(CheckRunWasOpen(connection, run));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "INSERT INTO retentiond_run_table VALUES (?1, ?2, ?3) "
          "ON CONFLICT (run, table_name) "
          "DO UPDATE SET rows = retentiond_run_table.rows + excluded.rows"));
  for (const auto& [table, rows] : batch.rows) {
    statement->BindInt(1, NumberOf(run)).BindBlob(2, table).BindInt(3, rows);
    RETURN_IF_ERROR(statement->Run());
    statement->Reset();
  }
  return absl::OkStatus();
}

absl::Status AddRemovedFiles(StateSql& connection, RunId run,
                             const FilesOutcome& outcome) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("UPDATE retentiond_run SET files_deleted = "
                         "files_deleted + ?2, bytes_freed = bytes_freed + ?3 "
                         "WHERE id = ?1"));
  statement->BindInt(1, NumberOf(run));
  statement->BindInt(2, outcome.files).BindInt(3, outcome.bytes);
  RETURN_IF_ERROR(statement->Run());
  if (connection.changes() == 1) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("there is no run {}", NumberOf(run)));
}

}  // namespace retentiond
