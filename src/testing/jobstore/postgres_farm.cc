#include "testing/jobstore/postgres_farm.h"

#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "jobstore/postgres_state.h"

namespace retentiond {
namespace {

absl::Status BeginRun(std::shared_ptr<PostgresConnection> connection) {
  ASSIGN_OR_RETURN(auto state, OpenPostgresState(std::move(connection),
                                                 OpenMode::kReadWrite));
  ASSIGN_OR_RETURN(const LeaseView lease, state->ViewLease());
  if (!lease.holder.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Lease taken, state->TakeLease("test", std::nullopt));
  return state->BeginRun(RunRecord(), taken).status();
}

}  // namespace

PostgresFarm::PostgresFarm() {
  layout.table = "Job";
  layout.id = {"id"};
  layout.created = "createdAt";
  layout.status = "status";
  layout.finished = {"COMPLETED", "FAILED", "CANCELLED"};
  layout.created_zone = "UTC";
}

absl::StatusOr<std::unique_ptr<PostgresJobStore>> PostgresFarm::Open(
    OpenMode mode) {
  PostgresParameters with = parameters();
  if (role.has_value()) with["user"] = *role;
  ASSIGN_OR_RETURN(auto connection, PostgresConnection::Open(with));
  if (mode == OpenMode::kReadWrite) RETURN_IF_ERROR(BeginRun(connection));
  return PostgresJobStore::Open(std::move(connection), layout, schema, locks);
}

}  // namespace retentiond
