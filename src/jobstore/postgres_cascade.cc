#include "jobstore/postgres_cascade.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

// A lock is waited for so often, a second each time; live work goes first in
// between.
constexpr int kMostTries = 5;
constexpr std::chrono::milliseconds kBetweenTries{200};

// Its name, and its definition with a cascade; as the server writes them.
constexpr char kConstraint[] = R"sql(
SELECT quote_ident(f.conname), regexp_replace(pg_get_constraintdef(f.oid),
  '( ON DELETE (RESTRICT|NO ACTION))?( DEFERRABLE)?( INITIALLY DEFERRED)?'
  '( NOT VALID)?$', E' ON DELETE CASCADE\\3\\4')
FROM pg_constraint f
WHERE f.contype = 'f' AND f.confdeltype IN ('a', 'r')
  AND f.conrelid = $1::oid AND f.confrelid = $2::oid
  AND $3::text[] = (SELECT array_agg(a.attname::text ORDER BY k.n)
    FROM unnest(f.conkey) WITH ORDINALITY AS k(number, n)
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number)
ORDER BY f.oid LIMIT 1
)sql";

// How long a statement may take that keeps everybody out of the tables.
constexpr char kKeepsOut[] = "SET LOCAL statement_timeout = '2s'; ";
constexpr char kKeepsNobodyOut[] = "SET LOCAL statement_timeout = 0; ";

constexpr char kNotValidated[] = R"sql(
SELECT quote_ident(conname) FROM pg_constraint
WHERE contype = 'f' AND confdeltype = 'c' AND NOT convalidated
  AND conrelid = $1::oid AND confrelid = ANY ($2::oid[])
ORDER BY conname
)sql";

std::string Validation(const PostgresTable& table, std::string_view quoted) {
  return fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", table.sql,
                     quoted);
}

absl::Status Alter(PostgresConnection& connection, const std::string& sql) {
  absl::Status done = connection.Execute(
      "BEGIN; SET LOCAL lock_timeout = '1s'; " + sql + "; COMMIT");
  if (!done.ok()) connection.Execute("ROLLBACK").IgnoreError();
  return done;
}

absl::Status AlterPatiently(PostgresConnection& connection,
                            const std::string& sql) {
  for (int i = 1;; ++i) {
    absl::Status done = Alter(connection, sql);
    if (!IsLockTimeout(done) || i == kMostTries) return done;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CascadeStatements(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const Reference& reference) {
  const PostgresTable& table = catalog.Of(reference.table);
  const PostgresTable& parent = catalog.Of(reference.parent);
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection.Query(kConstraint, {PostgresValue::Text(table.oid),
                                     PostgresValue::Text(parent.oid),
                                     PostgresArray(reference.columns)}));
  std::vector<std::string> statements;
  if (rows.size() == 0) return statements;  // dropped meanwhile
  // A partitioned table's constraint cannot be left to be checked later.
  statements.push_back(fmt::format(
      "ALTER TABLE {0} DROP CONSTRAINT {1}, ADD CONSTRAINT {1} {2}{3}",
      table.sql, rows.Text(0, 0), rows.Text(0, 1),
      table.partitioned ? "" : " NOT VALID"));
  if (!table.partitioned) {
    statements.push_back(Validation(table, rows.Text(0, 0)));
  }
  return statements;
}

absl::StatusOr<std::vector<std::string>> ValidationStatements(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const std::string& table) {
  std::vector<std::string> statements;
  const auto found = catalog.tables.find(table);
  if (found == catalog.tables.end()) return statements;
  std::vector<std::string> parents = {catalog.Of(plan.job_table).oid};
  for (const PlanTable& parent : plan.tables) {
    parents.push_back(catalog.Of(parent.name).oid);
  }
  ASSIGN_OR_RETURN(
      const PostgresRows rows,
      connection.Query(kNotValidated, {PostgresValue::Text(found->second.oid),
                                       PostgresArray(parents)}));
  for (int i = 0; i < rows.size(); ++i) {
    statements.push_back(Validation(found->second, rows.Text(i, 0)));
  }
  return statements;
}

absl::StatusOr<std::vector<std::string>> AddPostgresCascade(
    PostgresConnection& connection, const PostgresCatalog& catalog,
    const DeletionPlan& plan, const std::string& table) {
  std::vector<std::string> done;
  for (const Reference& reference : plan.holding) {
    if (reference.table != table) continue;
    ASSIGN_OR_RETURN(const std::vector<std::string> statements,
                     CascadeStatements(connection, catalog, reference));
    for (const std::string& statement : statements) {
      // The first exchanges the constraint, the second looks at the rows.
      const bool first = &statement == &statements.front();
      RETURN_IF_ERROR(AlterPatiently(
          connection, (first ? kKeepsOut : kKeepsNobodyOut) + statement));
      done.push_back(statement);
    }
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> rest,
                   ValidationStatements(connection, catalog, plan, table));
  for (const std::string& statement : rest) {
    RETURN_IF_ERROR(AlterPatiently(connection, kKeepsNobodyOut + statement));
    done.push_back(statement);
  }
  return done;
}

}  // namespace retentiond
