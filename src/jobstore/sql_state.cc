// What a transaction is in the state, and who may write: the tables' own
// contents are in state_*.cc.
#include "jobstore/sql_state.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "jobstore/state_alerts.h"
#include "jobstore/state_audit.h"
#include "jobstore/state_clock.h"
#include "jobstore/state_files.h"
#include "jobstore/state_lease.h"
#include "jobstore/state_meta.h"
#include "jobstore/state_roots.h"
#include "jobstore/state_runs.h"

namespace retentiond {
namespace {

class SqlState : public StateStore {
 public:
  SqlState(std::unique_ptr<StateSql> sql, OpenMode mode)
      : sql_(std::move(sql)), db_(*sql_), mode_(mode) {}

  absl::StatusOr<std::string> StateId() override {
    ASSIGN_OR_RETURN(const std::optional<std::string> id,
                     ReadMeta(db_, kMetaStateId));
    return id.value_or("");
  }

  absl::StatusOr<LeaseView> ViewLease() override { return ReadLease(db_); }

  absl::StatusOr<Lease> TakeLease(
      const std::string& holder,
      const std::optional<LeaseView>& seen) override {
    Lease lease;
    RETURN_IF_ERROR(Write([&]() -> absl::Status {
      ASSIGN_OR_RETURN(lease, TakeLeaseRow(db_, holder, seen));
      return absl::OkStatus();
    }));
    return lease;
  }

  absl::Status RenewLease(const Lease& lease) override {
    return WriteAs(lease, [&] { return RenewLeaseRow(db_); });
  }

  absl::Status ReleaseLease(const Lease& lease) override {
    return WriteAs(lease, [&] { return FreeLeaseRow(db_); });
  }

  absl::StatusOr<std::optional<LocalDate>> LastSlot() override {
    return ReadLastSlot(db_);
  }

  absl::Status SetLastSlot(LocalDate date) override {
    return Write([&] { return WriteLastSlot(db_, date); });
  }

  absl::StatusOr<std::optional<RunRecord>> OpenRun() override {
    return ReadOpenRun(db_);
  }

  absl::StatusOr<RunId> BeginRun(const RunRecord& run,
                                 const Lease& lease) override {
    RunId id{};
    RETURN_IF_ERROR(WriteAs(lease, [&]() -> absl::Status {
      ASSIGN_OR_RETURN(id, BeginRunRow(db_, run));
      return absl::OkStatus();
    }));
    return id;
  }

  absl::Status UpdateRun(const RunRecord& run, const Lease& lease) override {
    return WriteAs(lease, [&] { return UpdateRunRow(db_, run); });
  }

  absl::Status CloseRun(const RunRecord& run, const Lease& lease,
                        Instant now) override {
    return WriteAs(lease, [&]() -> absl::Status {
      RETURN_IF_ERROR(CloseRunRow(db_, run, now));
      return TellAlertRows(db_, run.alerts, now);
    });
  }

  absl::Status RecordBlocked(const RunRecord& run, Instant now) override {
    return Write([&]() -> absl::Status {
      RETURN_IF_ERROR(RecordBlockedRow(db_, run, now));
      return TellAlertRows(db_, run.alerts, now);
    });
  }

  absl::StatusOr<std::vector<RunRecord>> ListRuns(int limit) override {
    return ReadRuns(db_, limit);
  }

  absl::StatusOr<std::vector<RunRecord>> ListRunsOf(
      const std::vector<RunOutcome>& outcomes, int limit) override {
    return ReadRunsOf(db_, outcomes, limit);
  }

  absl::StatusOr<std::vector<PendingFile>> ListPending(PendingId after,
                                                       int limit) override {
    return ReadPending(db_, after, limit);
  }

  absl::Status RecordFiles(RunId run, const FilesOutcome& outcome,
                           const Lease& lease, Instant now) override {
    return WriteAs(lease,
                   [&] { return RecordOutcome(db_, run, outcome, now); });
  }

  absl::Status VisitShield(
      const std::function<absl::Status(const ShieldedOutput&)>& visit)
      override {
    return VisitShieldRows(db_, visit);
  }

  absl::Status UpdateShield(const std::vector<ShieldedOutput>& outputs,
                            const Lease& lease) override {
    return WriteAs(lease, [&] { return UpdateShieldRows(db_, outputs); });
  }

  absl::StatusOr<std::vector<RootRecord>> ListRoots() override {
    return ReadRoots(db_);
  }

  absl::Status RecordRoots(const std::vector<RootRecord>& roots,
                           const Lease& lease) override {
    return WriteAs(lease, [&] { return WriteRoots(db_, roots); });
  }

