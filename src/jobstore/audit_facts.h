// The facts of the audit records that a state store writes, as JSON objects in
// canonical form; docs/audit-format.md describes them. Bytes that are not UTF-8
// are written by JsonOfBytes's rule, wherever they come from.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "audit/record.h"
#include "jobstore/belongings.h"
#include "jobstore/job_store.h"
#include "jobstore/state_store.h"

namespace retentiond {

// Of event "batch", or "part" when the batch is one.
std::string BatchFacts(const BatchRequest& request, const Batch& batch);

// Of event "files"; `batch_seq` is the record of the batch, none for a sweep.
std::string FilesFacts(std::optional<AuditSeq> batch_seq,
                       const FilesOutcome& outcome);

std::string RunBeginFacts(const RunRecord& run);
std::string RunBlockedFacts(const RunRecord& run);
std::string RunEndFacts(const RunRecord& run);

// Of event "checkpoint", which stands for the records from `first` to `last`.
std::string CheckpointFacts(AuditSeq first, const AuditHead& last);

// Bytes that the facts of a "batch" record contain if it deleted the job:
// to look for before the facts are read by DeletesJob.
std::string TraceOf(const JobId& id);
// Whether these facts of a "batch" record name the job as deleted.
bool DeletesJob(const std::string& facts, const JobId& id);

}  // namespace retentiond
