#include "jobstore/postgres_reference.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "jobstore/sqlite_connection.h"

namespace retentiond {
namespace {

std::string And(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, " AND "));
}

// Where in `address` each of `columns` stands; none when one is not in it.
std::optional<std::vector<std::size_t>> PlacesOf(
    const RowAddress& address, const std::vector<std::string>& columns) {
  std::vector<std::size_t> places;
  for (const std::string& column : columns) {
    const auto found = std::find(address.columns.begin(), address.columns.end(),
                                 QuoteName(column));
    if (found == address.columns.end()) return std::nullopt;
    places.push_back(static_cast<std::size_t>(found - address.columns.begin()));
  }
  // A reference to less than the key may mean other rows of that key too.
  if (places.size() != address.size()) return std::nullopt;
  return places;
}

}  // namespace

RowAddress AddressOf(const PostgresTable& table) {
  if (!table.key.empty()) return {table.key, table.key_types};
  return {{"tableoid", "ctid"}, {"oid", "tid"}};
}

std::string KeyRows(const RowAddress& address, std::size_t first,
                    const std::string& alias) {
  std::vector<std::string> arrays;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < address.size(); ++i) {
    arrays.push_back(fmt::format("${}::{}[]", first + i, address.types[i]));
    names.push_back(fmt::format("k{}", i));
  }
  return fmt::format("unnest({}) AS {}({})", fmt::join(arrays, ", "), alias,
                     fmt::join(names, ", "));
}

void AddKeys(PostgresValues& values, const RowAddress& address,
             const std::vector<TextKey>& keys) {
  for (std::size_t i = 0; i < address.size(); ++i) {
    std::vector<std::string> column;
    column.reserve(keys.size());
    for (const TextKey& key : keys) column.push_back(key[i]);
    values.push_back(PostgresArray(column));
  }
}

std::string KeyColumns(const RowAddress& address, const std::string& alias) {
  std::vector<std::string> columns;
  for (const std::string& column : address.columns) {
    columns.push_back(fmt::format("{}.{}::text", alias, column));
  }
  return fmt::format("{}", fmt::join(columns, ", "));
}

TextKey KeyAt(const PostgresRows& rows, int row, int first,
              const RowAddress& address) {
  TextKey key;
  for (std::size_t i = 0; i < address.size(); ++i) {
    key.emplace_back(rows.Text(row, first + static_cast<int>(i)));
  }
  return key;
}

std::string KeysEqual(const RowAddress& address, const std::string& alias,
                      const std::string& keys) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < address.size(); ++i) {
    parts.push_back(
        fmt::format("{}.{} = {}.k{}", alias, address.columns[i], keys, i));
  }
  return And(parts);
}

std::string ReferenceEqual(const Reference& reference, const std::string& child,
                           const std::string& parent) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    parts.push_back(fmt::format("{}.{} = {}.{}", child,
                                QuoteName(reference.columns[i]), parent,
                                QuoteName(reference.parent_columns[i])));
  }
  return And(parts);
}

ReferenceJoin JoinWithParents(const PostgresCatalog& catalog,
                              const Reference& reference,
                              const std::string& keys,
                              const std::string& keys_alias) {
  const PostgresTable& parent = catalog.Of(reference.parent);
  const RowAddress address = AddressOf(parent);
  const auto places = PlacesOf(address, reference.parent_columns);
  if (places.has_value()) {
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < places->size(); ++i) {
      parts.push_back(fmt::format("c.{} = {}.k{}",
                                  QuoteName(reference.columns[i]), keys_alias,
                                  (*places)[i]));
    }
    return {keys, And(parts)};
  }
  return {fmt::format("{} AS p, {}", parent.only, keys),
          ReferenceEqual(reference, "c", "p") + " AND " +
              KeysEqual(address, "p", keys_alias)};
}

}  // namespace retentiond
