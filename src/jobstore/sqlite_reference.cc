#include "jobstore/sqlite_reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <string>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/sqlite_catalog.h"

namespace retentiond {
namespace {

std::string Parenthesised(const std::vector<std::string>& parts) {
  if (parts.size() == 1) return parts[0];
  return fmt::format("({})", fmt::join(parts, ", "));
}

struct ColumnType {
  std::string declared;
  std::string collation;
};

absl::StatusOr<ColumnType> TypeOf(SqliteConnection& connection,
                                  const std::string& table,
                                  const std::string& column) {
  const char* declared = nullptr;
  const char* collation = nullptr;
  const int result = sqlite3_table_column_metadata(
      connection.get(), "main", table.c_str(), column.c_str(), &declared,
      &collation, nullptr, nullptr, nullptr);
  RETURN_IF_ERROR(StatusOfSqlite(connection.get(), result,
                                 "column " + column + " of " + table));
  return ColumnType{declared == nullptr ? "" : declared, collation};
}

// The rules of
// https://sqlite.org/datatype3.html#determination_of_column_affinity
std::string AffinityOf(const std::string& declared) {
  const auto contains = [&](const char* word) {
    return sqlite3_strlike(fmt::format("%{}%", word).c_str(), declared.c_str(),
                           0) == 0;
  };
  if (contains("INT")) return "INTEGER";
  if (contains("CHAR") || contains("CLOB") || contains("TEXT")) return "TEXT";
  if (declared.empty() || contains("BLOB")) return "BLOB";
  if (contains("REAL") || contains("FLOA") || contains("DOUB")) return "REAL";
  return "NUMERIC";
}

}  // namespace

std::string ColumnsOf(const std::string& alias,
                      const std::vector<std::string>& quoted_columns) {
  std::vector<std::string> parts;
  for (const std::string& column : quoted_columns) {
    parts.push_back(alias + "." + column);
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string KeysMatch(const std::string& temporary, const std::string& alias,
                      const std::vector<std::string>& key) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < key.size(); ++i) {
    parts.push_back(fmt::format("{}.{} = {}.k{}", alias, key[i], temporary, i));
  }
  return fmt::format("{}", fmt::join(parts, " AND "));
}

absl::StatusOr<std::string> KeyDefinition(SqliteConnection& connection,
                                          const CatalogTable& table) {
  ASSIGN_OR_RETURN(const std::vector<std::string> key, RowKeyColumns(table));
  if (key.size() != table.primary_key.size() ||
      key[0] != QuoteName(table.primary_key[0])) {
    return std::string("k0 INTEGER");
  }
  std::vector<std::string> columns;
  for (const std::string& column : table.primary_key) {
    ASSIGN_OR_RETURN(const ColumnType type,
                     TypeOf(connection, table.name, column));
    columns.push_back(fmt::format("k{} {} COLLATE {}", columns.size(),
                                  AffinityOf(type.declared),
                                  QuoteName(type.collation)));
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

absl::StatusOr<SqliteReference> SqliteReference::Make(
    SqliteConnection& connection, const Reference& reference) {
  SqliteReference made;
  made.reference_ = reference;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    ASSIGN_OR_RETURN(const ColumnType child,
                     TypeOf(connection, reference.table, reference.columns[i]));
    ASSIGN_OR_RETURN(
        const ColumnType parent,
        TypeOf(connection, reference.parent, reference.parent_columns[i]));
    made.collations_.push_back(child.collation == parent.collation
                                   ? ""
                                   : " COLLATE " + QuoteName(parent.collation));
  }
  return made;
}

std::string SqliteReference::ChildTuple(const std::string& alias) const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < reference_.columns.size(); ++i) {
    parts.push_back(alias + "." + QuoteName(reference_.columns[i]) +
                    collations_[i]);
  }
  return Parenthesised(parts);
}

std::string SqliteReference::ParentTuple(const std::string& alias) const {
  if (reference_.parent_columns.size() == 1) return ParentColumns(alias);
  return "(" + ParentColumns(alias) + ")";
}

std::string SqliteReference::ParentColumns(const std::string& alias) const {
  std::vector<std::string> quoted;
  for (const std::string& column : reference_.parent_columns) {
    quoted.push_back(QuoteName(column));
  }
  return ColumnsOf(alias, quoted);
}

}  // namespace retentiond
