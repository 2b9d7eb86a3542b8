#include "jobstore/postgres_leaving.h"

#include <memory>
#include <optional>
#include <string>

#include "base/status_macros.h"
#include "jobstore/audit_facts.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_files.h"

namespace retentiond {
namespace {

absl::StatusOr<std::optional<std::string>> FactsOf(StateSql& state,
                                                   std::int64_t partition,
                                                   std::int64_t number) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   state.Prepare("SELECT facts FROM retentiond_leaving WHERE "
                                 "partition = ?1 AND number = ?2"));
  statement->BindInt(1, partition).BindInt(2, number);
  ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return std::optional<std::string>();
  return std::optional<std::string>(statement->Text(0));
}

absl::Status MakePending(StateSql& state, std::int64_t partition,
                         std::int64_t number, BatchId batch) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      state.Prepare("INSERT INTO retentiond_pending(batch, kind, root, name, "
                    "job) SELECT ?1, kind, root, name, job FROM "
                    "retentiond_leaving_entry WHERE partition = ?2 AND "
                    "number = ?3 ORDER BY id"));
  statement->BindInt(1, static_cast<std::int64_t>(batch));
  return statement->BindInt(2, partition).BindInt(3, number).Run();
}

}  // namespace

absl::Status NoteLeaving(StateSql& state, std::int64_t partition,
                         std::int64_t number, const BatchRequest& request,
                         const Batch& batch) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      state.Prepare("INSERT INTO retentiond_leaving VALUES (?1, ?2, ?3)"));
  statement->BindInt(1, partition).BindInt(2, number);
  RETURN_IF_ERROR(statement->BindBlob(3, BatchFacts(request, batch)).Run());
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> entry,
      state.Prepare("INSERT INTO retentiond_leaving_entry(partition, number, "
                    "kind, root, name, job) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  for (const PendingFile& file : batch.belongings.pending) {
    entry->BindInt(1, partition).BindInt(2, number);
    entry->BindText(3, NameOfKind(file.kind));
    entry->BindBlob(4, file.root).BindBlob(5, file.name);
    RETURN_IF_ERROR(entry->BindBlob(6, file.job.text).Run());
    entry->Reset();
  }
  return ShieldOutputs(state, batch.belongings.outputs);
}

absl::StatusOr<std::int64_t> RecordDeparture(StateSql& state,
                                             std::int64_t partition,
                                             const BatchRequest& request) {
  for (std::int64_t number = 1;; ++number) {
    ASSIGN_OR_RETURN(const std::optional<std::string> facts,
                     FactsOf(state, partition, number));
    if (!facts.has_value()) {
      RETURN_IF_ERROR(ForgetLeaving(state));
      return number - 1;
    }
    ASSIGN_OR_RETURN(
        const AuditHead head,
        AppendAuditRecord(state, request.run, "batch", *facts, request.now));
    Belongings none;
    ASSIGN_OR_RETURN(
        const BatchId batch,
        InsertBatch(state, request.run, head.seq, request.now, none));
    RETURN_IF_ERROR(MakePending(state, partition, number, batch));
  }
}

absl::Status ForgetLeaving(StateSql& state) {
  for (const char* sql : {"DELETE FROM retentiond_leaving",
                          "DELETE FROM retentiond_leaving_entry"}) {
    ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                     state.Prepare(sql));
    RETURN_IF_ERROR(statement->Run());
  }
  return absl::OkStatus();
}

}  // namespace retentiond
