#include "jobstore/postgres_catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/layout_resolution.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

// A partition with foreign keys of its own counts as a table beside the one
// that it is part of.
constexpr char kTables[] = R"sql(
SELECT c.oid, n.nspname, c.relname, c.relkind = 'p',
       greatest(c.reltuples, -1)::bigint,
       row_security_active(c.oid),
       has_schema_privilege(n.oid, 'USAGE')
         AND has_table_privilege(c.oid, 'SELECT'),
       has_schema_privilege(n.oid, 'USAGE')
         AND has_table_privilege(c.oid, 'DELETE'),
       has_schema_privilege(n.oid, 'USAGE')
         AND has_any_column_privilege(c.oid, 'UPDATE'),
       EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid
               AND NOT t.tgisinternal AND t.tgenabled <> 'D'
               AND t.tgtype & 10 = 10)
         OR EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('information_schema', 'retentiond')
  AND n.nspname NOT LIKE 'pg\_%'
  AND (NOT c.relispartition
       OR EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f'
                  AND f.conrelid = c.oid AND f.conparentid = 0))
ORDER BY n.nspname, c.relname
)sql";

// format_type with -1: the type as it may hold any value ("bpchar", where
// "character" alone would be one character long).
constexpr char kColumns[] = R"sql(
WITH RECURSIVE base AS (
  SELECT oid AS type, oid AS base FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT t.oid, b.base FROM pg_type t JOIN base b ON t.typbasetype = b.type
  WHERE t.typtype = 'd'
)
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, -1),
       format_type(b.base, -1), coalesce(pg_get_expr(d.adbin, d.adrelid), '')
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN base b ON b.type = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
  AND n.nspname NOT IN ('information_schema', 'retentiond')
  AND n.nspname NOT LIKE 'pg\_%'
ORDER BY a.attrelid, a.attnum
)sql";

// Indexes that cover all rows: an expression ends an index where it stands.
constexpr char kIndexes[] = R"sql(
SELECT i.indrelid, i.indisprimary,
       i.indisunique AND i.indimmediate AND i.indnkeyatts =
         (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = i.indrelid
          AND a.attnum = ANY (i.indkey::int2[]) AND a.attnotnull
          AND a.attnum > 0),
       array_to_string((i.indkey::int2[])[0:i.indnkeyatts - 1], ' '),
       i.indisunique
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am m ON m.oid = x.relam
WHERE i.indisvalid AND i.indpred IS NULL AND m.amname IN ('btree', 'hash')
  AND n.nspname NOT IN ('information_schema', 'retentiond')
  AND n.nspname NOT LIKE 'pg\_%'
ORDER BY i.indisprimary DESC, i.indexrelid
)sql";

constexpr char kReferences[] = R"sql(
SELECT f.conrelid, f.confrelid, f.confdeltype,
       array_to_string(f.conkey, ' '), array_to_string(f.confkey, ' ')
FROM pg_constraint f
WHERE f.contype = 'f' AND f.conparentid = 0
ORDER BY f.conrelid, f.conname
)sql";

struct ReadTable {
  CatalogTable table;
  PostgresTable extra;
  std::map<int, std::string> names;  // of columns, by number
};
using ReadTables = std::map<std::string, ReadTable>;  // by oid

OnDelete OnDeleteOf(std::string_view action) {
  switch (action.empty() ? 'a' : action.front()) {
    case 'c':
      return OnDelete::kCascade;
    case 'n':
      return OnDelete::kSetNull;
    case 'd':
      return OnDelete::kSetDefault;
    case 'r':
      return OnDelete::kRestrict;
    default:
      return OnDelete::kNoAction;
  }
}

// The columns with these numbers; none when one of them is an expression.
std::vector<std::string> ColumnsOf(const ReadTable& table,
                                   std::string_view numbers, bool whole) {
  std::vector<std::string> columns;
  const char* at = numbers.data();
  const char* end = at + numbers.size();
  while (at < end) {
    int number = 0;
    at = std::from_chars(at, end, number).ptr + 1;
    const auto found = table.names.find(number);
    if (found == table.names.end()) {
      return whole ? std::vector<std::string>() : columns;
    }
    columns.push_back(found->second);
  }
  return columns;
}

absl::StatusOr<ReadTables> ReadAllTables(PostgresConnection& connection,
                                         const std::string& default_schema) {
  ASSIGN_OR_RETURN(const PostgresRows rows, connection.Query(kTables));
  ReadTables tables;
  for (int i = 0; i < rows.size(); ++i) {
    ReadTable& read = tables[std::string(rows.Text(i, 0))];
    const std::string schema(rows.Text(i, 1));
    const std::string name(rows.Text(i, 2));
    read.table.name = schema == default_schema ? name : schema + "." + name;
    read.extra.oid = std::string(rows.Text(i, 0));
    read.extra.sql = QuoteName(schema) + "." + QuoteName(name);
    read.extra.partitioned = rows.Bool(i, 3);
    read.extra.only = (read.extra.partitioned ? "" : "ONLY ") + read.extra.sql;
    if (rows.Int(i, 4) >= 0) read.table.estimated_rows = rows.Int(i, 4);
    read.extra.row_security = rows.Bool(i, 5);
    read.extra.may_select = rows.Bool(i, 6);
    read.extra.may_delete = rows.Bool(i, 7);
    read.extra.may_lock = rows.Bool(i, 8);
    read.extra.has_delete_triggers = rows.Bool(i, 9);
  }
  return tables;
}

