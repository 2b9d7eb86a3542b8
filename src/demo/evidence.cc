#include "demo/evidence.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "audit/verify.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// More than the nights can leave, so that a run too many is seen.
constexpr int kMostRuns = 1000;

absl::Status GatherAudit(StateStore& state, Evidence& evidence) {
  std::map<RunId, LocalDate> dates;
  for (const RunRecord& run : evidence.runs) dates.emplace(run.id, run.slot);
  ChainVerifier verifier;
  const auto visit = [&](const AuditRecord& record) -> absl::Status {
    verifier.Add(record);
    if (record.event != "batch") return absl::OkStatus();
    const nlohmann::json facts =
        nlohmann::json::parse(record.facts, nullptr, false);
    if (!facts.is_object() || !facts.contains("jobs") || !record.run ||
        !dates.contains(*record.run)) {
      return absl::DataLossError(
          fmt::format("audit record {} names no jobs or no known run",
                      static_cast<std::int64_t>(record.seq)));
    }
    for (const nlohmann::json& id : facts["jobs"]) {
      evidence.audited[id.get<std::string>()].push_back(dates[*record.run]);
    }
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(state.VisitAudit(AuditSeq(1), visit));
  evidence.chain = verifier.Finish();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Evidence> GatherEvidence(const FarmPaths& paths,
                                        Database& database) {
  Evidence evidence;
  ASSIGN_OR_RETURN(evidence.runs, database.state->ListRuns(kMostRuns));
  RETURN_IF_ERROR(GatherAudit(*database.state, evidence));
  ASSIGN_OR_RETURN(const std::vector<PendingFile> pending,
                   database.state->ListPending(
                       PendingId(0), std::numeric_limits<int>::max()));
  evidence.pending_files = static_cast<std::int64_t>(pending.size());
  ASSIGN_OR_RETURN(FarmDatabase farm, FarmDatabase::Open(paths.database));
  RETURN_IF_ERROR(farm.VisitJobs(
      [&](const FarmDatabase::Stored& job) { evidence.jobs.push_back(job); }));
  ASSIGN_OR_RETURN(evidence.totals, farm.Count());
  for (const auto& directory :
       {paths.temporary, paths.logs, paths.outputs, paths.library}) {
    RETURN_IF_ERROR(AddToManifest(directory, evidence.tree));
  }
  return evidence;
}

}  // namespace retentiond
