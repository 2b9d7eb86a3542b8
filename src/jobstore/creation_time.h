// Creation times as they are stored in the wild, read as instants.
//
// One SQLite column may hold three forms at once (an ORM's integer
// milliseconds, its ISO 8601 text, and CURRENT_TIMESTAMP's text); comparing
// them as SQLite does, across storage classes, would delete everything or
// nothing. So each value is read here, and only instants are compared.
//
// Nothing before 2000-01-01 counts as a creation time in any form: such values
// are a language's zero (1970-01-01, 0001-01-01), and reading them as very old
// jobs would delete what was never dated.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "base/time.h"

namespace retentiond {

// Seconds or milliseconds since 1970, told apart by their size: seconds from
// 2000-01-01 (946684800) up to 1e11, milliseconds from 946684800000 on. None
// for any other number: 0, 20260316 and their like are not creation times.
std::optional<Instant> CreationTimeOfInteger(std::int64_t value);
std::optional<Instant> CreationTimeOfReal(double value);

// ISO 8601 with "Z" or an offset; "YYYY-MM-DD HH:MM:SS[.fff]" and the "T" form
// without offset, read in `zone`, in the younger reading where the zone repeats
// it or skips it; a date alone, read as its end; 10 or 13 digits as an
// integer. None for anything else.
std::optional<Instant> CreationTimeOfText(std::string_view text,
                                          const absl::TimeZone& zone);

}  // namespace retentiond
