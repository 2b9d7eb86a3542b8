// Who keeps the foreign keys of an SQLite database while a batch is deleted.
//
// SQLite looks for the children of each deleted row one by one. Where a
// referring column has no index that is a scan of the child table for each job:
// hours, for what takes a scan a batch. Everything that it would do or refuse
// is known to the closure, which reads the same catalog, so such a batch runs
// with foreign_keys off, inside one write transaction, and does it by
// statements over the whole batch.
//
// That is right only as long as nothing else deletes or changes rows meanwhile:
// with a trigger anywhere in the database SQLite stays in charge, slow and
// sure.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/sqlite_connection.h"

namespace retentiond {

enum class Enforcement {
  kBySqlite,
  kByBatch,  // foreign_keys is off; SET NULL is done by the batch
};

absl::StatusOr<Enforcement> ChooseEnforcement(SqliteConnection& connection,
                                              const DeletionPlan& plan);

// Switches foreign_keys off, if that is the choice, until it goes out of scope.
// To be made before a transaction begins, and to end after it.
class ForeignKeysSuspended {
 public:
  static absl::StatusOr<ForeignKeysSuspended> Make(SqliteConnection& connection,
                                                   Enforcement enforcement);
  ForeignKeysSuspended(ForeignKeysSuspended&& other) noexcept;
  ForeignKeysSuspended(const ForeignKeysSuspended&) = delete;
  ForeignKeysSuspended& operator=(const ForeignKeysSuspended&) = delete;
  ~ForeignKeysSuspended();

 private:
  explicit ForeignKeysSuspended(SqliteConnection* connection)
      : connection_(connection) {}
  SqliteConnection* connection_;  // null: nothing to switch back
};

}  // namespace retentiond
