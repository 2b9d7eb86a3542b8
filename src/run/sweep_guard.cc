#include "run/sweep_guard.h"

#include <fmt/format.h>

#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

// Nights that failed before they could count the jobs may lie in between.
constexpr int kRunsToLookBack = 100;

}  // namespace

std::optional<std::string> WhyNotSweep(const SweepFacts& facts) {
  if (facts.jobs == 0) return "the database has no jobs at all";
  if (facts.state_was_lost) {
    return "the daemon's records of past outputs were lost with the database; "
           "they are built anew by this run";
  }
  if (facts.jobs_left_last_time.has_value() &&
      facts.jobs * 10 <= *facts.jobs_left_last_time) {
    return fmt::format(
        "the database has {} jobs and had {} after the last run: other hands "
        "removed nine tenths of them",
        facts.jobs, *facts.jobs_left_last_time);
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<std::int64_t>> JobsLeftLastTime(
    StateStore& state) {
  ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                   state.ListRunsOf({RunOutcome::kSuccess, RunOutcome::kPartial,
                                     RunOutcome::kFailed},
                                    kRunsToLookBack));
  for (const RunRecord& run : runs) {
    if (run.jobs_total > 0) {
      return std::optional<std::int64_t>(run.jobs_total - run.jobs_deleted);
    }
  }
  return std::optional<std::int64_t>();
}

}  // namespace retentiond
