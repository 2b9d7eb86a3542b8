#include "jobstore/postgres_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/postgres_cascade.h"
#include "jobstore/postgres_reference.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

// A transaction that has been open for so long holds back the removal of dead
// rows from every table.
constexpr char kLongTransactions[] = R"sql(
SELECT pid::text, coalesce(usename, ''), coalesce(application_name, ''),
       floor(extract(epoch FROM now() - xact_start) / 60)::bigint
FROM pg_stat_activity
WHERE xact_start < now() - interval '30 minutes' AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
ORDER BY xact_start LIMIT 5
)sql";

constexpr char kLaggingSlots[] = R"sql(
SELECT slot_name,
       pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
                            THEN pg_last_wal_replay_lsn()
                            ELSE pg_current_wal_lsn() END,
                       restart_lsn)::bigint / 1048576
FROM pg_replication_slots
WHERE restart_lsn IS NOT NULL
  AND pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery()
                           THEN pg_last_wal_replay_lsn()
                           ELSE pg_current_wal_lsn() END, restart_lsn)
      > 1073741824
ORDER BY slot_name LIMIT 5
)sql";

std::string Quoted(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(QuoteName(column));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string Listed(const std::vector<std::string>& columns) {
  return fmt::format("{}", fmt::join(columns, ", "));
}

std::string IndexStatement(const PostgresTable& table,
                           const std::vector<std::string>& columns) {
  return fmt::format("CREATE INDEX {}ON {} ({})",
                     table.partitioned ? "" : "CONCURRENTLY ", table.sql,
                     Quoted(columns));
}

void AddMissingIndexes(const PostgresCatalog& catalog, const DeletionPlan& plan,
                       std::vector<Finding>& findings) {
  for (const Reference& reference : FollowedReferences(plan)) {
    if (reference.indexed) continue;
    findings.push_back(
        {Finding::Level::kWarning, "missing-index", reference.table,
         Listed(reference.columns),
         fmt::format("no index leads with {}({}), which refers to {}: the "
                     "server reads the whole table for every job deleted",
                     reference.table, Listed(reference.columns),
                     reference.parent),
         IndexStatement(catalog.Of(reference.table), reference.columns)});
  }
}

absl::Status AddMissingCascades(PostgresConnection& connection,
                                const PostgresCatalog& catalog,
                                const DeletionPlan& plan,
                                std::vector<Finding>& findings) {
  for (const Reference& reference : plan.holding) {
    ASSIGN_OR_RETURN(const std::vector<std::string> statements,
                     CascadeStatements(connection, catalog, reference));
    findings.push_back(
        {Finding::Level::kWarning, "missing-cascade", reference.table,
         Listed(reference.columns),
         fmt::format("{}({}) refers to {} without ON DELETE CASCADE: a job "
                     "that has such a row is held for ever",
                     reference.table, Listed(reference.columns),
                     reference.parent),
         fmt::format("{}; -- only if its rows belong to the job",
                     fmt::join(statements, "; "))});
  }
  return absl::OkStatus();
}

absl::Status AddUnvalidated(PostgresConnection& connection,
                            const PostgresCatalog& catalog,
                            const DeletionPlan& plan,
                            std::vector<Finding>& findings) {
  for (const PlanTable& table : plan.tables) {
    ASSIGN_OR_RETURN(
        const std::vector<std::string> statements,
        ValidationStatements(connection, catalog, plan, table.name));
    for (const std::string& statement : statements) {
      findings.push_back(
          {Finding::Level::kWarning, "cascade-not-validated", table.name, "",
           fmt::format("a cascade of {} is NOT VALID: its rows from before it "
                       "was made may refer to jobs that are gone, and no "
                       "partition of it is dropped",
                       table.name),
           statement});
    }
  }
  return absl::OkStatus();
}

absl::Status AddPrivileges(PostgresConnection& connection,
                           const PostgresCatalog& catalog,
                           const DeletionPlan& plan,
                           std::vector<Finding>& findings) {
  ASSIGN_OR_RETURN(const auto role,
                   connection.QueryText("SELECT quote_ident(current_user)"));
  std::vector<std::string> deleted = {plan.job_table};
  for (const PlanTable& table : plan.tables) deleted.push_back(table.name);
  std::vector<std::string> read = deleted;
  for (const Reference& reference : plan.holding) {
    read.push_back(reference.table);
  }
  std::sort(read.begin(), read.end());
  read.erase(std::unique(read.begin(), read.end()), read.end());
  for (const std::string& name : read) {
    const PostgresTable& table = catalog.Of(name);
    const bool deletes =
        std::find(deleted.begin(), deleted.end(), name) != deleted.end();
    std::vector<std::string> missing;
    if (!table.may_select) missing.emplace_back("SELECT");
    if (deletes && !table.may_delete) missing.emplace_back("DELETE");
    if (!missing.empty()) {
      findings.push_back(
          {Finding::Level::kError, "privilege", name, "",
           fmt::format("the role {} lacks {} on {}: nothing can be deleted",
                       role.value_or(""), fmt::join(missing, " and "), name),
           fmt::format("GRANT {} ON {} TO {}", fmt::join(missing, ", "),
                       table.sql, role.value_or(""))});
    }
    if (table.row_security) {
      findings.push_back(
          {Finding::Level::kError, "row-security", name, "",
           fmt::format("row-level security hides rows of {} from the role {}: "
                       "the daemon refuses to judge what it cannot see",
                       name, role.value_or("")),
           fmt::format("ALTER ROLE {} BYPASSRLS", role.value_or(""))});
    }
  }
  return absl::OkStatus();
}

// A partitioned table has no key without its partition's column: there the rows
// themselves are asked.
absl::Status AddRepeatableId(PostgresConnection& connection,
                             const PostgresCatalog& catalog,
                             const JobLayout& layout,
                             std::vector<Finding>& findings) {
  const CatalogTable& described = *catalog.catalog.Find(layout.table);
  if (described.IsUnique(layout.id)) return absl::OkStatus();
  const PostgresTable& table = catalog.Of(layout.table);
  std::vector<std::string> with_created = layout.id;
  with_created.push_back(layout.created);
  Finding finding{Finding::Level::kError,
                  "id-not-unique",
                  layout.table,
                  Listed(layout.id),
                  fmt::format("nothing keeps two jobs from having the same "
                              "{}({}): files and declared dependents go by it, "
                              "and those of a job that stays could go with one "
                              "that does not",
                              layout.table, Listed(layout.id)),
                  ""};
  if (!described.IsUnique(with_created)) {
    finding.fix = fmt::format("CREATE UNIQUE INDEX {}ON {} ({})",
                              table.partitioned ? "" : "CONCURRENTLY ",
                              table.sql, Quoted(layout.id));
  } else if (table.may_select) {
    ASSIGN_OR_RETURN(const auto repeated,
                     connection.QueryText(fmt::format(
                         "SELECT concat_ws(', ', {0}) FROM {1} GROUP BY {0} "
                         "HAVING count(*) > 1 LIMIT 1",
                         Quoted(layout.id), table.only)));
    if (repeated.has_value()) {
      finding.message = fmt::format(
          "several jobs have the same {}({}), such as \"{}\": files and "
          "declared dependents of one that stays could go with another",
          layout.table, Listed(layout.id), *repeated);
    } else {
      finding.level = Finding::Level::kWarning;
      finding.message += "; no two have it now";
    }
    finding.fix = "jobs.id with the creation time in it, where ids repeat";
  }
  findings.push_back(std::move(finding));
  return absl::OkStatus();
}

void AddTriggers(const PostgresCatalog& catalog, const DeletionPlan& plan,
                 std::vector<Finding>& findings) {
  std::vector<std::string> names = {plan.job_table};
  for (const PlanTable& table : plan.tables) names.push_back(table.name);
  for (const std::string& name : names) {
    if (!catalog.Of(name).has_delete_triggers) continue;
    findings.push_back(
        {Finding::Level::kInfo, "trigger", name, "",
         fmt::format("a trigger or rule of {} acts before a row is deleted; it "
                     "is left to work, and a job whose rows it keeps is held",
                     name),
         ""});
  }
}

absl::Status AddServerFindings(PostgresConnection& connection,
                               const PostgresCatalog& catalog,
                               const DeletionPlan& plan,
                               std::vector<Finding>& findings) {
  ASSIGN_OR_RETURN(const auto autovacuum,
                   connection.QueryText("SHOW autovacuum"));
  if (autovacuum == "off") {
    findings.push_back({Finding::Level::kWarning, "autovacuum-off", "", "",
                        "autovacuum is off on this server: deleted rows take "
                        "up their space until somebody runs VACUUM",
                        "ALTER SYSTEM SET autovacuum = on"});
  }
  std::vector<std::string> names = {plan.job_table};
  for (const PlanTable& table : plan.tables) names.push_back(table.name);
  for (const std::string& name : names) {
    const std::string& sql = catalog.Of(name).sql;
    ASSIGN_OR_RETURN(
        const auto off,
        connection.QueryInt(
            "SELECT 1 FROM pg_class WHERE oid = $1::oid AND EXISTS "
            "(SELECT 1 FROM unnest(reloptions) o WHERE lower(o) IN "
            "('autovacuum_enabled=false', 'autovacuum_enabled=off'))",
            {PostgresValue::Text(catalog.Of(name).oid)}));
    if (!off.has_value()) continue;
    findings.push_back(
        {Finding::Level::kWarning, "autovacuum-off", name, "",
         fmt::format("autovacuum is off for {}: its deleted rows take up their "
                     "space until somebody runs VACUUM",
                     name),
         fmt::format("ALTER TABLE {} RESET (autovacuum_enabled)", sql)});
  }
  ASSIGN_OR_RETURN(const PostgresRows transactions,
                   connection.Query(kLongTransactions));
  for (int i = 0; i < transactions.size(); ++i) {
    findings.push_back(
        {Finding::Level::kWarning, "long-transaction", "", "",
         fmt::format("a transaction of role {} ({}) has been open for {} "
                     "minutes: no dead row can be removed meanwhile",
                     transactions.Text(i, 1), transactions.Text(i, 2),
                     transactions.Int(i, 3)),
         fmt::format("SELECT pg_terminate_backend({})",
                     transactions.Text(i, 0))});
  }
  ASSIGN_OR_RETURN(const PostgresRows slots, connection.Query(kLaggingSlots));
  for (int i = 0; i < slots.size(); ++i) {
    findings.push_back(
        {Finding::Level::kWarning, "replication-slot-lag", "", "",
         fmt::format("replication slot {} is {} MB behind: a night's deletions "
                     "add to the log that the server keeps for it",
                     slots.Text(i, 0), slots.Int(i, 1)),
         ""});
  }
  return absl::OkStatus();
}

// Foreign keys leave no orphans; declared references may.
absl::Status AddOrphans(PostgresConnection& connection,
                        const PostgresCatalog& catalog,
                        const DeletionPlan& plan,
                        std::vector<Finding>& findings) {
  for (const PlanTable& table : plan.tables) {
    for (const Reference& via : table.via) {
      if (via.on_delete != OnDelete::kDeclared) continue;
      const PostgresTable& child = catalog.Of(table.name);
      const PostgresTable& parent = catalog.Of(via.parent);
      if (!child.may_select || !parent.may_select) continue;
      std::vector<std::string> parts;
      for (const std::string& column : via.columns) {
        parts.push_back(fmt::format("c.{} IS NOT NULL", QuoteName(column)));
      }
      parts.push_back(fmt::format("NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
                                  parent.only, ReferenceEqual(via, "c", "p")));
      const std::string orphans = fmt::format("{} AS c WHERE {}", child.only,
                                              fmt::join(parts, " AND "));
      ASSIGN_OR_RETURN(const auto count,
                       connection.QueryInt("SELECT count(*) FROM " + orphans));
      if (count.value_or(0) == 0) continue;
      findings.push_back(
          {Finding::Level::kWarning, "orphaned-rows", table.name,
           Listed(via.columns),
           fmt::format("{} rows of {} refer to rows of {} that are gone: "
                       "nothing will ever delete them",
                       *count, table.name, via.parent),
           "DELETE FROM " + orphans});
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Finding>> CheckPostgres(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const PostgresJobTable& jobs) {
  std::vector<Finding> findings;
  RETURN_IF_ERROR(AddPrivileges(connection, catalog, plan, findings));
  AddMissingIndexes(catalog, plan, findings);
  RETURN_IF_ERROR(AddMissingCascades(connection, catalog, plan, findings));
  RETURN_IF_ERROR(AddUnvalidated(connection, catalog, plan, findings));
  const JobLayout& layout = jobs.layout();
  RETURN_IF_ERROR(AddRepeatableId(connection, catalog, layout, findings));
  if (!catalog.catalog.Find(layout.table)->HasIndexOn({layout.created})) {
    findings.push_back(
        {Finding::Level::kInfo, "created-not-indexed", layout.table,
         layout.created,
         fmt::format("{}({}) has no index; the daemon does without, by one "
                     "walk a night",
                     layout.table, layout.created),
         ""});
  }
  if (jobs.ambiguous_zone()) {
    findings.push_back(
        {Finding::Level::kWarning, "ambiguous-zone", layout.table,
         layout.created,
         fmt::format("{}({}) has no time zone and a default, and the server's "
                     "TimeZone is not UTC: the reading that makes a job "
                     "younger is taken",
                     layout.table, layout.created),
         "set jobs.created_zone"});
  }
  AddTriggers(catalog, plan, findings);
  RETURN_IF_ERROR(AddServerFindings(connection, catalog, plan, findings));
  RETURN_IF_ERROR(AddOrphans(connection, catalog, plan, findings));
  return findings;
}

absl::StatusOr<std::vector<std::string>> CreateMissingPostgresIndexes(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan) {
  std::vector<std::string> done;
  for (const Reference& reference : FollowedReferences(plan)) {
    const PostgresTable& table = catalog.Of(reference.table);
    if (reference.indexed || table.partitioned) continue;
    const std::string statement = IndexStatement(table, reference.columns);
    if (std::find(done.begin(), done.end(), statement) != done.end()) continue;
    RETURN_IF_ERROR(connection.Execute(statement));
    done.push_back(statement);
  }
  return done;
}

}  // namespace retentiond
