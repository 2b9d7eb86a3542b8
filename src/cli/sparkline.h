// The nights as one line of bars, for `status`.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"
#include "jobstore/state_store.h"
#include "policy/slot.h"

namespace retentiond {

// One character a night, the oldest first: a bar as high as the jobs that were
// deleted are to the most of these nights; "x" where the run failed or was
// blocked, "." for a date of the schedule without a run. `runs` come newest
// first, as ListRuns has them; of several runs of one date the newest counts.
std::string Sparkline(const Terminal& terminal,
                      const std::vector<RunRecord>& runs,
                      const Schedule& schedule);

}  // namespace retentiond
