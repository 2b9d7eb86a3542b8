// What a database says of its tables and foreign keys, in one shape for every
// database. The deletion plan is made from it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace retentiond {

enum class OnDelete {
  kCascade,
  kSetNull,
  kSetDefault,
  kRestrict,
  kNoAction,
  kDeclared,  // no constraint: [[dependents]]; deleted with the job
};

// "cascade", "set-null", ..., as `plan --json` prints it.
const char* NameOf(OnDelete on_delete);

// Rows of `table` refer to rows of `parent`.
struct Reference {
  std::string table;
  std::vector<std::string> columns;
  std::string parent;
  std::vector<std::string> parent_columns;  // as many as `columns`
  OnDelete on_delete = OnDelete::kNoAction;
  // Whether an index leads with `columns`, so that the rows that refer to one
  // parent are found without a scan.
  bool indexed = false;

  friend bool operator==(const Reference&, const Reference&) = default;
};

struct CatalogTable {
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> primary_key;  // empty: none declared
  bool without_rowid = false;            // SQLite
  // The columns of each index that covers all rows, in the index's order.
  std::vector<std::vector<std::string>> indexes;
  // The columns of each primary key, constraint or index over plain columns
  // that keeps two rows from having the same values in them.
  std::vector<std::vector<std::string>> unique;
  std::optional<std::int64_t> estimated_rows;

  // Whether an index leads with these columns, in any order among themselves.
  bool HasIndexOn(const std::vector<std::string>& searched) const;
  // Whether no two rows have the same values in these columns.
  bool IsUnique(const std::vector<std::string>& searched) const;
};

struct Catalog {
  std::vector<CatalogTable> tables;
  std::vector<Reference> references;

  const CatalogTable* Find(const std::string& name) const;
};

}  // namespace retentiond
