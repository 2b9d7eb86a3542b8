// The roots that runs have found, in the state. WriteRoots is called
// inside an open transaction.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"
#include "jobstore/state_store.h"

namespace retentiond {

// As StateStore's methods.
absl::StatusOr<std::vector<RootRecord>> ReadRoots(StateSql& connection);
absl::Status WriteRoots(StateSql& connection,
                        const std::vector<RootRecord>& roots);

// Drops roots that were not seen for 400 days, and the outputs below them, in
// its own transactions.
absl::Status PruneRoots(StateSql& connection, Instant now);

}  // namespace retentiond
