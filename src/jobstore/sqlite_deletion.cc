#include "jobstore/sqlite_deletion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

absl::StatusOr<std::int64_t> QueryCount(SqliteConnection& connection,
                                        const std::string& sql,
                                        std::int64_t first_round,
                                        std::int64_t limit = 0) {
  ASSIGN_OR_RETURN(SqliteStatement count, connection.Prepare(sql));
  count.BindInt(1, first_round);
  if (limit > 0) count.BindInt(2, limit);
  RETURN_IF_ERROR(count.Step().status());
  return count.Int(0);
}

absl::StatusOr<std::int64_t> RunChange(SqliteConnection& connection,
                                       const std::string& sql,
                                       std::int64_t first_round,
                                       std::int64_t limit = 0) {
  ASSIGN_OR_RETURN(SqliteStatement statement, connection.Prepare(sql));
  statement.BindInt(1, first_round);
  if (limit > 0) statement.BindInt(2, limit);
  RETURN_IF_ERROR(statement.Run());
  return connection.changes();
}

}  // namespace

absl::StatusOr<SqliteDeletion> SqliteDeletion::Make(
    SqliteConnection& connection, const Catalog& catalog,
    const DeletionPlan& plan, const ClosureStatements& closure) {
  SqliteDeletion deletion;
  ASSIGN_OR_RETURN(deletion.enforcement_, ChooseEnforcement(connection, plan));
  for (const PlanTable& table : plan.tables) {
    const ClosureTable* collected = closure.Find(table.name);
    if (collected != nullptr) {
      deletion.AddCollected(*collected);
      continue;
    }
    RETURN_IF_ERROR(deletion.AddLeaf(connection, catalog, table, closure));
  }
  deletion.AddCollected(closure.tables.front());  // the jobs
  if (deletion.enforcement_ == Enforcement::kBySqlite) return deletion;
  for (const Reference& clearing : plan.clearing) {
    RETURN_IF_ERROR(deletion.AddClearing(connection, clearing, closure));
  }
  return deletion;
}

absl::Status SqliteDeletion::AddLeaf(SqliteConnection& connection,
                                     const Catalog& catalog,
                                     const PlanTable& table,
                                     const ClosureStatements& closure) {
  std::vector<std::string> goes;
  std::vector<std::string> went;
  for (const Reference& via : table.via) {
    ASSIGN_OR_RETURN(const SqliteReference reference,
                     SqliteReference::Make(connection, via));
    const std::string child = reference.ChildTuple("c");
    goes.push_back(fmt::format("{} IN ({})", child,
                               closure.GoingParents(reference, ">=")));
    went.push_back(fmt::format("EXISTS ({} AND {} = {})",
                               closure.GoingParents(reference, "<"),
                               reference.ParentTuple("p"), child));
  }
  const std::string name = "main." + QuoteName(table.name);
  const std::string rows =
      fmt::format("{} AS c WHERE ({})", name, fmt::join(goes, " OR "));
  // On a dry run a row may also belong to a job of an earlier batch, where it
  // was counted.
  const std::string uncounted =
      went.size() == 1 ? ""
                       : fmt::format(" AND NOT ({})", fmt::join(went, " OR "));
  ASSIGN_OR_RETURN(const std::vector<std::string> key,
                   RowKeyColumns(*catalog.Find(table.name)));
  Leaf leaf;
  leaf.table = table.name;
  leaf.count = fmt::format("SELECT count(*) FROM (SELECT 1 FROM {}{} LIMIT ?2)",
                           rows, uncounted);
  leaf.remove = "DELETE FROM " + rows;
  leaf.remove_some =
      fmt::format("DELETE FROM {} WHERE ({}) IN (SELECT {} FROM {} LIMIT ?2)",
                  name, fmt::join(key, ", "), ColumnsOf("c", key), rows);
  leaves_.push_back(std::move(leaf));
  return absl::OkStatus();
}

