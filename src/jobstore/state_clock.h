// The clock guard's readings in the state.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "jobstore/state_sql.h"
#include "policy/clock_guard.h"

namespace retentiond {

// The kinds of stored readings.
inline constexpr char kAnchorReading[] = "anchor";
inline constexpr char kBlockedSinceReading[] = "blocked-since";

// DataLoss when a reading is there that cannot be read.
absl::StatusOr<std::optional<ClockReading>> ReadClock(StateSql& connection,
                                                      const char* kind);
// None removes the reading.
absl::Status WriteClock(StateSql& connection, const char* kind,
                        const std::optional<ClockReading>& reading);

}  // namespace retentiond
