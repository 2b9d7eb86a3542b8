#include "jobstore/survey_tally.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace retentiond {
namespace {

// How many of the jobs in work are shown by name.
constexpr std::size_t kShownInWork = 20;

bool OlderThan(const Job& a, const Job& b) {
  return std::tie(*a.created, a.id) < std::tie(*b.created, b.id);
}

}  // namespace

void SurveyTally::Count(const Job& job, Ahead ahead) {
  ++totals_.total;
  if (ahead == Ahead::kYes) ++totals_.ahead;
  if (job.created.has_value() && *job.created < request_.daemon_start) {
    ++totals_.datable_before_start;
  }
  switch (job.job_class) {
    case JobClass::kUndatable:
      ++totals_.undatable;
      break;
    case JobClass::kExpired:
      ++totals_.expired;
      break;
    case JobClass::kInWork:
      ++totals_.in_work;
      Keep(job);
      [[fallthrough]];
    case JobClass::kRecent:
      totals_.oldest_kept =
          std::min(totals_.oldest_kept.value_or(*job.created), *job.created);
      break;
  }
}

void SurveyTally::Keep(const Job& job) {
  std::vector<Job>& oldest = totals_.in_work_jobs;
  oldest.insert(std::upper_bound(oldest.begin(), oldest.end(), job, OlderThan),
                job);
  if (oldest.size() > kShownInWork) oldest.pop_back();
}

SurveyTotals SurveyTally::Finish() { return std::move(totals_); }

}  // namespace retentiond
