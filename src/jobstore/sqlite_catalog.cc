#include "jobstore/sqlite_catalog.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/layout_resolution.h"

namespace retentiond {
namespace {

bool SameName(const std::string& a, const std::string& b) {
  return sqlite3_stricmp(a.c_str(), b.c_str()) == 0;
}

std::optional<std::string> Resolve(const std::vector<std::string>& names,
                                   const std::string& name) {
  return ResolveName(names, name, SameName);
}

const CatalogTable* ResolveTable(const Catalog& catalog,
                                 const std::string& name) {
  return ResolveTable(catalog, name, SameName);
}

absl::Status ReadColumns(SqliteConnection& connection, CatalogTable& table) {
  ASSIGN_OR_RETURN(
      SqliteStatement columns,
      connection.Prepare("SELECT name, pk, hidden FROM "
                         "pragma_table_xinfo(?1, 'main') ORDER BY cid"));
  columns.BindText(1, table.name);
  std::map<std::int64_t, std::string> key;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, columns.Step());
    if (!row) break;
    const std::string name(columns.Text(0));
    table.columns.push_back(name);
    if (columns.Int(1) > 0) key[columns.Int(1)] = name;
  }
  for (const auto& [position, name] : key) table.primary_key.push_back(name);
  return absl::OkStatus();
}

// pragma_index_xinfo's number for an expression.
constexpr std::int64_t kExpression = -2;

// The columns of each index that covers the whole table, in order. An index on
// an expression ends where the expression stands.
absl::Status ReadIndexes(SqliteConnection& connection, CatalogTable& table) {
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection.Prepare(
          "SELECT l.name, i.name, l.\"unique\", i.cid FROM "
          "pragma_index_list(?1, 'main') AS l, "
          "pragma_index_xinfo(l.name, 'main') AS i "
          "WHERE NOT l.partial AND i.\"key\" ORDER BY l.seq, i.seqno"));
  rows.BindText(1, table.name);
  std::string current;
  bool unique = false;  // the index at hand, as far as it was read
  const auto end_index = [&] {
    if (unique) table.unique.push_back(table.indexes.back());
  };
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) break;
    if (table.indexes.empty() || rows.Text(0) != current) {
      end_index();
      current = std::string(rows.Text(0));
      table.indexes.emplace_back();
      unique = rows.Int(2) != 0;
    }
    table.indexes.back().emplace_back(rows.Text(1));
    if (rows.Int(3) == kExpression) unique = false;
  }
  end_index();
  // An INTEGER PRIMARY KEY is the rowid itself and has no index of its own.
  if (table.primary_key.size() == 1) {
    table.indexes.push_back(table.primary_key);
    table.unique.push_back(table.primary_key);
  }
  return absl::OkStatus();
}

absl::Status ReadTables(SqliteConnection& connection, Catalog& catalog) {
  ASSIGN_OR_RETURN(
      SqliteStatement tables,
      connection.Prepare("SELECT name, wr FROM pragma_table_list "
                         "WHERE schema = 'main' AND type = 'table' "
                         "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
                         "AND name NOT LIKE 'retentiond\\_%' ESCAPE '\\' "
                         "ORDER BY name"));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, tables.Step());
    if (!row) break;
    CatalogTable table;
    table.name = std::string(tables.Text(0));
    table.without_rowid = tables.Int(1) != 0;
    RETURN_IF_ERROR(ReadColumns(connection, table));
    RETURN_IF_ERROR(ReadIndexes(connection, table));
    catalog.tables.push_back(std::move(table));
  }
  return absl::OkStatus();
}

