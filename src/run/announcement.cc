#include "run/announcement.h"

#include <algorithm>
#include <utility>

#include "base/status_macros.h"

namespace retentiond {
namespace {

constexpr int kRunsToCompareWith = 14;
constexpr std::int64_t kTimesTheMedian = 10;
constexpr std::int64_t kFewestJobs = 100;

std::optional<std::int64_t> MedianOf(const std::vector<RunRecord>& runs) {
  if (runs.empty()) return std::nullopt;
  std::vector<std::int64_t> deleted;
  for (const RunRecord& run : runs) deleted.push_back(run.jobs_deleted);
  const auto middle =
      deleted.begin() + static_cast<std::ptrdiff_t>(deleted.size() / 2);
  std::nth_element(deleted.begin(), middle, deleted.end());
  return *middle;
}

absl::StatusOr<std::int64_t> CountExpired(const PreviewParts& parts,
                                          const Slot& slot) {
  ASSIGN_OR_RETURN(
      const SurveyTotals totals,
      parts.database.jobs->Survey(
          {.cutoff = slot.cutoff, .slot_start = slot.start},
          [&parts](const Job&) { return parts.CheckNotStopped(); }));
  return totals.expired;
}

}  // namespace

bool IsMuch(std::int64_t expired, const std::vector<RunRecord>& earlier) {
  const std::optional<std::int64_t> usual = MedianOf(earlier);
  if (!usual.has_value()) return expired > 0;
  return expired >= kFewestJobs && expired >= kTimesTheMedian * *usual;
}

absl::StatusOr<std::optional<Announcement>> LookAhead(const PreviewParts& parts,
                                                      const Slot& slot) {
  ASSIGN_OR_RETURN(
      const std::vector<RunRecord> earlier,
      parts.database.state->ListRunsOf(
          {RunOutcome::kSuccess, RunOutcome::kPartial}, kRunsToCompareWith));
  ASSIGN_OR_RETURN(const std::int64_t expired, CountExpired(parts, slot));
  if (!IsMuch(expired, earlier)) return std::optional<Announcement>();
  ASSIGN_OR_RETURN(Preview preview, PreviewRun(parts, slot));
  return std::optional<Announcement>(
      Announcement{.preview = std::move(preview), .usual = MedianOf(earlier)});
}

}  // namespace retentiond
