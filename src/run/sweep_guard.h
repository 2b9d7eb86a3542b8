// When the sweep for orphans would be dangerous: what the database says of its
// jobs cannot be trusted to be the whole truth.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "jobstore/state_store.h"

namespace retentiond {

struct SweepFacts {
  std::int64_t jobs = 0;  // in the database now
  // In the database when the last run ended; none before the first.
  std::optional<std::int64_t> jobs_left_last_time;
  bool state_was_lost = false;
};

// The reason to leave the orphans tonight; none when they may be swept.
std::optional<std::string> WhyNotSweep(const SweepFacts& facts);

// For `jobs_left_last_time`.
absl::StatusOr<std::optional<std::int64_t>> JobsLeftLastTime(StateStore& state);

}  // namespace retentiond
