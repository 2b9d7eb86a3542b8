// One statement deletes a whole batch: a DELETE of each table in a WITH, so
// that constraints between the tables, cycles too, are checked when all rows
// are gone, and one journey to the server is enough. A distributed server has
// no such statement: there the tables go one by one, dependents first.
#include "jobstore/postgres_deletion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {

class PostgresDeletion::Parameters {
 public:
  explicit Parameters(const PostgresClosure& closure) : closure_(closure) {}

  // The keys of the going rows of `table`, as rows of `alias`.
  std::string Going(const std::string& table, const std::string& alias) {
    const PostgresClosure::Collected& collected = *closure_.Find(table);
    return Rows(table, alias, collected, closure_.GoingKeys(collected));
  }
  std::string Gone(const std::string& table, const std::string& alias) {
    const PostgresClosure::Collected& collected = *closure_.Find(table);
    return Rows(table + "\n", alias, collected, closure_.GoneKeys(collected));
  }
  bool IsGoing(const std::string& table) const {
    return !closure_.GoingKeys(*closure_.Find(table)).empty();
  }
  const PostgresValues& values() const { return values_; }

 private:
  std::string Rows(const std::string& name, const std::string& alias,
                   const PostgresClosure::Collected& table,
                   const std::vector<TextKey>& keys) {
    const auto [entry, added] = first_.emplace(name, values_.size() + 1);
    if (added) AddKeys(values_, table.address, keys);
    return KeyRows(table.address, entry->second, alias);
  }

  const PostgresClosure& closure_;
  PostgresValues values_;
  std::map<std::string, std::size_t> first_;
};

RowCounts PostgresDeletion::CountCollected() const {
  RowCounts rows;
  for (const PostgresClosure::Collected& table : closure_.tables()) {
    NoteRows(rows, table.name,
             static_cast<std::int64_t>(closure_.GoingKeys(table).size()));
  }
  return rows;
}

absl::StatusOr<RowCounts> PostgresDeletion::CountLeaves(
    std::int64_t limit) const {
  Parameters parameters(closure_);
  std::vector<std::string> counts;
  std::vector<std::string> tables;
  for (const PlanTable& table : plan_.tables) {
    if (closure_.Find(table.name) != nullptr) continue;
    std::string counted;  // what the references before this one have counted
    for (const Reference& via : table.via) {
      if (!parameters.IsGoing(via.parent)) continue;
      const ReferenceJoin join = JoinWithParents(
          catalog_, via, parameters.Going(via.parent, "d"), "d");
      const std::string also = fmt::format(
          " AND NOT EXISTS (SELECT FROM {} "
          "WHERE {})",
          join.tables, join.condition);
      std::string gone;
      // On a dry run a row may also belong to a job of an earlier batch, where
      // it was counted.
      for (const Reference& other : table.via) {
        if (table.via.size() == 1) break;
        const ReferenceJoin with = JoinWithParents(
            catalog_, other, parameters.Gone(other.parent, "d"), "d");
        gone += fmt::format(" AND NOT EXISTS (SELECT FROM {} WHERE {})",
                            with.tables, with.condition);
      }
      counts.push_back(fmt::format(
          "(SELECT count(*) FROM (SELECT 1 FROM {} AS c, {} WHERE {}{}{} "
          "LIMIT {}) AS x)",
          catalog_.Of(table.name).only, join.tables, join.condition, counted,
          gone, limit));
      tables.push_back(table.name);
      counted += also;
    }
  }
  RowCounts rows;
  if (counts.empty()) return rows;
  ASSIGN_OR_RETURN(
      const PostgresRows result,
      connection_.Query(fmt::format("SELECT {}", fmt::join(counts, ", ")),
                        parameters.values()));
  for (std::size_t i = 0; i < tables.size(); ++i) {
    NoteRows(rows, tables[i], result.Int(0, static_cast<int>(i)));
  }
  return rows;
}

