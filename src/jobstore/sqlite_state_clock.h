// The clock guard's readings in the SQLite state.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "jobstore/sqlite_connection.h"
#include "policy/clock_guard.h"

namespace retentiond {

// The kinds of stored readings.
inline constexpr char kAnchorReading[] = "anchor";
inline constexpr char kBlockedSinceReading[] = "blocked-since";

// DataLoss when a reading is there that cannot be read.
absl::StatusOr<std::optional<ClockReading>> ReadClock(
    SqliteConnection& connection, const char* kind);
// None removes the reading.
absl::Status WriteClock(SqliteConnection& connection, const char* kind,
                        const std::optional<ClockReading>& reading);

}  // namespace retentiond
