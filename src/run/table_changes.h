// What a run does to the sizes of the tables that lose rows, for its record.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "jobstore/job_store.h"
#include "jobstore/state_store.h"

namespace retentiond {

// Before the first batch. Of a run that is resumed, what was noted first stays.
absl::Status NoteTablesBefore(JobStore& jobs, RunRecord& run);

// After the last batch: tidies up for at most `longest`, and notes what came of
// it. On an error each table that was to be vacuumed counts as skipped.
absl::Status TidyUpTables(JobStore& jobs, Micros longest, RunRecord& run);

// Leaves the tables that lost rows; those that were to be vacuumed, and were
// not, are skipped because of `why`.
void SettleTables(const std::string& why, RunRecord& run);

}  // namespace retentiond