// The deletions in their order: leaves first, since the deletion of a collected
// row might cascade to rows that would then be missing in the counts; the jobs
// last, which are not among them.
std::vector<PostgresDeletion::Piece> PostgresDeletion::Dependents() const {
  const auto is_going = [&](const std::string& table) {
    return !closure_.GoingKeys(*closure_.Find(table)).empty();
  };
  std::vector<Piece> leaves;
  std::vector<Piece> collected;
  for (const PlanTable& table : plan_.tables) {
    if (closure_.Find(table.name) != nullptr) {
      if (is_going(table.name)) collected.push_back({table.name, nullptr});
      continue;
    }
    // A row that two references name goes by the first of them.
    for (const Reference& via : table.via) {
      if (is_going(via.parent)) leaves.push_back({table.name, &via});
    }
  }
  std::move(collected.begin(), collected.end(), std::back_inserter(leaves));
  return leaves;
}

// The rows of a piece as "<alias c>, <what it is joined with>", and how.
ReferenceJoin PostgresDeletion::JoinOf(const Piece& piece,
                                       Parameters& parameters) const {
  if (piece.via != nullptr) {
    return JoinWithParents(catalog_, *piece.via,
                           parameters.Going(piece.via->parent, "d"), "d");
  }
  return {parameters.Going(piece.table, "d"),
          KeysEqual(closure_.Find(piece.table)->address, "c", "d")};
}

std::string PostgresDeletion::DeleteSql(const Piece& piece,
                                        Parameters& parameters) const {
  const ReferenceJoin join = JoinOf(piece, parameters);
  return fmt::format("DELETE FROM {} AS c USING {} WHERE {}",
                     catalog_.Of(piece.table).only, join.tables,
                     join.condition);
}

absl::StatusOr<PostgresDeletion::Deleted> PostgresDeletion::Delete() const {
  ASSIGN_OR_RETURN(Deleted deleted, locks_ == RowLocks::kTaken
                                        ? DeleteAtOnce()
                                        : DeleteOneByOne());
  if (deleted.changed) return deleted;
  bool may_be_kept =
      jobs_.table().has_delete_triggers ||
      deleted.rows[plan_.job_table] < CountCollected().at(plan_.job_table);
  for (const PlanTable& table : plan_.tables) {
    may_be_kept |= catalog_.Of(table.name).has_delete_triggers;
  }
  if (may_be_kept) RETURN_IF_ERROR(CheckNothingIsKept());
  return deleted;
}

absl::StatusOr<PostgresDeletion::Deleted> PostgresDeletion::DeleteAtOnce()
    const {
  std::vector<Piece> pieces = Dependents();
  pieces.push_back({plan_.job_table, nullptr});
  Parameters parameters(closure_);
  std::vector<std::string> parts;
  std::vector<std::string> counts;
  for (const Piece& piece : pieces) {
    const std::string name = fmt::format("d{}", parts.size());
    parts.push_back(fmt::format("{} AS ({} RETURNING 1)", name,
                                DeleteSql(piece, parameters)));
    counts.push_back(fmt::format("(SELECT count(*) FROM {})", name));
  }
  ASSIGN_OR_RETURN(
      const PostgresRows result,
      connection_.Query(fmt::format("WITH {} SELECT {}", fmt::join(parts, ", "),
                                    fmt::join(counts, ", ")),
                        parameters.values()));
  Deleted deleted;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    NoteRows(deleted.rows, pieces[i].table, result.Int(0, static_cast<int>(i)));
  }
  return deleted;
}

absl::StatusOr<PostgresDeletion::Deleted> PostgresDeletion::DeleteOneByOne()
    const {
  Deleted deleted;
  for (const Piece& piece : Dependents()) {
    Parameters parameters(closure_);
    const std::string sql = DeleteSql(piece, parameters);
    ASSIGN_OR_RETURN(const PostgresRows result,
                     connection_.Query(sql, parameters.values()));
    NoteRows(deleted.rows, piece.table, result.changes());
  }
  const NotedJobs jobs = NoteJobs();
  ASSIGN_OR_RETURN(
      const PostgresRows result,
      connection_.Query(
          fmt::format("DELETE FROM {} AS c USING {} WHERE {}",
                      jobs_.table().only, jobs.rows, jobs.unchanged),
          jobs.values));
  NoteRows(deleted.rows, plan_.job_table, result.changes());
  if (result.changes() < jobs.count) {
    // Kept by a trigger, or no longer as they were.
    ASSIGN_OR_RETURN(deleted.changed, AnyChanged());
  }
  return deleted;
}

