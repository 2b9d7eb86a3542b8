#include "run/size_facts.h"

#include <string>

namespace retentiond {

void NoteSize(JobStore& jobs, RunRecord& run) {
  const absl::StatusOr<DatabaseSize> size = jobs.Size();
  if (!size.ok()) return;
  run.audit_facts[kFactSize] = std::to_string(size->size_bytes);
  run.audit_facts[kFactReclaimable] = std::to_string(size->reclaimable_bytes);
}

}  // namespace retentiond