void SqliteDeletion::AddCollected(const ClosureTable& table) {
  std::vector<std::string> keys;
  for (std::size_t i = 0; i < table.key.size(); ++i) {
    keys.push_back("k" + std::to_string(i));
  }
  const std::string going =
      fmt::format("{} AS d WHERE d.round >= ?1", table.going);
  const std::string rows = fmt::format(
      "main.{} WHERE ({}) IN (SELECT {} FROM {})", QuoteName(table.name),
      fmt::join(table.key, ", "), fmt::join(keys, ", "), going);
  collected_.push_back({table.name, "SELECT count(*) FROM " + going,
                        "DELETE FROM " + rows, "SELECT count(*) FROM " + rows});
}

absl::Status SqliteDeletion::AddClearing(SqliteConnection& connection,
                                         const Reference& clearing,
                                         const ClosureStatements& closure) {
  ASSIGN_OR_RETURN(const SqliteReference reference,
                   SqliteReference::Make(connection, clearing));
  std::vector<std::string> nulls;
  for (const std::string& column : clearing.columns) {
    nulls.push_back(QuoteName(column) + " = NULL");
  }
  clear_.push_back(fmt::format(
      "UPDATE main.{} AS c SET {} WHERE {} IN ({})", QuoteName(clearing.table),
      fmt::join(nulls, ", "), reference.ChildTuple("c"),
      closure.GoingParents(reference, ">=")));
  return absl::OkStatus();
}

absl::StatusOr<RowCounts> SqliteDeletion::CountCollected(
    SqliteConnection& connection, std::int64_t first_round) const {
  RowCounts rows;
  for (const Collected& table : collected_) {
    ASSIGN_OR_RETURN(const std::int64_t count,
                     QueryCount(connection, table.count, first_round));
    NoteRows(rows, table.table, count);
  }
  return rows;
}

absl::StatusOr<RowCounts> SqliteDeletion::CountLeaves(
    SqliteConnection& connection, std::int64_t first_round,
    std::int64_t limit) const {
  RowCounts rows;
  for (const Leaf& leaf : leaves_) {
    ASSIGN_OR_RETURN(const std::int64_t count,
                     QueryCount(connection, leaf.count, first_round, limit));
    NoteRows(rows, leaf.table, count);
  }
  return rows;
}

absl::StatusOr<RowCounts> SqliteDeletion::Delete(
    SqliteConnection& connection, std::int64_t first_round,
    const RowCounts& collected) const {
  // All leaves go before any collected row, whose deletion might cascade to
  // rows that would then be missing in the counts.
  RowCounts rows;
  for (const Leaf& leaf : leaves_) {
    ASSIGN_OR_RETURN(const std::int64_t count,
                     RunChange(connection, leaf.remove, first_round));
    NoteRows(rows, leaf.table, count);
  }
  for (const std::string& sql : clear_) {
    RETURN_IF_ERROR(RunChange(connection, sql, first_round).status());
  }
  for (const Collected& table : collected_) {
    ASSIGN_OR_RETURN(const std::int64_t count,
                     RunChange(connection, table.remove, first_round));
    const auto found = collected.find(table.table);
    const std::int64_t expected = found == collected.end() ? 0 : found->second;
    NoteRows(rows, table.table, expected);
    if (count == expected) continue;
    // Fewer: they went by a cascade within the batch, or a trigger keeps them.
    ASSIGN_OR_RETURN(const std::int64_t remaining,
                     QueryCount(connection, table.remaining, first_round));
    if (remaining > 0) {
      return absl::FailedPreconditionError(
          fmt::format("{} rows of {} are there after their deletion; a trigger "
                      "keeps them",
                      remaining, table.table));
    }
  }
  return rows;
}

absl::StatusOr<RowCounts> SqliteDeletion::DeleteLeaves(
    SqliteConnection& connection, std::int64_t first_round,
    std::int64_t limit) const {
  RowCounts rows;
  for (const Leaf& leaf : leaves_) {
    if (limit == 0) break;
    ASSIGN_OR_RETURN(
        const std::int64_t count,
        RunChange(connection, leaf.remove_some, first_round, limit));
    NoteRows(rows, leaf.table, count);
    limit -= count;
  }
  return rows;
}

}  // namespace retentiond
