// What a job's age and state make of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "jobstore/job.h"

namespace retentiond {

// A job stamped later than this after the slot's start is undatable: its clock,
// or ours, was wrong.
inline constexpr std::chrono::hours kFarthestAhead{24};

struct JobAges {
  Instant cutoff;  // exclusive
  Instant slot_start;
};

inline bool IsAhead(const std::optional<Instant>& created,
                    const JobAges& ages) {
  return created.has_value() && *created > ages.slot_start + kFarthestAhead;
}

// `finished`: the states of a finished job; null where jobs have no state.
JobClass ClassOf(const std::optional<Instant>& created,
                 const std::string& state, const JobAges& ages,
                 const std::vector<std::string>* finished);

}  // namespace retentiond
