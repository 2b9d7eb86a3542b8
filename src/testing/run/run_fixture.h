// A farm for tests of a run: jobs in the fake database, real directories, a
// simulated clock far enough ahead that every file here is old.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/simulated_clock.h"
#include "config/config.h"
#include "policy/slot.h"
#include "run/cleanup.h"
#include "run/daemon.h"
#include "run/naming.h"
#include "testing/files/scratch.h"
#include "testing/files/scripted_calls.h"
#include "testing/jobstore/fake_database.h"

namespace retentiond {

// Remembers what it was told, and lets a test act at that moment.
class RecordingObserver : public RunObserver {
 public:
  void OnWait(Instant until) override { waits.push_back(until); }
  void OnMissed(const std::vector<LocalDate>& slots) override {
    missed = slots;
  }
  void OnRunBegin(const RunRecord& run) override {
    begun.push_back(run);
    if (at_begin) at_begin();
  }
  void OnBatch(const RunRecord& run, const Batch& batch,
               const Governor& governor) override {
    (void)run;
    (void)governor;
    batches.push_back(batch);
    if (at_batch) at_batch();
  }
  void OnBlocked(const RunRecord& run) override { blocked.push_back(run); }
  void OnRunEnd(const RunRecord& run) override { ended.push_back(run); }
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override {
    (void)what_is_done;
    troubles.push_back(status);
  }

  std::vector<Instant> waits;
  std::vector<LocalDate> missed;
  std::vector<RunRecord> begun;
  std::vector<Batch> batches;
  std::vector<RunRecord> blocked;
  std::vector<RunRecord> ended;
  std::vector<absl::Status> troubles;
  std::function<void()> at_begin;
  std::function<void()> at_batch;
};

class RunTest : public ScratchTest {
 protected:
  // So that a governor's first batch holds a few jobs only.
  static constexpr std::int64_t kLogRows = 24;

  void SetUp() override;

  // The slot of 2040-03-16 in UTC, and an instant `days` before its cutoff.
  Slot slot() const;
  Instant BeforeCutoff(int days) const {
    return slot().cutoff - std::chrono::days(days);
  }

  // A job with `<root>/<id>/frame.png` and an entry in the log root.
  void AddJob(const std::string& id, Instant created,
              const std::string& state = "COMPLETED");
  // `uid` names a second directory of the job; `output` its output.
  void AddJobWith(const std::string& id, Instant created,
                  const std::string& uid, const std::string& output);

  Due TheSlotIsDue() const;
  CleanupParts Parts(Database& database);
  // Opens the database and runs `due`.
  absl::StatusOr<RunRecord> Run(const Due& due);
  absl::StatusOr<RunRecord> Run() { return Run(TheSlotIsDue()); }
  std::unique_ptr<Daemon> MakeDaemon();

  bool Exists(const std::string& path) const;
  std::vector<AuditRecord> Audit();
  int CountEvents(const std::string& event);

  Config config_;
  std::optional<Naming> naming_;
  FakeDatabase database_;
  SimulatedClock clock_{Instant{}};
  ScriptedCalls calls_;
  RecordingObserver observer_;
  ServiceNotifier service_;
  Wakeup wakeup_;
  bool stop_ = false;
  Instant build_date_;
};

}  // namespace retentiond
