// A reference between two tables of an SQLite database as SQL text.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

// "a.x, a.y"
std::string ColumnsOf(const std::string& alias,
                      const std::vector<std::string>& quoted_columns);

// "b.x = a.k0 AND b.y = a.k1": a row of the temporary table `a` is the key of a
// row of table `b`.
std::string KeysMatch(const std::string& temporary, const std::string& alias,
                      const std::vector<std::string>& key);

// The columns k0, k1, ... of a temporary table that holds keys of `table`, with
// the affinity and collation of the key, without which SQLite would compare
// them otherwise and could not seek in them.
absl::StatusOr<std::string> KeyDefinition(SqliteConnection& connection,
                                          const CatalogTable& table);

// A reference whose rows are found as SQLite itself finds them: by the parent's
// collation.
class SqliteReference {
 public:
  static absl::StatusOr<SqliteReference> Make(SqliteConnection& connection,
                                              const Reference& reference);

  const Reference& reference() const { return reference_; }
  // The referring columns over `alias`, and those referred to.
  std::string ChildTuple(const std::string& alias) const;
  std::string ParentTuple(const std::string& alias) const;
  // The latter as a select list.
  std::string ParentColumns(const std::string& alias) const;

 private:
  Reference reference_;
  // For each column of the child: " COLLATE x" where the parent's differs.
  std::vector<std::string> collations_;
};

}  // namespace retentiond
