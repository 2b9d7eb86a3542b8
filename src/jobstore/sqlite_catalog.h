// The catalog of an SQLite database, and how rows of its tables are addressed.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"
#include "jobstore/layout_resolution.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

// Ordinary tables only: not SQLite's own, not the daemon's, no views, no
// virtual tables. SQLite takes names in any case; here each reference bears the
// spelling of the table and columns that it refers to. References to tables or
// columns that do not exist are left out.
absl::StatusOr<Catalog> ReadSqliteCatalog(SqliteConnection& connection);

// ResolveLayout by SQLite's rule: names in any case are the same.
absl::StatusOr<JobLayout> ResolveLayout(const Catalog& catalog,
                                        const JobLayout& layout);

// The columns that address one row for good, quoted: the rowid by a name that
// no column has taken, or the primary key. InvalidArgument when a table has
// neither.
absl::StatusOr<std::vector<std::string>> RowKeyColumns(
    const CatalogTable& table);

}  // namespace retentiond
