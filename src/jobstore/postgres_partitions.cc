// A dependent table is partitioned alike where its partition key refers to the
// job's creation time, so that a row lies in the partition with the same bounds
// as its job's: then both partitions can go, and whatever refers to them from
// elsewhere keeps them.
// Test: postgres_departures_test.cc.
#include "jobstore/postgres_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/postgres_reference.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

// What a DROP would pass over and a DELETE does not: another's ownership,
// triggers and rules, rows that a foreign key was not checked for, subscribers
// who are told of deleted rows only.
constexpr char kMayBeDropped[] = R"sql(
pg_has_role(c.relowner, 'USAGE')
AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
                AND NOT t.tgisinternal AND t.tgenabled <> 'D'
                AND t.tgtype & 8 = 8)
AND NOT EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = c.oid)
AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.conrelid = c.oid
                AND f.contype = 'f' AND NOT f.convalidated)
AND NOT EXISTS (SELECT FROM pg_publication_tables t
                JOIN pg_publication b ON b.pubname = t.pubname
                WHERE b.pubdelete AND t.schemaname = n.nspname
                AND t.tablename = c.relname)
)sql";

constexpr char kRangeColumn[] = R"sql(
SELECT a.attname
FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
WHERE c.oid = $1::oid AND p.partstrat = 'r' AND p.partnatts = 1 AND {}
)sql";

constexpr char kPartitions[] = R"sql(
SELECT c.oid, n.nspname, c.relname, pg_get_expr(c.relpartbound, c.oid)
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE i.inhparent = $1::oid AND c.relkind = 'r' AND {} AND {}
)sql";

struct Part {
  std::int64_t oid = 0;
  std::string name;
  std::string sql;
};

// A table that is partitioned by range of one column.
struct Ranged {
  std::string column;
  std::map<std::string, Part> parts;  // by bound, as the server writes it
};

absl::StatusOr<std::optional<Ranged>> ReadRanged(PostgresConnection& connection,
                                                 const PostgresCatalog& catalog,
                                                 const std::string& table) {
  const PostgresTable& described = catalog.Of(table);
  if (!described.partitioned) return std::optional<Ranged>();
  const PostgresValues oid = {PostgresValue::Text(described.oid)};
  ASSIGN_OR_RETURN(
      const auto column,
      connection.QueryText(fmt::format(kRangeColumn, kMayBeDropped), oid));
  if (!column.has_value()) return std::optional<Ranged>();
  // Before 14 a partition was never half detached.
  const char* whole =
      connection.server_version() >= 140000 ? "NOT i.inhdetachpending" : "true";
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection.Query(fmt::format(kPartitions, whole, kMayBeDropped), oid));
  Ranged ranged{.column = *column, .parts = {}};
  for (int i = 0; i < rows.size(); ++i) {
    const std::string schema(rows.Text(i, 1));
    const std::string name(rows.Text(i, 2));
    ranged.parts[std::string(rows.Text(i, 3))] = {
        .oid = rows.Int(i, 0),
        .name = schema == catalog.default_schema ? name : schema + "." + name,
        .sql = QuoteName(schema) + "." + QuoteName(name)};
  }
  return std::optional<Ranged>(std::move(ranged));
}

// The upper end of "FOR VALUES FROM ('...') TO ('...')"; none of a partition
// that takes whatever is older, or younger, or fits nowhere else.
std::optional<std::string> EndOf(const std::string& bound) {
  static constexpr std::string_view kBetween = ") TO (";
  const std::size_t between = bound.find(kBetween);
  if (between == std::string::npos ||
      bound.find("(MINVALUE)") != std::string::npos ||
      bound.find("(MAXVALUE)") != std::string::npos) {
    return std::nullopt;
  }
  const std::size_t begin = between + kBetween.size();
  return bound.substr(begin, bound.size() - begin - 1);
}

class Finder {
 public:
  Finder(PostgresConnection& connection, const PostgresCatalog& catalog,
         const DeletionPlan& plan, const PostgresJobTable& jobs)
      : connection_(connection), catalog_(catalog), plan_(plan), jobs_(jobs) {}

  absl::StatusOr<std::vector<PostgresPartition>> Find(Instant cutoff) {
    RETURN_IF_ERROR(ReadTables());
    std::vector<PostgresPartition> found;
    const auto jobs = ranged_.find(plan_.job_table);
    if (jobs == ranged_.end()) return found;
    for (const auto& [bound, part] : jobs->second.parts) {
      const std::optional<std::string> literal = EndOf(bound);
      if (!literal.has_value()) continue;
      ASSIGN_OR_RETURN(const std::optional<Instant> end,
                       jobs_.ReadBound(connection_, *literal));
      if (!end.has_value() || *end > cutoff) continue;
      found.push_back(Describe(bound, part, *end));
    }
    std::sort(found.begin(), found.end(),
              [](const auto& a, const auto& b) { return a.end < b.end; });
    return found;
  }

