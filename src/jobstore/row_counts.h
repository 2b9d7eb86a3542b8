// Rows by table.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace retentiond {

using RowCounts = std::map<std::string, std::int64_t>;  // none is 0

inline void NoteRows(RowCounts& rows, const std::string& table,
                     std::int64_t count) {
  if (count > 0) rows[table] += count;
}

inline std::int64_t SumOf(const RowCounts& rows) {
  std::int64_t sum = 0;
  for (const auto& [table, count] : rows) sum += count;
  return sum;
}

}  // namespace retentiond