  absl::StatusOr<AuditHead> AppendAudit(std::optional<RunId> run,
                                        const std::string& event,
                                        const std::string& facts,
                                        Instant now) override {
    AuditHead head;
    RETURN_IF_ERROR(Write([&]() -> absl::Status {
      ASSIGN_OR_RETURN(head, AppendAuditRecord(db_, run, event, facts, now));
      return absl::OkStatus();
    }));
    return head;
  }

  absl::StatusOr<std::optional<AuditHead>> Head() override {
    return ReadAuditHead(db_);
  }

  absl::Status VisitAudit(AuditSeq from, const AuditVisitor& visit) override {
    return VisitAuditRecords(db_, from, visit);
  }

  absl::StatusOr<std::optional<AuditRecord>> FindDeletion(
      const JobId& id) override {
    return FindDeletionRecord(db_, id);
  }

  absl::StatusOr<std::optional<Anchor>> ReadAnchor() override {
    ASSIGN_OR_RETURN(const std::optional<ClockReading> reading,
                     ReadClock(db_, kAnchorReading));
    if (!reading.has_value()) return std::optional<Anchor>();
    return std::optional<Anchor>(
        Anchor{reading->wall, reading->boot_id, reading->boot_time});
  }

  absl::Status WriteAnchor(const Anchor& anchor) override {
    ClockReading reading;
    reading.wall = anchor.wall;
    reading.boot_id = anchor.boot_id;
    reading.boot_time = anchor.boot_time;
    return Write([&] { return WriteClock(db_, kAnchorReading, reading); });
  }

  absl::StatusOr<std::optional<ClockReading>> BlockedSince() override {
    return ReadClock(db_, kBlockedSinceReading);
  }

  absl::Status SetBlockedSince(
      const std::optional<ClockReading>& reading) override {
    return Write(
        [&] { return WriteClock(db_, kBlockedSinceReading, reading); });
  }

  absl::StatusOr<std::optional<ServerClock>> ReadServerClock() override {
    return db_.ReadServerClock();
  }

  absl::StatusOr<std::optional<std::string>> ReadNote(
      const std::string& key) override {
    return ReadMeta(db_, kMetaNotePrefix + key);
  }

  absl::Status WriteNote(const std::string& key,
                         const std::string& text) override {
    return Write([&] { return WriteMeta(db_, kMetaNotePrefix + key, text); });
  }

  absl::Status TellAlerts(const AlertReport& report, Instant now) override {
    return Write([&] { return TellAlertRows(db_, report, now); });
  }

  absl::StatusOr<std::vector<StandingAlert>> StandingAlerts() override {
    return ReadStandingAlerts(db_);
  }

  absl::StatusOr<OutboxView> ViewOutbox() override {
    return ReadOutboxView(db_);
  }

  absl::StatusOr<std::vector<OutboxEntry>> ClaimOutbox(Instant now,
                                                       Instant until,
                                                       int limit) override {
    std::vector<OutboxEntry> entries;
    RETURN_IF_ERROR(Write([&]() -> absl::Status {
      ASSIGN_OR_RETURN(entries, ClaimOutboxRows(db_, now, until, limit));
      return absl::OkStatus();
    }));
    return entries;
  }

  absl::Status SettleOutbox(const std::vector<OutboxResult>& results) override {
    return Write([&] { return SettleOutboxRows(db_, results); });
  }

  absl::Status Prune(Instant now) override {
    RETURN_IF_ERROR(CheckWritable());
    RETURN_IF_ERROR(PruneBatches(db_, now));
    RETURN_IF_ERROR(PruneRoots(db_, now));
    return PruneAudit(db_, now);
  }

 private:
  // Said here, because the temporary tables that stand in for missing ones
  // would take what is written.
  absl::Status CheckWritable() const {
    if (mode_ == OpenMode::kReadWrite) return absl::OkStatus();
    return absl::PermissionDeniedError(
        "the state was opened read-only; writing nothing");
  }

  template <typename Body>
  absl::Status Write(const Body& body) {
    RETURN_IF_ERROR(CheckWritable());
    ASSIGN_OR_RETURN(StateTransaction transaction,
                     StateTransaction::Begin(db_));
    RETURN_IF_ERROR(body());
    return transaction.Commit();
  }

  // The same for the holder of the lease only.
  template <typename Body>
  absl::Status WriteAs(const Lease& lease, const Body& body) {
    return Write([&]() -> absl::Status {
      RETURN_IF_ERROR(CheckEpoch(db_, lease.epoch));
      return body();
    });
  }

  std::unique_ptr<StateSql> sql_;
  StateSql& db_;
  OpenMode mode_;
};

}  // namespace

std::unique_ptr<StateStore> MakeSqlState(std::unique_ptr<StateSql> sql,
                                         OpenMode mode) {
  return std::make_unique<SqlState>(std::move(sql), mode);
}

}  // namespace retentiond