 private:
  absl::Status ReadTables() {
    ASSIGN_OR_RETURN(std::optional<Ranged> jobs,
                     ReadRanged(connection_, catalog_, plan_.job_table));
    if (!jobs.has_value() || jobs->column != jobs_.layout().created) {
      return absl::OkStatus();
    }
    ranged_.emplace(plan_.job_table, *std::move(jobs));
    // Those that others refer to first.
    for (auto table = plan_.tables.rbegin(); table != plan_.tables.rend();
         ++table) {
      if (table->via.size() != 1 || !ranged_.contains(table->via[0].parent)) {
        continue;
      }
      ASSIGN_OR_RETURN(std::optional<Ranged> ranged,
                       ReadRanged(connection_, catalog_, table->name));
      if (ranged.has_value() && Follows(table->via[0], ranged->column)) {
        ranged_.emplace(table->name, *std::move(ranged));
      }
    }
    return absl::OkStatus();
  }

  // Whether `column` of the referring table is the partition key of the table
  // that it refers to.
  bool Follows(const Reference& via, const std::string& column) const {
    // Without an index the server's own check would read the whole table.
    if (via.on_delete != OnDelete::kCascade || !via.indexed) return false;
    const std::string& key = ranged_.at(via.parent).column;
    const auto type = [&](const std::string& table, const std::string& name) {
      return catalog_.Of(table).columns.at(name).base_type;
    };
    for (std::size_t i = 0; i < via.columns.size(); ++i) {
      if (via.columns[i] == column && via.parent_columns[i] == key) {
        return type(via.table, column) == type(via.parent, key);
      }
    }
    return false;
  }

  PostgresPartition Describe(const std::string& bound, const Part& part,
                             Instant end) const {
    // Rows of a table that lacks this partition lie elsewhere, if there are
    // any.
    std::set<std::string> members = {plan_.job_table};
    for (auto table = plan_.tables.rbegin(); table != plan_.tables.rend();
         ++table) {
      const auto ranged = ranged_.find(table->name);
      if (ranged != ranged_.end() && ranged->second.parts.contains(bound) &&
          members.contains(table->via[0].parent)) {
        members.insert(table->name);
      }
    }
    PostgresPartition described{.oid = part.oid,
                                .name = part.name,
                                .end = end,
                                .members = {},
                                .referring = {},
                                .unguarded = {}};
    for (const PlanTable& table : plan_.tables) {
      if (!members.contains(table.name)) continue;
      described.members.push_back(
          MemberOf(table.name, ranged_.at(table.name).parts.at(bound)));
      for (const std::string& column : table.via[0].columns) {
        described.members.back().columns.push_back(QuoteName(column));
      }
    }
    described.members.push_back(MemberOf(plan_.job_table, part));
    AddReferring(members, described);
    return described;
  }

  PostgresPartition::Member MemberOf(const std::string& table,
                                     const Part& part) const {
    return {.table = table,
            .parent = catalog_.Of(table).sql,
            .sql = part.sql,
            .columns = {},
            .referred = false};
  }

  void AddReferring(const std::set<std::string>& members,
                    PostgresPartition& described) const {
    for (PostgresPartition::Member& member : described.members) {
      for (const Reference& reference : FollowedReferences(plan_)) {
        if (reference.parent != member.table) continue;
        const bool declared = reference.on_delete == OnDelete::kDeclared;
        member.referred |= !declared;
        const auto goes = [&](const PlanTable& table) {
          return table.name == reference.table && table.via[0] == reference;
        };
        if (members.contains(reference.table) &&
            std::any_of(plan_.tables.begin(), plan_.tables.end(), goes)) {
          continue;
        }
        const std::string query =
            fmt::format("SELECT 1 FROM {} AS c, ONLY {} AS p WHERE {} LIMIT 1",
                        catalog_.Of(reference.table).only, member.sql,
                        ReferenceEqual(reference, "c", "p"));
        described.referring.push_back(query);
        if (declared) described.unguarded.push_back(query);
      }
    }
  }

  PostgresConnection& connection_;
  const PostgresCatalog& catalog_;
  const DeletionPlan& plan_;
  const PostgresJobTable& jobs_;
  std::map<std::string, Ranged> ranged_;  // by table
};

}  // namespace

absl::StatusOr<std::vector<PostgresPartition>> FindPartitions(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const PostgresJobTable& jobs, Instant cutoff) {
  return Finder(connection, catalog, plan, jobs).Find(cutoff);
}

}  // namespace retentiond
