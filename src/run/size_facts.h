// What a run's last audit record says of the database's size, so that it can be
// followed over many nights (docs/audit-format.md). Decimal texts.
#pragma once

#include "jobstore/job_store.h"
#include "jobstore/state_store.h"

namespace retentiond {

inline constexpr char kFactSize[] = "size_bytes";
inline constexpr char kFactReclaimable[] = "reclaimable_bytes";

// Adds them to the run's audit facts; it only informs, so that nothing fails
// where the database cannot say.
void NoteSize(JobStore& jobs, RunRecord& run);

}  // namespace retentiond