absl::Status ReadColumns(PostgresConnection& connection, ReadTables& tables) {
  ASSIGN_OR_RETURN(const PostgresRows rows, connection.Query(kColumns));
  for (int i = 0; i < rows.size(); ++i) {
    const auto found = tables.find(std::string(rows.Text(i, 0)));
    if (found == tables.end()) continue;
    ReadTable& read = found->second;
    const std::string name(rows.Text(i, 2));
    read.names[static_cast<int>(rows.Int(i, 1))] = name;
    read.table.columns.push_back(name);
    read.extra.columns[name] = {std::string(rows.Text(i, 3)),
                                std::string(rows.Text(i, 4)),
                                std::string(rows.Text(i, 5))};
  }
  return absl::OkStatus();
}

absl::Status ReadIndexes(PostgresConnection& connection, ReadTables& tables) {
  ASSIGN_OR_RETURN(const PostgresRows rows, connection.Query(kIndexes));
  for (int i = 0; i < rows.size(); ++i) {
    const auto found = tables.find(std::string(rows.Text(i, 0)));
    if (found == tables.end()) continue;
    ReadTable& read = found->second;
    std::vector<std::string> columns =
        ColumnsOf(read, rows.Text(i, 3), /*whole=*/false);
    if (columns.empty()) continue;
    if (rows.Bool(i, 1)) read.table.primary_key = columns;
    std::vector<std::string> plain =
        ColumnsOf(read, rows.Text(i, 3), /*whole=*/true);
    if (rows.Bool(i, 4) && !plain.empty()) {
      read.table.unique.push_back(std::move(plain));
    }
    if (rows.Bool(i, 2) && read.extra.key.empty()) {
      for (const std::string& column : columns) {
        read.extra.key.push_back(QuoteName(column));
        read.extra.key_types.push_back(read.extra.columns.at(column).type);
      }
    }
    read.table.indexes.push_back(std::move(columns));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Reference>> ReadReferences(
    PostgresConnection& connection, const ReadTables& tables) {
  ASSIGN_OR_RETURN(const PostgresRows rows, connection.Query(kReferences));
  std::vector<Reference> references;
  for (int i = 0; i < rows.size(); ++i) {
    const auto child = tables.find(std::string(rows.Text(i, 0)));
    const auto parent = tables.find(std::string(rows.Text(i, 1)));
    if (child == tables.end() || parent == tables.end()) continue;
    Reference reference;
    reference.table = child->second.table.name;
    reference.parent = parent->second.table.name;
    reference.on_delete = OnDeleteOf(rows.Text(i, 2));
    reference.columns = ColumnsOf(child->second, rows.Text(i, 3), true);
    reference.parent_columns = ColumnsOf(parent->second, rows.Text(i, 4), true);
    reference.indexed = child->second.table.HasIndexOn(reference.columns);
    references.push_back(std::move(reference));
  }
  return references;
}

bool SameExactly(const std::string& known, const std::string& name) {
  return known == name;
}

}  // namespace

absl::StatusOr<PostgresCatalog> ReadPostgresCatalog(
    PostgresConnection& connection, const std::string& schema) {
  PostgresCatalog read;
  read.default_schema = schema;
  if (schema.empty()) {
    ASSIGN_OR_RETURN(const auto current,
                     connection.QueryText("SELECT current_schema()"));
    read.default_schema = current.value_or("public");
  }
  ASSIGN_OR_RETURN(ReadTables tables,
                   ReadAllTables(connection, read.default_schema));
  RETURN_IF_ERROR(ReadColumns(connection, tables));
  RETURN_IF_ERROR(ReadIndexes(connection, tables));
  ASSIGN_OR_RETURN(read.catalog.references, ReadReferences(connection, tables));
  for (auto& [oid, table] : tables) {
    read.tables[table.table.name] = std::move(table.extra);
    read.catalog.tables.push_back(std::move(table.table));
  }
  std::sort(read.catalog.tables.begin(), read.catalog.tables.end(),
            [](const CatalogTable& a, const CatalogTable& b) {
              return a.name < b.name;
            });
  return read;
}

absl::StatusOr<std::string> PostgresSchemaMark(PostgresConnection& connection) {
  ASSIGN_OR_RETURN(
      const auto mark,
      connection.QueryText(
          "SELECT md5(string_agg(oid::text || confdeltype::text, ',' "
          "ORDER BY oid)) FROM pg_constraint WHERE contype = 'f' "
          "AND conparentid = 0"));
  return mark.value_or("");
}

absl::StatusOr<JobLayout> ResolvePostgresLayout(const PostgresCatalog& catalog,
                                                const JobLayout& layout) {
  // "public.Job" where the catalog says "Job".
  const std::string prefix = catalog.default_schema + ".";
  JobLayout bare = layout;
  const auto strip = [&](std::string& table) {
    if (table.starts_with(prefix) && catalog.catalog.Find(table) == nullptr) {
      table.erase(0, prefix.size());
    }
  };
  strip(bare.table);
  for (JobLayout::Declared& declared : bare.declared) strip(declared.table);
  return ResolveLayout(catalog.catalog, bare, SameExactly);
}

}  // namespace retentiond
