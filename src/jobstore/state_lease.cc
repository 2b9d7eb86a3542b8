#include "jobstore/state_lease.h"

#include <fmt/format.h>

#include <memory>
#include <string>

#include "audit/escape.h"
#include "base/status_macros.h"
#include "jobstore/sql_state.h"

namespace retentiond {
namespace {

bool Same(const LeaseView& a, const LeaseView& b) {
  return a.holder == b.holder && a.epoch == b.epoch && a.renewals == b.renewals;
}

}  // namespace

absl::StatusOr<LeaseView> ReadLease(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(
                       "SELECT holder, epoch, renewals FROM retentiond_lease"));
  LeaseView lease;
  ASSIGN_OR_RETURN(const bool found, statement->Step());
  if (!found) return lease;
  lease.holder = statement->Text(0);
  lease.epoch = LeaseEpoch{statement->Int(1)};
  lease.renewals = statement->Int(2);
  return lease;
}

absl::StatusOr<Lease> TakeLeaseRow(StateSql& connection,
                                   const std::string& holder,
                                   const std::optional<LeaseView>& seen) {
  if (holder.empty()) {
    return absl::InvalidArgumentError("a lease needs a holder's name");
  }
  ASSIGN_OR_RETURN(const LeaseView now, ReadLease(connection));
  const bool free = now.holder.empty();
  const bool abandoned = seen.has_value() && Same(*seen, now);
  if (!free && now.holder != holder && !abandoned) {
    return absl::AbortedError(fmt::format("the lease is held by {}, waiting",
                                          EscapeBytes(now.holder)));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(
                       "INSERT INTO retentiond_lease VALUES (1, ?1, ?2, 0) "
                       "ON CONFLICT (id) DO UPDATE SET holder = ?1, "
                       "epoch = ?2, renewals = retentiond_lease.renewals + 1"));
  const Lease lease{LeaseEpoch{static_cast<std::int64_t>(now.epoch) + 1}};
  statement->BindBlob(1, holder);
  statement->BindInt(2, static_cast<std::int64_t>(lease.epoch));
  RETURN_IF_ERROR(statement->Run());
  return lease;
}

absl::Status RenewLeaseRow(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(
                       "UPDATE retentiond_lease SET renewals = renewals + 1"));
  return statement->Run();
}

absl::Status FreeLeaseRow(StateSql& connection) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare("UPDATE retentiond_lease SET holder = ?1"));
  return statement->BindBlob(1, "").Run();
}

absl::Status CheckEpoch(StateSql& connection, LeaseEpoch epoch) {
  ASSIGN_OR_RETURN(const LeaseView lease, ReadLease(connection));
  if (lease.holder.empty()) {
    return absl::FailedPreconditionError(
        "nobody holds the lease; writing nothing");
  }
  if (lease.epoch != epoch) {
    return absl::FailedPreconditionError(fmt::format(
        "the lease was taken over by {} (epoch {}, ours was {}); "
        "writing nothing",
        EscapeBytes(lease.holder), static_cast<std::int64_t>(lease.epoch),
        static_cast<std::int64_t>(epoch)));
  }
  return absl::OkStatus();
}

}  // namespace retentiond
