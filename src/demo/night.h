// A stretch of the daemon's life on the simulated clock, by its own code: what
// one process lives through, from its start to the end of a run, or to the
// instant at which the machine goes off.
#pragma once

#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "base/simulated_clock.h"
#include "config/config.h"
#include "demo/shared_farm.h"
#include "files/file_calls.h"
#include "jobstore/database.h"
#include "run/naming.h"

namespace retentiond {

// Opens the farm's database for the daemon.
using FarmOpener = std::function<absl::StatusOr<Database>(
    const Config&, const Naming&, OpenMode)>;

// All references must outlive the call.
struct DaemonWorld {
  const Config& config;
  const Naming& naming;
  SimulatedClock& clock;  // moved on
  FileCalls& calls;
  const FarmOpener& open;
  SharedFarm& farm;  // its clock follows
  Instant build_date;
};

struct NightOrders {
  // Until the run of this date is closed; none: until `until` alone.
  std::optional<LocalDate> date;
  // The latest simulated instant. With a date, not to have closed its run by
  // then is an error.
  Instant until;
  // Dies by SIGKILL after so many batches, their rows deleted, the files of the
  // last one not.
  std::optional<int> dies_after_batches;
};

// Errors: what kept the daemon from starting; DeadlineExceeded when the run was
// not closed in time, with the last trouble that the daemon told of.
absl::Status LiveThrough(const DaemonWorld& world, const NightOrders& orders);

}  // namespace retentiond
