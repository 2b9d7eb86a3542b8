// The catalog of a PostgreSQL database, and how rows of its tables are
// addressed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"
#include "jobstore/database.h"
#include "jobstore/postgres_connection.h"

namespace retentiond {

// What Catalog does not say of a table. Everything is quoted for SQL.
struct PostgresTable {
  std::string oid;  // of pg_class: names need rights on their schema
  std::string sql;  // "public"."Job"
  // sql, with ONLY in front of a table that is not partitioned: rows of tables
  // that inherit from it are not its own.
  std::string only;
  bool partitioned = false;
  // By unquoted name: the column's type ("timestamp with time zone"), for
  // casts; its base type where it is a domain; and its default.
  struct Column {
    std::string type;
    std::string base_type;
    std::string default_value;
  };
  std::map<std::string, Column> columns;
  // The columns that address one row for good: the primary key, else a unique
  // index over columns that are never NULL. Empty: there is none.
  std::vector<std::string> key;
  std::vector<std::string> key_types;
  // A trigger may keep a row that we delete.
  bool has_delete_triggers = false;
  bool row_security = false;  // and it applies to our role
  bool may_select = false;
  bool may_delete = false;
  bool may_lock = false;  // SELECT ... FOR UPDATE
};

struct PostgresCatalog {
  // A table of the default schema bears its bare name, any other
  // "schema.table".
  Catalog catalog;
  std::map<std::string, PostgresTable> tables;  // by name
  std::string default_schema;

  const PostgresTable& Of(const std::string& table) const {
    return tables.at(table);
  }
};

// `schema`: the default one; empty: the first of the search path that is there.
// Ordinary and partitioned tables of all schemas but the server's and the
// daemon's own; partitions are part of their table.
absl::StatusOr<PostgresCatalog> ReadPostgresCatalog(
    PostgresConnection& connection, const std::string& schema);

// A text that changes whenever a foreign key is made or dropped, but for those
// that come and go with a partition.
absl::StatusOr<std::string> PostgresSchemaMark(PostgresConnection& connection);

// What is said in `layout` of tables and columns, in the catalog's spelling.
// InvalidArgument (no such table or column) names what there is, and the
// nearest name.
absl::StatusOr<JobLayout> ResolvePostgresLayout(const PostgresCatalog& catalog,
                                                const JobLayout& layout);

}  // namespace retentiond
