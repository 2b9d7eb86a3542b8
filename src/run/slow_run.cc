#include "run/slow_run.h"

#include <algorithm>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

constexpr double kTimesTheMedian = 3;
constexpr std::size_t kFewestRuns = 5;
constexpr double kNeverSlowBelowSeconds = 60;

}  // namespace

double WorkedSeconds(const RunRecord& run) {
  double total = 0;
  for (const auto& [phase, seconds] : run.phases_s) total += seconds;
  return total;
}

bool IsSlow(const RunRecord& run, const std::vector<RunRecord>& earlier) {
  const double worked = WorkedSeconds(run);
  if (worked < kNeverSlowBelowSeconds) return false;
  std::vector<double> durations;
  for (const RunRecord& other : earlier) {
    durations.push_back(WorkedSeconds(other));
  }
  if (durations.size() < kFewestRuns) return false;
  const auto middle =
      durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::nth_element(durations.begin(), middle, durations.end());
  return worked > kTimesTheMedian * *middle;
}

absl::Status MarkIfSlow(StateStore& state, RunRecord& run) {
  ASSIGN_OR_RETURN(
      const std::vector<RunRecord> earlier,
      state.ListRunsOf({RunOutcome::kSuccess, RunOutcome::kPartial},
                       kRunsToCompareWith));
  if (IsSlow(run, earlier)) run.marks.emplace_back(kMarkSlow);
  return absl::OkStatus();
}

}  // namespace retentiond
