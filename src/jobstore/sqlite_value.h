// A value out of an SQLite column that outlives its statement, with its
// storage class, and the key of a row made of such values.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <vector>

#include "jobstore/sqlite_connection.h"

namespace retentiond {

struct FreeSqliteValue {
  void operator()(sqlite3_value* value) const { sqlite3_value_free(value); }
};
using SqliteValue = std::unique_ptr<sqlite3_value, FreeSqliteValue>;

// The rowid alone, or the primary key of a WITHOUT ROWID table.
using RowKey = std::vector<SqliteValue>;

// The key in `count` columns of the current row, from column `first` on.
inline RowKey TakeKey(const SqliteStatement& statement, int first,
                      std::size_t count) {
  RowKey key;
  for (int i = 0; i < static_cast<int>(count); ++i) {
    key.emplace_back(sqlite3_value_dup(statement.Value(first + i)));
  }
  return key;
}

// Binds the key to the parameters from `first` on; returns the next index.
inline int BindKey(SqliteStatement& statement, int first, const RowKey& key) {
  for (const SqliteValue& value : key) {
    statement.BindValue(first++, value.get());
  }
  return first;
}

}  // namespace retentiond
