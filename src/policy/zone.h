// Time zones by their IANA names, from the zone data of the machine.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/time.h"

namespace retentiond {

// The zone of an IANA name. NotFound names the zone and the nearest known one.
absl::StatusOr<absl::TimeZone> LoadZone(const std::string& name);

// Zones that follow their files: the library reads each name once a process,
// and the rules of a zone may change while the daemon runs. One a process.
class ZoneFiles {
 public:
  // As LoadZone, by the file as it is now. A file that cannot be read as a zone
  // leaves what was loaded before.
  absl::StatusOr<absl::TimeZone> Load(const std::string& name);
  // Whether the file is another than the one that was last tried.
  bool HasChanged(const std::string& name) const;

 private:
  struct Loaded {
    std::string identity;
    absl::TimeZone zone;
  };
  std::map<std::string, Loaded> loaded_;
  int reloads_ = 0;
};

// "2025b" from the installed zone data, or "unknown".
std::string ZoneDataVersion();

// RFC 3339 with the zone's offset: "2026-03-29T04:00:00+03:00".
std::string FormatLocal(Instant instant, const absl::TimeZone& zone);

}  // namespace retentiond
