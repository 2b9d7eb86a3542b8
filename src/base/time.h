// Instants and local dates, and their text forms. Zones live in policy.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace retentiond {

using Micros = std::chrono::microseconds;
// An instant on the UTC scale.
using Instant = std::chrono::sys_time<Micros>;
// A date on a wall calendar, without a zone.
using LocalDate = std::chrono::local_days;

// RFC 3339 in UTC: "2026-03-16T03:00:00Z"; milliseconds or microseconds follow
// the seconds only when they are not zero.
std::string FormatInstant(Instant instant);
// "2026-03-16"
std::string FormatDate(LocalDate date);

// RFC 3339 with "Z" or a numeric offset. InvalidArgument names the text and an
// example of what was expected.
absl::StatusOr<Instant> ParseInstant(std::string_view text);
// "YYYY-MM-DD", a date that exists.
absl::StatusOr<LocalDate> ParseDate(std::string_view text);

inline Instant InstantFromMicros(std::int64_t micros) {
  return Instant(Micros(micros));
}
inline std::int64_t MicrosOf(Instant instant) {
  return instant.time_since_epoch().count();
}

}  // namespace retentiond
