// What of a run a person is to be told: pure functions of its record.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "jobstore/state_store.h"
#include "policy/alert.h"
#include "policy/slot.h"
#include "run/announcement.h"

namespace retentiond {

// How many closed runs say how many held jobs are usual.
inline constexpr int kRunsOfHeldJobs = 14;
// A job in work that is held for so long is nobody's any more.
inline constexpr std::chrono::days kHeldTooLong{30};

// "The cleanup of 2026-03-16: 40 jobs and 80 files deleted, 1.2 GiB freed, ..."
std::string SummaryOf(const RunRecord& run);

// Of a run that ends as success, partial or failed. `earlier`: closed runs,
// newest first.
AlertReport ReportOfEnd(const RunRecord& run,
                        const std::vector<RunRecord>& earlier);
AlertReport ReportOfBlock(const RunRecord& run);
AlertReport ReportOfBegin(const RunRecord& run);
AlertReport ReportOfMissed(const std::vector<LocalDate>& slots);
// Whether a job in work has been held for too long.
AlertReport ReportOfSurvey(const RunRecord& run, const SurveyTotals& totals);
// What the next run will delete; none: as much as usual.
AlertReport ReportOfAhead(const std::optional<Announcement>& ahead);
// A slot whose run has not begun.
AlertReport ReportOfOverdue(const Slot& slot);

// More than twice the median of `earlier`, and twenty more. False while fewer
// than five runs are known.
bool IsGrowing(std::int64_t held, const std::vector<RunRecord>& earlier);

}  // namespace retentiond
