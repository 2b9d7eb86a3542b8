// Time zones by their IANA names, from the zone data of the machine.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/time.h"

namespace retentiond {

// The zone of an IANA name. NotFound names the zone and the nearest known one.
absl::StatusOr<absl::TimeZone> LoadZone(const std::string& name);

// "2025b" from the installed zone data, or "unknown".
std::string ZoneDataVersion();

// RFC 3339 with the zone's offset: "2026-03-29T04:00:00+03:00".
std::string FormatLocal(Instant instant, const absl::TimeZone& zone);

}  // namespace retentiond
