#include "jobstore/job_class.h"

#include <algorithm>

namespace retentiond {

JobClass ClassOf(const std::optional<Instant>& created,
                 const std::string& state, const JobAges& ages,
                 const std::vector<std::string>* finished) {
  if (!created.has_value() || IsAhead(created, ages)) {
    return JobClass::kUndatable;
  }
  if (*created >= ages.cutoff) return JobClass::kRecent;
  if (finished != nullptr &&
      std::find(finished->begin(), finished->end(), state) == finished->end()) {
    return JobClass::kInWork;
  }
  return JobClass::kExpired;
}

}  // namespace retentiond
