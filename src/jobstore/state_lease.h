// The lease row of the state. The writing functions are called inside an
// open transaction; CheckEpoch is in sql_state.h.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"
#include "jobstore/state_store.h"

namespace retentiond {

absl::StatusOr<LeaseView> ReadLease(StateSql& connection);

// As StateStore's methods.
absl::StatusOr<Lease> TakeLeaseRow(StateSql& connection,
                                   const std::string& holder,
                                   const std::optional<LeaseView>& seen);
absl::Status RenewLeaseRow(StateSql& connection);
absl::Status FreeLeaseRow(StateSql& connection);

}  // namespace retentiond
