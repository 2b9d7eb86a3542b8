#include "jobstore/state_roots.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// As long as the audit: a disk that is away for longer does not come back.
constexpr std::chrono::days kRootsKept{400};
// Outputs in one pruning transaction, and transactions in one call.
constexpr int kPage = 500;
constexpr int kMostPages = 100;

absl::StatusOr<RootRecord> RootOf(const StateStatement& row) {
  RootRecord root;
  root.id = row.Text(0);
  root.path = row.Text(1);
  root.machine = row.Text(2);
  root.device = static_cast<std::uint64_t>(row.Int(3));
  root.inode = static_cast<std::uint64_t>(row.Int(4));
  root.nights = static_cast<int>(row.Int(5));
  const absl::StatusOr<LocalDate> slot = ParseDate(std::string(row.Text(6)));
  if (!slot.ok()) {
    return absl::DataLossError("retentiond_root: " + MessageOf(slot.status()));
  }
  root.last_slot = *slot;
  root.seen = InstantFromMicros(row.Int(7));
  return root;
}

}  // namespace

absl::StatusOr<std::vector<RootRecord>> ReadRoots(StateSql& connection) {
  ASSIGN_OR_RETURN(const std::unique_ptr<StateStatement> statement,
                   connection.Prepare(
                       "SELECT id, path, machine, device, inode, nights, "
                       "last_slot, seen_us FROM retentiond_root ORDER BY id"));
  std::vector<RootRecord> roots;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, statement->Step());
    if (!row) return roots;
    ASSIGN_OR_RETURN(RootRecord root, RootOf(*statement));
    roots.push_back(std::move(root));
  }
}

absl::Status WriteRoots(StateSql& connection,
                        const std::vector<RootRecord>& roots) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> statement,
      connection.Prepare(
          "INSERT INTO retentiond_root VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
          "ON CONFLICT (id) DO UPDATE SET path = ?2, machine = ?3, device = "
          "?4, inode = ?5, nights = ?6, last_slot = ?7, seen_us = ?8"));
  for (const RootRecord& root : roots) {
    statement->BindText(1, root.id).BindBlob(2, root.path);
    statement->BindBlob(3, root.machine);
    statement->BindInt(4, static_cast<std::int64_t>(root.device));
    statement->BindInt(5, static_cast<std::int64_t>(root.inode));
    statement->BindInt(6, root.nights);
    statement->BindText(7, FormatDate(root.last_slot));
    RETURN_IF_ERROR(statement->BindInt(8, MicrosOf(root.seen)).Run());
    statement->Reset();
  }
  return absl::OkStatus();
}

absl::Status PruneRoots(StateSql& connection, Instant now) {
  const std::int64_t limit = MicrosOf(now - kRootsKept);
  for (int page = 0; page < kMostPages; ++page) {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<StateStatement> outputs,
        connection.Prepare(
            "DELETE FROM retentiond_shield WHERE (path, root_id) IN "
            "(SELECT s.path, s.root_id FROM retentiond_root r "
            "JOIN retentiond_shield s ON s.root_id = r.id "
            "WHERE r.seen_us < ?1 LIMIT ?2)"));
    RETURN_IF_ERROR(outputs->BindInt(1, limit).BindInt(2, kPage).Run());
    if (connection.changes() == 0) break;
  }
  ASSIGN_OR_RETURN(
      const std::unique_ptr<StateStatement> roots,
      connection.Prepare(
          "DELETE FROM retentiond_root WHERE seen_us < ?1 AND NOT EXISTS "
          "(SELECT 1 FROM retentiond_shield s WHERE s.root_id = "
          "retentiond_root.id)"));
  return roots->BindInt(1, limit).Run();
}

}  // namespace retentiond
