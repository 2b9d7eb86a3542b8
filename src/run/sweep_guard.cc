#include "run/sweep_guard.h"

#include <fmt/format.h>

#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

// The last closed run is among the newest few: blocked ones lie before it.
constexpr int kRunsToLookBack = 10;

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
                   state.ListRuns(kRunsToLookBack));
  for (const RunRecord& run : runs) {
    if (run.finished.has_value() && run.outcome != RunOutcome::kBlocked &&
        run.jobs_total > 0) {
      return std::optional<std::int64_t>(run.jobs_total - run.jobs_deleted);
    }
  }
  return std::optional<std::int64_t>();
}

}  // namespace retentiond