// The batch's jobs with their age and state as read.
PostgresDeletion::NotedJobs PostgresDeletion::NoteJobs() const {
  const RowAddress& address = closure_.tables().front().address;
  std::vector<TextKey> keys;
  std::vector<std::optional<std::string>> created;
  std::vector<std::optional<std::string>> status;
  for (const PostgresJobRow& row : closure_.GoingJobs()) {
    keys.push_back(row.key);
    created.push_back(row.created_text);
    status.push_back(row.status_text);
  }
  NotedJobs noted;
  noted.count = static_cast<std::int64_t>(keys.size());
  AddKeys(noted.values, address, keys);
  noted.values.push_back(PostgresArray(created));
  noted.values.push_back(PostgresArray(status));
  RowAddress all = address;
  all.types.insert(all.types.end(), {"text", "text"});
  all.columns.resize(all.types.size());
  std::string rows = KeyRows(all, 1, "d");
  // The last two of k0, k1, ... by their names.
  const std::size_t size = address.size();
  rows.replace(rows.rfind(fmt::format("k{}, k{}", size, size + 1)),
               std::string::npos, "created, status)");
  noted.rows = std::move(rows);
  noted.unchanged =
      KeysEqual(address, "c", "d") + " AND " + jobs_.Unchanged("c", "d");
  return noted;
}

absl::StatusOr<bool> PostgresDeletion::AnyChanged() const {
  const NotedJobs jobs = NoteJobs();
  ASSIGN_OR_RETURN(
      const auto unchanged,
      connection_.QueryInt(
          fmt::format("SELECT count(*) FROM {} AS c, {} WHERE {}",
                      jobs_.table().only, jobs.rows, jobs.unchanged),
          jobs.values));
  return unchanged.value_or(0) < jobs.count;
}

// A BEFORE trigger may keep a row and say nothing; its parent's deletion would
// then leave it behind without one.
absl::Status PostgresDeletion::CheckNothingIsKept() const {
  std::vector<Piece> pieces = Dependents();
  pieces.push_back({plan_.job_table, nullptr});
  for (const Piece& piece : pieces) {
    Parameters parameters(closure_);
    const ReferenceJoin join = JoinOf(piece, parameters);
    ASSIGN_OR_RETURN(
        const auto kept,
        connection_.QueryInt(
            fmt::format("SELECT count(*) FROM {} AS c, {} WHERE {}",
                        catalog_.Of(piece.table).only, join.tables,
                        join.condition),
            parameters.values()));
    if (kept.value_or(0) == 0) continue;
    return absl::FailedPreconditionError(
        fmt::format("{} rows of {} are there after their deletion; a trigger "
                    "keeps them",
                    *kept, piece.table));
  }
  return absl::OkStatus();
}

absl::StatusOr<PostgresDeletion::Deleted> PostgresDeletion::DeleteLeaves(
    std::int64_t limit) const {
  Deleted deleted;
  for (const Piece& piece : Dependents()) {
    if (piece.via == nullptr || limit == 0) continue;
    Parameters parameters(closure_);
    const ReferenceJoin join = JoinOf(piece, parameters);
    const PostgresTable& table = catalog_.Of(piece.table);
    const RowAddress address = AddressOf(table);
    std::vector<std::string> keys;
    for (std::size_t i = 0; i < address.size(); ++i) {
      keys.push_back(fmt::format("c.{} AS k{}", address.columns[i], i));
    }
    ASSIGN_OR_RETURN(
        const PostgresRows result,
        connection_.Query(
            fmt::format("DELETE FROM {} AS c USING (SELECT {} FROM {} AS c, {} "
                        "WHERE {} LIMIT {}) AS s WHERE {}",
                        table.only, fmt::join(keys, ", "), table.only,
                        join.tables, join.condition, limit,
                        KeysEqual(address, "c", "s")),
            parameters.values()));
    NoteRows(deleted.rows, piece.table, result.changes());
    limit -= result.changes();
  }
  if (locks_ == RowLocks::kNone) {
    ASSIGN_OR_RETURN(deleted.changed, AnyChanged());
  }
  return deleted;
}

}  // namespace retentiond
