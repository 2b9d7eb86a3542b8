#include "jobstore/batch_sizer.h"

#include <algorithm>
#include <cmath>

namespace retentiond {
namespace {

// The first batch is so many jobs: how many rows go with a job is not known
// yet.
constexpr double kFirstBatchJobs = 8;

// Weight of the latest batch in the average of rows per job: follows a change
// within a few batches, and is not thrown about by one large job.
constexpr double kLatestWeight = 0.3;

}  // namespace

std::size_t BatchSizer::JobsToTake(std::int64_t row_limit) const {
  if (singly_ > 0) return 1;
  const double jobs =
      rows_per_job_.has_value()
          ? std::floor(static_cast<double>(row_limit) / *rows_per_job_)
          : std::min(kFirstBatchJobs, static_cast<double>(row_limit));
  return static_cast<std::size_t>(
      std::clamp(jobs, 1.0, static_cast<double>(row_limit)));
}

std::optional<std::size_t> BatchSizer::Fit(std::size_t taken, std::size_t jobs,
                                           std::int64_t rows,
                                           std::int64_t row_limit) {
  if (jobs == 0) return std::nullopt;
  const double per_job = static_cast<double>(rows) / static_cast<double>(jobs);
  const bool fits = rows <= row_limit || taken == 1;
  rows_per_job_ = fits ? rows_per_job_.value_or(per_job) * (1 - kLatestWeight) +
                             per_job * kLatestWeight
                       : per_job;
  rows_per_job_ = std::max(*rows_per_job_, 1.0);
  if (fits) return std::nullopt;
  return std::clamp<std::size_t>(
      static_cast<std::size_t>(static_cast<double>(row_limit) / per_job), 1,
      taken - 1);
}

void BatchSizer::Passed(std::size_t taken) {
  singly_ -= std::min(singly_, taken);
}

}  // namespace retentiond
