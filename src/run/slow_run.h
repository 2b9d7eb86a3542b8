// Whether a run took longer than runs use to.
#pragma once

#include <vector>

#include "jobstore/state_store.h"

namespace retentiond {

// How many closed runs say what is usual.
inline constexpr int kRunsToCompareWith = 14;

// The time that was spent on the run, by its phases: pauses between the pieces
// of an interrupted run do not count.
double WorkedSeconds(const RunRecord& run);

// More than three times the median of `earlier`: the last fourteen runs that
// came to their end. False while fewer than five are known, and for less than a
// minute: what is done so quickly is not slow.
bool IsSlow(const RunRecord& run, const std::vector<RunRecord>& earlier);

// Marks the run where it is slow beside those in the state.
absl::Status MarkIfSlow(StateStore& state, RunRecord& run);

}  // namespace retentiond
