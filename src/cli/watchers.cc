#include "cli/watchers.h"

#include <chrono>
#include <utility>

#include "alert/channels.h"
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
      http(api, parts.clock, told),
      alerts({.clock = parts.clock,
              .host = parts.host,
              .make_channels =
                  [&clock = parts.clock](const AlertsConfig& config,
                                         const Sender& sender) {
                    return MakeChannels(config, sender, clock);
                  },
              .observer = told}) {}

}  // namespace retentiond
