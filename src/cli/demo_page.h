// The daemon goes on beside the farm of a demo, in real time, and serves its
// page.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "absl/status/status.h"
#include "base/shifted_clock.h"
#include "cli/commands.h"

namespace retentiond {

struct DemoPage {
  std::filesystem::path directory;  // of the farm
  std::uint16_t port = 0;           // of 127.0.0.1
  ShiftedClock::Reading ended;      // the clock after the ten nights
  Wakeup& wakeup;                   // notified when a stop is requested
  std::function<bool()> stop_requested;
};

// Whether the page could be served at the port, so that nobody waits for ten
// nights to hear that it cannot. Unavailable: somebody else listens there.
absl::Status CheckDemoPort(std::uint16_t port);

// Until it is asked to stop; the clock stands shortly before the next night, so
// that a run can be watched. Unavailable: somebody else listens at the port.
absl::Status ServeDemoPage(const CommandContext& context, const DemoPage& page);

}  // namespace retentiond
