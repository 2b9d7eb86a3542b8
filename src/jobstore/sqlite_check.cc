#include "jobstore/sqlite_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/sqlite_reference.h"
#include "jobstore/sqlite_survey.h"

namespace retentiond {
namespace {

std::string Quoted(const std::vector<std::string>& columns) {
  std::vector<std::string> quoted;
  for (const std::string& column : columns) quoted.push_back(QuoteName(column));
  return fmt::format("{}", fmt::join(quoted, ", "));
}

std::string Listed(const std::vector<std::string>& columns) {
  return fmt::format("{}", fmt::join(columns, ", "));
}

std::string IndexStatement(const std::string& table,
                           const std::vector<std::string>& columns) {
  return fmt::format("CREATE INDEX IF NOT EXISTS {} ON {}({})",
                     QuoteName(fmt::format("retentiond_{}_{}", table,
                                           fmt::join(columns, "_"))),
                     QuoteName(table), Quoted(columns));
}

void AddMissingIndexes(const DeletionPlan& plan,
                       std::vector<Finding>& findings) {
  for (const Reference& reference : FollowedReferences(plan)) {
    if (reference.indexed) continue;
    findings.push_back(
        {Finding::Level::kWarning, "missing-index", reference.table,
         Listed(reference.columns),
         fmt::format(
             "no index leads with {}({}), which refers to {}: the whole "
             "table is read to find the rows that go with a job",
             reference.table, fmt::join(reference.columns, ", "),
             reference.parent),
         IndexStatement(reference.table, reference.columns)});
  }
}

void AddMissingCascades(const DeletionPlan& plan,
                        std::vector<Finding>& findings) {
  for (const Reference& reference : plan.holding) {
    findings.push_back(
        {Finding::Level::kWarning, "missing-cascade", reference.table,
         Listed(reference.columns),
         fmt::format("{}({}) refers to {} without ON DELETE CASCADE: a job "
                     "that has such a row is held for ever",
                     reference.table, fmt::join(reference.columns, ", "),
                     reference.parent),
         fmt::format(
             "If its rows belong to the job: FOREIGN KEY({}) REFERENCES {}({}) "
             "ON DELETE CASCADE. SQLite cannot alter a constraint: create the "
             "table anew with it, copy the rows, rename; an ORM's migration "
             "does that (Prisma: onDelete: Cascade).",
             Quoted(reference.columns), QuoteName(reference.parent),
             Quoted(reference.parent_columns))});
  }
}

void AddRepeatableId(const CatalogTable& table, const JobLayout& layout,
                     std::vector<Finding>& findings) {
  if (table.IsUnique(layout.id)) return;
  findings.push_back(
      {Finding::Level::kError, "id-not-unique", layout.table, Listed(layout.id),
       fmt::format("nothing keeps two jobs from having the same {}({}): files "
                   "and declared dependents go by it, and those of a job that "
                   "stays could go with one that does not",
                   layout.table, Listed(layout.id)),
       fmt::format(
           "CREATE UNIQUE INDEX {} ON {}({})",
           QuoteName(fmt::format("retentiond_{}_{}_unique", layout.table,
                                 fmt::join(layout.id, "_"))),
           QuoteName(layout.table), Quoted(layout.id))});
}

struct OrphanCount {
  std::int64_t rows = 0;
  bool complete = true;
};

std::string OrphanCondition(const SqliteReference& reference) {
  std::vector<std::string> parts;
  for (const std::string& column : reference.reference().columns) {
    parts.push_back(fmt::format("c.{} IS NOT NULL", QuoteName(column)));
  }
  return fmt::format(
      "{} AND NOT EXISTS (SELECT 1 FROM main.{} AS p WHERE {} = {})",
      fmt::join(parts, " AND "), QuoteName(reference.reference().parent),
      reference.ParentTuple("p"), reference.ChildTuple("c"));
}

absl::StatusOr<OrphanCount> CountOrphans(SqliteConnection& connection,
                                         const CatalogTable& table,
                                         const SqliteReference& reference,
                                         std::int64_t checked_rows) {
  ASSIGN_OR_RETURN(const std::vector<std::string> key, RowKeyColumns(table));
  SlicedWalk walk(
      fmt::format("SELECT {}, {} FROM main.{} AS c", ColumnsOf("c", key),
                  OrphanCondition(reference), QuoteName(table.name)),
      "c", key);
  OrphanCount count;
  std::int64_t seen = 0;
  bool more = true;
  while (more && count.complete) {
    ASSIGN_OR_RETURN(more,
                     walk.Next(connection, [&](const SqliteStatement& row) {
                       ++seen;
                       count.rows += row.Int(static_cast<int>(key.size()));
                     }));
    count.complete = seen < checked_rows;
  }
  return count;
}

absl::Status AddOrphans(SqliteConnection& connection, const Catalog& catalog,
                        const DeletionPlan& plan, std::int64_t checked_rows,
                        std::vector<Finding>& findings) {
  for (const PlanTable& table : plan.tables) {
    for (const Reference& via : table.via) {
      ASSIGN_OR_RETURN(const SqliteReference reference,
                       SqliteReference::Make(connection, via));
      ASSIGN_OR_RETURN(const OrphanCount orphans,
                       CountOrphans(connection, *catalog.Find(table.name),
                                    reference, checked_rows));
      if (orphans.rows == 0) continue;
      findings.push_back(
          {Finding::Level::kWarning, "orphaned-rows", table.name,
           Listed(via.columns),
           fmt::format("{}{} rows of {} refer to rows of {} that are gone: "
                       "nothing will ever delete them",
                       orphans.complete ? "" : "at least ", orphans.rows,
                       table.name, via.parent),
           fmt::format("DELETE FROM {} AS c WHERE {}", QuoteName(table.name),
                       OrphanCondition(reference))});
    }
  }
  return absl::OkStatus();
}

absl::Status AddUndatable(SqliteConnection& connection,
                          const SqliteJobTable& jobs,
                          std::vector<Finding>& findings) {
  std::int64_t undatable = 0;
  std::string example;
  // Ages that nothing reaches: only what cannot be read is undatable.
  const JobAges ages{Instant::min(), Instant::max() - kFarthestAhead};
  RETURN_IF_ERROR(WalkJobs(connection, jobs, ages, std::nullopt,
                           [&](const std::vector<JobRow>& slice) {
                             for (const JobRow& row : slice) {
                               if (row.job.created.has_value()) continue;
                               if (undatable++ == 0) example = row.job.id.text;
                             }
                             return absl::OkStatus();
                           }));
  if (undatable == 0) return absl::OkStatus();
  const JobLayout& layout = jobs.layout();
  findings.push_back(
      {Finding::Level::kWarning, "undatable-rows", layout.table, layout.created,
       fmt::format("{} jobs have no readable creation time, \"{}\" among them: "
                   "they are kept for ever",
                   undatable, example),
       ""});
  return absl::OkStatus();
}

// SQLite creates its journal beside the database.
void AddPrivileges(const SqliteConnection& connection,
                   std::vector<Finding>& findings) {
  const std::filesystem::path& path = connection.path();
  for (const std::filesystem::path& needed : {path, path.parent_path()}) {
    if (access(needed.c_str(), W_OK) == 0) continue;
    findings.push_back(
        {Finding::Level::kError, "privilege", "", "",
         fmt::format("user id {} may not write to {}: nothing can be deleted",
                     geteuid(), needed.string()),
         fmt::format("chmod g+w '{}', with a group that both the farm's user "
                     "and the daemon's are in",
                     needed.string())});
  }
}

}  // namespace

std::vector<std::string> MissingIndexStatements(const DeletionPlan& plan) {
  std::vector<std::string> statements;
  for (const Reference& reference : FollowedReferences(plan)) {
    if (reference.indexed) continue;
    const std::string statement =
        IndexStatement(reference.table, reference.columns);
    if (std::find(statements.begin(), statements.end(), statement) ==
        statements.end()) {
      statements.push_back(statement);
    }
  }
  return statements;
}

absl::StatusOr<std::vector<Finding>> CheckSqlite(SqliteConnection& connection,
                                                 const Catalog& catalog,
                                                 const DeletionPlan& plan,
                                                 const SqliteJobTable& jobs,
                                                 std::int64_t checked_rows) {
  std::vector<Finding> findings;
  AddPrivileges(connection, findings);
  AddMissingIndexes(plan, findings);
  AddMissingCascades(plan, findings);
  const JobLayout& layout = jobs.layout();
  AddRepeatableId(*catalog.Find(layout.table), layout, findings);
  if (!catalog.Find(layout.table)->HasIndexOn({layout.created})) {
    findings.push_back(
        {Finding::Level::kInfo, "created-not-indexed", layout.table,
         layout.created,
         fmt::format(
             "{}({}) has no index; the daemon does without, by one walk "
             "a night",
             layout.table, layout.created),
         IndexStatement(layout.table, {layout.created})});
  }
  RETURN_IF_ERROR(
      AddOrphans(connection, catalog, plan, checked_rows, findings));
  RETURN_IF_ERROR(AddUndatable(connection, jobs, findings));
  return findings;
}

}  // namespace retentiond
