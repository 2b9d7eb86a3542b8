// The lease row of the SQLite state. The writing functions are called inside an
// open transaction; CheckEpoch is in sqlite_state.h.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"
#include "jobstore/state_store.h"

namespace retentiond {

absl::StatusOr<LeaseView> ReadLease(SqliteConnection& connection);

// As StateStore's methods.
absl::StatusOr<Lease> TakeLeaseRow(SqliteConnection& connection,
                                   const std::string& holder,
                                   const std::optional<LeaseView>& seen);
absl::Status RenewLeaseRow(SqliteConnection& connection);
absl::Status FreeLeaseRow(SqliteConnection& connection);

}  // namespace retentiond
