#include "testing/jobstore/postgres_farm.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "base/status_macros.h"
#include "jobstore/postgres_state.h"

namespace retentiond {
namespace {

constexpr std::chrono::seconds kLongestOther{60};

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

// Polled: nobody tells of their end.
void PostgresFarm::OutliveOthers() {
  const std::string now = Text("SELECT pg_current_xact_id()::xid");
  const std::string older = fmt::format(
      "SELECT count(*) FROM pg_stat_activity WHERE datname <> "
      "current_database() AND age(backend_xid) >= age('{}'::xid)",
      now);
  const auto end = std::chrono::steady_clock::now() + kLongestOther;
  while (Int(older) > 0) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
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
