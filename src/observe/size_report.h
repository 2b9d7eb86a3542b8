// How large the database was when each night had ended, as the audit has it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "jobstore/state_store.h"

namespace retentiond {

struct SizeAtNight {
  std::string slot;  // date
  Instant time;      // when the run was closed
  std::int64_t size_bytes = 0;
  std::int64_t reclaimable_bytes = 0;  // of these
};

// The last `most` of those that were noted, oldest first. Reads every record:
// Cancelled once `may_go_on` is false.
absl::StatusOr<std::vector<SizeAtNight>> ListSizes(
    StateStore& state, std::size_t most,
    const std::function<bool()>& may_go_on);

std::string JsonOf(const std::vector<SizeAtNight>& sizes);

}  // namespace retentiond
