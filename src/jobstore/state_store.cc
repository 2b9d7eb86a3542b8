#include "jobstore/state_store.h"

namespace retentiond {

const char* NameOf(RunOutcome outcome) {
  switch (outcome) {
    case RunOutcome::kSuccess:
      return "success";
    case RunOutcome::kPartial:
      return "partial";
    case RunOutcome::kBlocked:
      return "blocked";
    case RunOutcome::kFailed:
      return "failed";
    case RunOutcome::kInterrupted:
      return "interrupted";
  }
  return "unknown";  // GCOV_EXCL_LINE: the switch names every outcome
}

}  // namespace retentiond
