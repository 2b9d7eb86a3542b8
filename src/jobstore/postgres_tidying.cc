#include "jobstore/postgres_tidying.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

// A partitioned table has no rows of its own.
constexpr char kParts[] = R"sql(
WITH parts AS (SELECT $1::oid AS part UNION
               SELECT relid FROM pg_partition_tree($1::oid))
)sql";

constexpr char kSize[] = R"sql(
SELECT coalesce(sum(pg_total_relation_size(part)), 0)::bigint,
       coalesce(sum(pg_stat_get_dead_tuples(part)), 0)::bigint FROM parts
)sql";

constexpr char kDistributedSize[] = R"sql(
SELECT citus_total_relation_size($1::oid::regclass)
FROM pg_dist_partition WHERE logicalrelid = $1::oid::regclass
)sql";

// The parts that have rows, and whether the server would vacuum them for us. Of
// those that are named one by one it says which it skips.
constexpr char kLeaves[] = R"sql(
SELECT format('%I.%I', n.nspname, c.relname),
       pg_has_role(c.relowner, 'USAGE') OR pg_has_role(d.datdba, 'USAGE'){}
FROM parts JOIN pg_class c ON c.oid = part AND c.relkind = 'r'
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_database d ON d.datname = current_database()
ORDER BY 1
)sql";

std::string Skipped(const std::string& why) { return "skipped: " + why; }

absl::StatusOr<TableSize> SizeOf(PostgresConnection& connection,
                                 const std::string& table,
                                 const std::string& oid,
                                 Distribution distribution) {
  const PostgresValues values = {PostgresValue::Text(oid)};
  if (distribution == Distribution::kPossible) {
    ASSIGN_OR_RETURN(const auto bytes,
                     connection.QueryInt(kDistributedSize, values));
    if (bytes.has_value()) {
      return TableSize{.table = table, .bytes = *bytes, .dead_rows = {}};
    }
  }
  ASSIGN_OR_RETURN(const PostgresRows rows,
                   connection.Query(std::string(kParts) + kSize, values));
  return TableSize{
      .table = table, .bytes = rows.Int(0, 0), .dead_rows = rows.Int(0, 1)};
}

absl::Status VacuumLeaves(PostgresConnection& connection,
                          const PostgresTable& table,
                          const std::vector<std::string>& leaves,
                          steady_clock::time_point end) {
  const auto left = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        end - steady_clock::now());
  };
  RETURN_IF_ERROR(
      connection.ExecuteWithin(fmt::format("VACUUM ({}SKIP_LOCKED) {}",
                                           table.partitioned ? "" : "ANALYZE, ",
                                           fmt::join(leaves, ", ")),
                               left()));
  if (!table.partitioned) return absl::OkStatus();
  return connection.ExecuteWithin("ANALYZE (SKIP_LOCKED) " + table.sql, left());
}

absl::StatusOr<std::string> Vacuum(PostgresConnection& connection,
                                   const PostgresTable& table,
                                   steady_clock::time_point end) {
  const char* granted = connection.server_version() >= 170000
                            ? " OR has_table_privilege(c.oid, 'MAINTAIN')"
                            : "";
  ASSIGN_OR_RETURN(const PostgresRows parts,
                   connection.Query(fmt::format("{}{}", kParts,
                                                fmt::format(kLeaves, granted)),
                                    {PostgresValue::Text(table.oid)}));
  std::vector<std::string> leaves;
  for (int i = 0; i < parts.size(); ++i) {
    if (parts.Bool(i, 1)) leaves.emplace_back(parts.Text(i, 0));
  }
  if (parts.size() == 0) return kVacuumDone;  // every partition was dropped
  if (leaves.empty()) return Skipped("the role does not own the table");
  const absl::Status done = VacuumLeaves(connection, table, leaves, end);
  if (done.code() == absl::StatusCode::kUnavailable) return done;
  if (IsLockTimeout(done)) {
    return table.partitioned ? "skipped in part: others have it locked"
                             : Skipped("others have it locked");
  }
  // The server's own vacuum does the rest.
  if (done.code() == absl::StatusCode::kAborted) return Skipped("out of time");
  if (!done.ok()) return Skipped(MessageOf(done));
  if (static_cast<int>(leaves.size()) < parts.size()) {
    return "skipped in part: the role does not own all its partitions";
  }
  return kVacuumDone;
}

}  // namespace

absl::StatusOr<std::vector<TableSize>> PostgresTableSizes(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const std::vector<std::string>& tables, Distribution distribution) {
  // For its timeouts: a table that is being altered is waited for.
  ASSIGN_OR_RETURN(PostgresConnection::Transaction transaction,
                   connection.Begin(OpenMode::kReadOnly));
  std::vector<TableSize> sizes;
  for (const std::string& table : tables) {
    ASSIGN_OR_RETURN(
        TableSize size,
        SizeOf(connection, table, catalog.Of(table).oid, distribution));
    sizes.push_back(std::move(size));
  }
  RETURN_IF_ERROR(transaction.Commit());
  return sizes;
}

absl::StatusOr<VacuumOutcome> VacuumPostgresTables(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const std::vector<std::string>& tables, Micros longest) {
  const auto end = steady_clock::now() + longest;
  VacuumOutcome outcome;
  for (const std::string& table : tables) {
    const auto found = catalog.tables.find(table);
    if (found == catalog.tables.end()) {
      outcome[table] = Skipped("it is gone");
      continue;
    }
    if (steady_clock::now() >= end) {
      outcome[table] = Skipped("out of time");
      continue;
    }
    ASSIGN_OR_RETURN(outcome[table], Vacuum(connection, found->second, end));
  }
  return outcome;
}

}  // namespace retentiond
