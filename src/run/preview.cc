#include "run/preview.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "run/clock_watch.h"
#include "run/file_cleaner.h"
#include "run/sweep_guard.h"

namespace retentiond {
namespace {

constexpr std::size_t kMostReferred = 20;

// What a crash left in the trash, the run would remove first.
void CountTrash(FileCleaner& cleaner, Preview& preview) {
  const FilesOutcome outcome = cleaner.EmptyTrash();
  preview.files += outcome.files;
  preview.bytes += outcome.bytes;
}

absl::Status NotePast(Database& database, FileCleaner& cleaner) {
  return database.state->VisitShield([&](const ShieldedOutput& output) {
    cleaner.NotePast(output);
    return absl::OkStatus();
  });
}

absl::Status PreviewBatches(const PreviewParts& parts, const Slot& slot,
                            FileCleaner& cleaner,
                            std::map<std::string, std::int64_t>& rows,
                            Preview& preview) {
  Database& database = parts.database;
  while (true) {
    RETURN_IF_ERROR(parts.CheckNotStopped());
    std::vector<Job> jobs;
    ASSIGN_OR_RETURN(
        const Batch batch,
        database.jobs->DeleteBatch({.cutoff = slot.cutoff,
                                    .slot_start = slot.start,
                                    .row_limit = kDryRunRows,
                                    .dry_run = DryRun::kYes},
                                   [&](const std::vector<Job>& deleted) {
                                     jobs = deleted;
                                     return cleaner.Record(deleted);
                                   }));
    if (batch.finished) return absl::OkStatus();
    preview.to_delete += static_cast<std::int64_t>(batch.jobs.size());
    preview.held += static_cast<std::int64_t>(batch.held.size());
    for (const HeldJob& held : batch.held) {
      if (preview.referred.size() < kMostReferred) {
        preview.referred.push_back(held);
      }
    }
    for (const auto& [table, count] : batch.rows) rows[table] += count;
    if (!batch.part) RETURN_IF_ERROR(cleaner.Forget(jobs));
    ASSIGN_OR_RETURN(const FilesOutcome outcome,
                     cleaner.Remove(batch.belongings.pending));
    preview.files += outcome.files;
    preview.bytes += outcome.bytes;
    preview.job_directories += std::count_if(
        batch.belongings.pending.begin(), batch.belongings.pending.end(),
        [](const PendingFile& entry) {
          return entry.kind == PendingFile::Kind::kTemporary;
        });
  }
}

absl::Status PreviewSweep(const PreviewParts& parts, const Slot& slot,
                          FileCleaner& cleaner, Preview& preview) {
  Database& database = parts.database;
  SweepFacts facts{.jobs = preview.totals.total};
  ASSIGN_OR_RETURN(facts.jobs_left_last_time,
                   JobsLeftLastTime(*database.state));
  const std::optional<std::string> refusal = WhyNotSweep(facts);
  if (refusal.has_value()) {
    preview.notes.push_back("the orphans would be left: " + *refusal);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const SweepResult sweep,
                   cleaner.Sweep(slot.cutoff, [] { return absl::OkStatus(); }));
  // It may have ended early, and counted less than there is.
  RETURN_IF_ERROR(parts.CheckNotStopped());
  preview.orphans = sweep.orphans;
  preview.files += sweep.outcome.files;
  preview.bytes += sweep.outcome.bytes;
  preview.notes.insert(preview.notes.end(), sweep.refused.begin(),
                       sweep.refused.end());
  return absl::OkStatus();
}

std::vector<Preview::Dependent> DependentsOf(
    const DeletionPlan& plan, const std::map<std::string, std::int64_t>& rows) {
  std::vector<Preview::Dependent> dependents;
  for (const PlanTable& table : plan.tables) {
    const auto count = rows.find(table.name);
    const Reference& via = table.via.front();
    dependents.push_back({.table = table.name,
                          .rows = count == rows.end() ? 0 : count->second,
                          .on_delete = NameOf(via.on_delete),
                          .indexed = via.indexed});
  }
  return dependents;
}

}  // namespace

absl::Status PreviewParts::CheckNotStopped() const {
  if (!stop_requested()) return absl::OkStatus();
  return absl::CancelledError("asked to stop");
}

absl::StatusOr<std::unique_ptr<FileCleaner>> OpenForALook(
    const PreviewParts& parts, const Slot& slot) {
  RootLedger ledger{.known = {},
                    .machine = parts.host,
                    .slot = slot.date,
                    .now = parts.clock.Now()};
  ASSIGN_OR_RETURN(ledger.known, parts.database.state->ListRoots());
  return FileCleaner::Open(
      {.config = parts.config.files,
       .naming = parts.naming,
       .calls = parts.calls,
       .dry_run = DryRun::kYes,
       .ledger = std::move(ledger),
       .work = {.may_go_on = [&parts] { return !parts.stop_requested(); }}});
}

absl::StatusOr<Preview> PreviewRun(const PreviewParts& parts,
                                   const Slot& asked) {
  Database& database = parts.database;
  ClockWatch watch(parts.clock, *database.state, nullptr, parts.build_date);
  RETURN_IF_ERROR(watch.Load());
  Slot slot = asked;
  slot.cutoff = CutoffBy(watch.Assess({}), asked,
                         std::max(parts.clock.Now(), asked.start));
  Preview preview{.slot = slot};
  if (slot.cutoff < asked.cutoff) {
    preview.notes.push_back(fmt::format(
        "the cutoff lies {} min before the slot's own: {}",
        std::chrono::floor<std::chrono::minutes>(asked.cutoff - slot.cutoff)
            .count(),
        SentenceOf(NameOf(ClockFact::kUnseenTime))));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<FileCleaner> cleaner,
                   OpenForALook(parts, slot));
  ASSIGN_OR_RETURN(
      preview.totals,
      database.jobs->Survey(
          {.cutoff = slot.cutoff,
           .slot_start = slot.start,
           .daemon_start = watch.WitnessesBefore(parts.clock.Now())},
          [&](const Job& job) -> absl::Status {
            RETURN_IF_ERROR(parts.CheckNotStopped());
            return cleaner->Note(job);
          }));
  for (const ClockFact fact :
       watch.Assess(ClockWatch::RowsOf(preview.totals)).facts) {
    if (Blocks(fact)) preview.blocked.emplace_back(NameOf(fact));
  }
  preview.held = preview.totals.in_work;
  RETURN_IF_ERROR(NotePast(database, *cleaner));
  RETURN_IF_ERROR(cleaner->Seal());
  for (const RootSet::Absent& root : cleaner->root_set().absent()) {
    preview.notes.push_back(root.path + ": " + root.reason);
  }
  if (cleaner->foreign_outputs() > 0) {
    preview.notes.push_back(fmt::format(
        "outputs that name a path of another machine, which lies below no "
        "root: {}",
        cleaner->foreign_outputs()));
  }
  CountTrash(*cleaner, preview);

  std::map<std::string, std::int64_t> rows;
  RETURN_IF_ERROR(PreviewBatches(parts, slot, *cleaner, rows, preview));
  preview.dependents = DependentsOf(database.jobs->plan(), rows);
  RETURN_IF_ERROR(PreviewSweep(parts, slot, *cleaner, preview));
  preview.shielded = cleaner->shielded();
  preview.largest = cleaner->largest();
  return preview;
}

}  // namespace retentiond
