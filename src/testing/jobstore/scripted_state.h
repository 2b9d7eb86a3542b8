// A StateStore whose calls a script can fail.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobstore/state_store.h"
#include "testing/jobstore/call_script.h"

namespace retentiond {

class ScriptedState : public StateStore {
 public:
  using Server = std::function<std::optional<ServerClock>()>;

  // `server`, where it is set, answers for the database's server.
  ScriptedState(std::unique_ptr<StateStore> state, CallScript& script,
                const Server* server = nullptr)
      : state_(std::move(state)), script_(script), server_(server) {}

  absl::StatusOr<std::string> StateId() override {
    return script_.Call("StateId", [&] { return state_->StateId(); });
  }
  absl::StatusOr<LeaseView> ViewLease() override {
    return script_.Call("ViewLease", [&] { return state_->ViewLease(); });
  }
  absl::StatusOr<Lease> TakeLease(
      const std::string& holder,
      const std::optional<LeaseView>& seen) override {
    return script_.Call("TakeLease",
                        [&] { return state_->TakeLease(holder, seen); });
  }
  absl::Status RenewLease(const Lease& lease) override {
    return script_.Call("RenewLease",
                        [&] { return state_->RenewLease(lease); });
  }
  absl::Status ReleaseLease(const Lease& lease) override {
    return script_.Call("ReleaseLease",
                        [&] { return state_->ReleaseLease(lease); });
  }
  absl::StatusOr<std::optional<LocalDate>> LastSlot() override {
    return script_.Call("LastSlot", [&] { return state_->LastSlot(); });
  }
  absl::Status SetLastSlot(LocalDate date) override {
    return script_.Call("SetLastSlot",
                        [&] { return state_->SetLastSlot(date); });
  }
  absl::StatusOr<std::optional<RunRecord>> OpenRun() override {
    return script_.Call("OpenRun", [&] { return state_->OpenRun(); });
  }
  absl::StatusOr<RunId> BeginRun(const RunRecord& run,
                                 const Lease& lease) override {
    return script_.Call("BeginRun",
                        [&] { return state_->BeginRun(run, lease); });
  }
  absl::Status UpdateRun(const RunRecord& run, const Lease& lease) override {
    return script_.Call("UpdateRun",
                        [&] { return state_->UpdateRun(run, lease); });
  }
  absl::Status CloseRun(const RunRecord& run, const Lease& lease,
                        Instant now) override {
    return script_.Call("CloseRun",
                        [&] { return state_->CloseRun(run, lease, now); });
  }
  absl::Status RecordBlocked(const RunRecord& run, Instant now) override {
    return script_.Call("RecordBlocked",
                        [&] { return state_->RecordBlocked(run, now); });
  }
  absl::StatusOr<std::vector<RunRecord>> ListRuns(int limit) override {
    return script_.Call("ListRuns", [&] { return state_->ListRuns(limit); });
  }
  absl::StatusOr<std::vector<RunRecord>> ListRunsOf(
      const std::vector<RunOutcome>& outcomes, int limit) override {
    return script_.Call("ListRunsOf",
                        [&] { return state_->ListRunsOf(outcomes, limit); });
  }
  absl::StatusOr<std::vector<PendingFile>> ListPending(PendingId after,
                                                       int limit) override {
    return script_.Call("ListPending",
                        [&] { return state_->ListPending(after, limit); });
  }
  absl::Status RecordFiles(RunId run, const FilesOutcome& outcome,
                           const Lease& lease, Instant now) override {
    return script_.Call("RecordFiles", [&] {
      return state_->RecordFiles(run, outcome, lease, now);
    });
  }
  absl::Status VisitShield(
      const std::function<absl::Status(const ShieldedOutput&)>& visit)
      override {
    return script_.Call("VisitShield",
                        [&] { return state_->VisitShield(visit); });
  }
  absl::Status UpdateShield(const std::vector<ShieldedOutput>& outputs,
                            const Lease& lease) override {
    return script_.Call("UpdateShield",
                        [&] { return state_->UpdateShield(outputs, lease); });
  }
  absl::StatusOr<std::vector<RootRecord>> ListRoots() override {
    return script_.Call("ListRoots", [&] { return state_->ListRoots(); });
  }
  absl::Status RecordRoots(const std::vector<RootRecord>& roots,
                           const Lease& lease) override {
    return script_.Call("RecordRoots",
                        [&] { return state_->RecordRoots(roots, lease); });
  }
  absl::StatusOr<AuditHead> AppendAudit(std::optional<RunId> run,
                                        const std::string& event,
                                        const std::string& facts,
                                        Instant now) override {
    return script_.Call("AppendAudit", [&] {
      return state_->AppendAudit(run, event, facts, now);
    });
  }
  absl::StatusOr<std::optional<AuditHead>> Head() override {
    return script_.Call("Head", [&] { return state_->Head(); });
  }
  absl::Status VisitAudit(AuditSeq from, const AuditVisitor& visit) override {
    return script_.Call("VisitAudit",
                        [&] { return state_->VisitAudit(from, visit); });
  }
  absl::StatusOr<std::optional<AuditRecord>> FindDeletion(
      const JobId& id) override {
    return script_.Call("FindDeletion",
                        [&] { return state_->FindDeletion(id); });
  }
  absl::StatusOr<std::optional<Anchor>> ReadAnchor() override {
    return script_.Call("ReadAnchor", [&] { return state_->ReadAnchor(); });
  }
  absl::Status WriteAnchor(const Anchor& anchor) override {
    return script_.Call("WriteAnchor",
                        [&] { return state_->WriteAnchor(anchor); });
  }
  absl::StatusOr<std::optional<ClockReading>> BlockedSince() override {
    return script_.Call("BlockedSince", [&] { return state_->BlockedSince(); });
  }
  absl::Status SetBlockedSince(
      const std::optional<ClockReading>& reading) override {
    return script_.Call("SetBlockedSince",
                        [&] { return state_->SetBlockedSince(reading); });
  }
  absl::StatusOr<std::optional<ServerClock>> ReadServerClock() override {
    return script_.Call("ReadServerClock", [&] {
      if (server_ == nullptr || !*server_) return state_->ReadServerClock();
      return absl::StatusOr<std::optional<ServerClock>>((*server_)());
    });
  }
  absl::StatusOr<std::optional<std::string>> ReadNote(
      const std::string& key) override {
    return script_.Call("ReadNote", [&] { return state_->ReadNote(key); });
  }
  absl::Status WriteNote(const std::string& key,
                         const std::string& text) override {
    return script_.Call("WriteNote",
                        [&] { return state_->WriteNote(key, text); });
  }
  absl::Status TellAlerts(const AlertReport& report, Instant now) override {
    return script_.Call("TellAlerts",
                        [&] { return state_->TellAlerts(report, now); });
  }
  absl::StatusOr<std::vector<StandingAlert>> StandingAlerts() override {
    return script_.Call("StandingAlerts",
                        [&] { return state_->StandingAlerts(); });
  }
  absl::StatusOr<OutboxView> ViewOutbox() override {
    return script_.Call("ViewOutbox", [&] { return state_->ViewOutbox(); });
  }
  absl::StatusOr<std::vector<OutboxEntry>> ClaimOutbox(Instant now,
                                                       Instant until,
                                                       int limit) override {
    return script_.Call("ClaimOutbox",
                        [&] { return state_->ClaimOutbox(now, until, limit); });
  }
  absl::Status SettleOutbox(const std::vector<OutboxResult>& results) override {
    return script_.Call("SettleOutbox",
                        [&] { return state_->SettleOutbox(results); });
  }
  absl::Status Prune(Instant now) override {
    return script_.Call("Prune", [&] { return state_->Prune(now); });
  }

 private:
  std::unique_ptr<StateStore> state_;
  CallScript& script_;
  const Server* server_;
};

}  // namespace retentiond
