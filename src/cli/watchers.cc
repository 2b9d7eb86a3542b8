#include "cli/watchers.h"

#include <chrono>
#include <utility>

#include "version.h"

namespace retentiond {

Instant BuildDate() { return Instant(std::chrono::seconds(kCommitTime)); }

Watchers::Watchers(Parts parts)
    : log(MakeLog(), parts.zone),
      metrics({.version = kVersion, .commit = kCommit}, parts.clock.Now()),
      service(manager, parts.clock),
      api({.open = std::move(parts.open),
           .clock = parts.clock,
           .calls = parts.calls,
           .build_date = BuildDate(),
           .metrics = metrics,
           .health = service,
           .live = live}),
      http(api, parts.clock, told) {}

}  // namespace retentiond
