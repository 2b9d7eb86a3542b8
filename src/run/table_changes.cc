#include "run/table_changes.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

TableChange& ChangeOf(const std::string& table, RunRecord& run) {
  const auto found = std::find_if(
      run.tables.begin(), run.tables.end(),
      [&](const TableChange& change) { return change.table == table; });
  if (found != run.tables.end()) return *found;
  run.tables.emplace_back().table = table;
  return run.tables.back();
}

}  // namespace

absl::Status NoteTablesBefore(JobStore& jobs, RunRecord& run) {
  if (!run.tables.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<TableSize> sizes, jobs.TableSizes());
  for (const TableSize& size : sizes) {
    TableChange& change = ChangeOf(size.table, run);
    change.bytes_before = size.bytes;
    change.dead_rows_before = size.dead_rows;
  }
  return absl::OkStatus();
}

absl::Status TidyUpTables(JobStore& jobs, Micros longest, RunRecord& run) {
  std::vector<std::string> tables;
  for (const auto& [table, rows] : run.rows_deleted) tables.push_back(table);
  const absl::StatusOr<VacuumOutcome> tidied = jobs.TidyUp(tables, longest);
  if (!tidied.ok()) {
    SettleTables(MessageOf(tidied.status()), run);
    return tidied.status();
  }
  for (const auto& [table, vacuum] : *tidied) {
    ChangeOf(table, run).vacuum = vacuum;
  }
  ASSIGN_OR_RETURN(const std::vector<TableSize> sizes, jobs.TableSizes());
  for (const TableSize& size : sizes) {
    TableChange& change = ChangeOf(size.table, run);
    change.bytes_after = size.bytes;
    change.dead_rows_after = size.dead_rows;
  }
  return absl::OkStatus();
}

void SettleTables(const std::string& why, RunRecord& run) {
  std::erase_if(run.tables, [&](const TableChange& change) {
    return !run.rows_deleted.contains(change.table);
  });
  for (TableChange& change : run.tables) {
    if (change.vacuum.empty()) change.vacuum = "skipped: " + why;
  }
}

}  // namespace retentiond
