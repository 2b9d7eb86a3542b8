#include "base/status_macros.h"
#include "jobstore/audit_facts.h"
#include "jobstore/sql_state.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_files.h"
#include "jobstore/state_runs.h"

namespace retentiond {

absl::Status RecordBatch(StateSql& connection, const BatchRequest& request,
                         Batch& batch) {
  for (const FilesOutcome& outcome : request.outcomes) {
    RETURN_IF_ERROR(
        RecordOutcome(connection, request.run, outcome, request.now));
  }
  if (batch.jobs.empty() && !batch.part) return absl::OkStatus();
  RETURN_IF_ERROR(AddDeletedRows(connection, request.run, batch));
  ASSIGN_OR_RETURN(
      const AuditHead head,
      AppendAuditRecord(connection, request.run, batch.part ? "part" : "batch",
                        BatchFacts(request, batch), request.now));
  batch.audit_seq = head.seq;
  ASSIGN_OR_RETURN(batch.id, InsertBatch(connection, request.run, head.seq,
                                         request.now, batch.belongings));
  return absl::OkStatus();
}

}  // namespace retentiond
