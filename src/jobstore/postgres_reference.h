// Rows of PostgreSQL tables as SQL text: how they are addressed by arrays of
// keys, and how a reference joins two tables.
#pragma once

#include <string>
#include <vector>

#include "jobstore/catalog.h"
#include "jobstore/postgres_catalog.h"
#include "jobstore/postgres_job_table.h"

namespace retentiond {

// The columns that address a row, quoted, and their types: the table's key, or
// the row's place, which lasts as long as a lock on it.
struct RowAddress {
  std::vector<std::string> columns;
  std::vector<std::string> types;

  std::size_t size() const { return columns.size(); }
};
RowAddress AddressOf(const PostgresTable& table);

// "unnest($3::text[], $4::bigint[]) AS d(k0, k1)": the keys in the array
// parameters from `first` on, as rows.
std::string KeyRows(const RowAddress& address, std::size_t first,
                    const std::string& alias);
// Appends those parameters.
void AddKeys(PostgresValues& values, const RowAddress& address,
             const std::vector<TextKey>& keys);

// "c.x::text, c.y::text", to be read by KeyAt.
std::string KeyColumns(const RowAddress& address, const std::string& alias);
TextKey KeyAt(const PostgresRows& rows, int row, int first,
              const RowAddress& address);

// "c.x = d.k0 AND c.y = d.k1"
std::string KeysEqual(const RowAddress& address, const std::string& alias,
                      const std::string& keys);

// The rows `c` of the referring table that refer to rows of the parent whose
// keys are the rows `keys` (by KeyRows): what is to be joined, and how.
struct ReferenceJoin {
  std::string tables;     // "unnest(...) AS d(k0)", perhaps the parent as p too
  std::string condition;  // "c.job_id = d.k0"
};
ReferenceJoin JoinWithParents(const PostgresCatalog& catalog,
                              const Reference& reference,
                              const std::string& keys,
                              const std::string& keys_alias);

// "c.x = p.y AND ..."
std::string ReferenceEqual(const Reference& reference, const std::string& child,
                           const std::string& parent);

}  // namespace retentiond
