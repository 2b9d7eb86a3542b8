// What a survey counts. Pure.
#pragma once

#include "jobstore/job_store.h"

namespace retentiond {

// Counts the jobs of a whole table as they are shown to it.
class SurveyTally {
 public:
  // Whether a job is undatable because it is stamped too far ahead.
  enum class Ahead { kNo, kYes };

  explicit SurveyTally(const SurveyRequest& request) : request_(request) {}
  void Count(const Job& job, Ahead ahead);
  // The sums, with the oldest jobs in work in order.
  SurveyTotals Finish();

 private:
  void Keep(const Job& job);

  SurveyRequest request_;
  SurveyTotals totals_;
};

}  // namespace retentiond
