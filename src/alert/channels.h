// Every channel that a configuration names.
#pragma once

#include <memory>
#include <vector>

#include "alert/channel.h"
#include "base/clock.h"
#include "config/alerts_config.h"

namespace retentiond {

// The clock must outlive the channels.
std::vector<std::unique_ptr<Channel>> MakeChannels(const AlertsConfig& config,
                                                   const Sender& sender,
                                                   const Clock& clock);

}  // namespace retentiond
