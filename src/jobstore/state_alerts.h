// The alerts that stand, and the outbox. The writing functions are called
// inside an open transaction.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/outbox.h"
#include "jobstore/state_sql.h"

namespace retentiond {

// As StateStore's methods.
absl::Status TellAlertRows(StateSql& connection, const AlertReport& report,
                           Instant now);
absl::StatusOr<std::vector<StandingAlert>> ReadStandingAlerts(
    StateSql& connection);
absl::StatusOr<OutboxView> ReadOutboxView(StateSql& connection);
absl::StatusOr<std::vector<OutboxEntry>> ClaimOutboxRows(StateSql& connection,
                                                         Instant now,
                                                         Instant until,
                                                         int limit);
absl::Status SettleOutboxRows(StateSql& connection,
                              const std::vector<OutboxResult>& results);

}  // namespace retentiond