// What ANALYZE last found; nothing where it never ran.
absl::Status ReadEstimates(SqliteConnection& connection, Catalog& catalog) {
  ASSIGN_OR_RETURN(const std::optional<std::int64_t> analyzed,
                   connection.QueryInt("SELECT 1 FROM main.sqlite_master "
                                       "WHERE name = 'sqlite_stat1'"));
  if (!analyzed.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(SqliteStatement estimates,
                   connection.Prepare("SELECT tbl, stat FROM "
                                      "main.sqlite_stat1"));
  while (true) {
    ASSIGN_OR_RETURN(const bool row, estimates.Step());
    if (!row) return absl::OkStatus();
    const std::string name(estimates.Text(0));
    const std::string stat(estimates.Text(1));
    std::int64_t rows = 0;
    if (std::from_chars(stat.data(), stat.data() + stat.size(), rows).ec !=
        std::errc()) {
      continue;
    }
    for (CatalogTable& table : catalog.tables) {
      if (SameName(table.name, name)) table.estimated_rows = rows;
    }
  }
}

OnDelete OnDeleteOf(const std::string& action) {
  if (action == "CASCADE") return OnDelete::kCascade;
  if (action == "SET NULL") return OnDelete::kSetNull;
  if (action == "SET DEFAULT") return OnDelete::kSetDefault;
  if (action == "RESTRICT") return OnDelete::kRestrict;
  return OnDelete::kNoAction;
}

// Spells `reference` as the tables do; false when it leads nowhere.
bool Normalise(const Catalog& catalog, const CatalogTable& table,
               Reference& reference) {
  const CatalogTable* parent = ResolveTable(catalog, reference.parent);
  if (parent == nullptr) return false;
  reference.parent = parent->name;
  // Without columns a reference means the primary key.
  if (reference.parent_columns.empty()) {
    reference.parent_columns = parent->primary_key;
  }
  if (reference.parent_columns.size() != reference.columns.size()) return false;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    const auto column = Resolve(table.columns, reference.columns[i]);
    const auto target = Resolve(parent->columns, reference.parent_columns[i]);
    if (!column.has_value() || !target.has_value()) return false;
    reference.columns[i] = *column;
    reference.parent_columns[i] = *target;
  }
  return true;
}

absl::StatusOr<std::vector<Reference>> ReferencesOf(
    SqliteConnection& connection, const std::string& table) {
  ASSIGN_OR_RETURN(
      SqliteStatement rows,
      connection.Prepare("SELECT id, \"table\", \"from\", \"to\", on_delete "
                         "FROM pragma_foreign_key_list(?1, 'main') "
                         "ORDER BY id, seq"));
  rows.BindText(1, table);
  std::vector<Reference> references;
  std::optional<std::int64_t> current;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, rows.Step());
    if (!row) return references;
    if (current != rows.Int(0)) {
      current = rows.Int(0);
      Reference reference;
      reference.table = table;
      reference.parent = std::string(rows.Text(1));
      reference.on_delete = OnDeleteOf(std::string(rows.Text(4)));
      references.push_back(std::move(reference));
    }
    references.back().columns.emplace_back(rows.Text(2));
    if (!rows.IsNull(3)) {
      references.back().parent_columns.emplace_back(rows.Text(3));
    }
  }
}

}  // namespace

absl::StatusOr<Catalog> ReadSqliteCatalog(SqliteConnection& connection) {
  Catalog catalog;
  RETURN_IF_ERROR(ReadTables(connection, catalog));
  RETURN_IF_ERROR(ReadEstimates(connection, catalog));
  for (const CatalogTable& table : catalog.tables) {
    ASSIGN_OR_RETURN(std::vector<Reference> references,
                     ReferencesOf(connection, table.name));
    std::erase_if(references, [&](Reference& reference) {
      return !Normalise(catalog, table, reference);
    });
    for (Reference& reference : references) {
      reference.indexed = table.HasIndexOn(reference.columns);
      catalog.references.push_back(std::move(reference));
    }
  }
  return catalog;
}

absl::StatusOr<JobLayout> ResolveLayout(const Catalog& catalog,
                                        const JobLayout& layout) {
  return ResolveLayout(catalog, layout, SameName);
}

absl::StatusOr<std::vector<std::string>> RowKeyColumns(
    const CatalogTable& table) {
  std::vector<std::string> key;
  if (!table.without_rowid) {
    for (const char* name : {"rowid", "_rowid_", "oid"}) {
      if (!Resolve(table.columns, name).has_value()) {
        return std::vector<std::string>{name};
      }
    }
  }
  for (const std::string& column : table.primary_key) {
    key.push_back(QuoteName(column));
  }
  if (key.empty()) {
    return absl::InvalidArgumentError(fmt::format(
        "table \"{}\": its columns hide the rowid and it has no primary key; "
        "expected one or the other",
        table.name));
  }
  return key;
}

}  // namespace retentiond
