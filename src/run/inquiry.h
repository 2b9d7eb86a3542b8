// Why a job or a path is gone, or still here: answered by the code that
// decides it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/slot.h"
#include "run/preview.h"

namespace retentiond {

struct Answer {
  // "deleted", "expired", "held", "too-young", "undatable", "shielded",
  // "shared", "pending", "orphan", "absent", "root", "own",
  // "outside-roots", "unknown"
  std::string verdict;
  std::string sentence;
  // Named facts for --json: job, state, created, record, run, since, until ...
  std::vector<std::pair<std::string, std::string>> facts;
};

// `parts` may be opened read-only; `slot` is the next one.
absl::StatusOr<Answer> WhyJob(const PreviewParts& parts, const JobId& id,
                              const Slot& slot, const Schedule& schedule);
// `path` is absolute and lexically normal.
absl::StatusOr<Answer> WhyPath(const PreviewParts& parts,
                               const std::string& path, const Slot& slot,
                               const Schedule& schedule);

}  // namespace retentiond
