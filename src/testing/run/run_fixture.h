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
  void OnSettings(const SharedSettings& held) override {
    settings.push_back(held);
  }
  void OnHistory(const History& history) override {
    histories.push_back(history);
  }
  void OnClock(const ClockFindings& findings) override { clock = findings; }
  void OnSurvey(const RunRecord& run, const SurveyTotals& totals) override {
    (void)run;
    surveys.push_back(totals);
  }
  void OnBacklog(const Backlog& backlog) override {
    backlogs.push_back(backlog);
  }
  void OnPause(const Governor& governor) override {
    pauses.push_back(governor.reason());
  }
  void OnStandby(const std::string& leader) override {
    leaders.push_back(leader);
  }
  void OnPhase(const RunRecord& run) override {
    phases.push_back(run.phase);
    if (at_phase) at_phase(run.phase);
  }
  void OnNotice(const std::string& notice) override {
    notices.push_back(notice);
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
  std::vector<std::string> leaders;
  std::vector<std::string> phases;
  std::vector<std::string> notices;
  std::vector<SharedSettings> settings;
  std::vector<History> histories;
  std::optional<ClockFindings> clock;  // the last
  std::vector<SurveyTotals> surveys;
  std::vector<Backlog> backlogs;
  std::vector<std::string> pauses;
  std::function<void(const std::string&)> at_phase;
  std::function<void()> at_begin;
  std::function<void()> at_batch;
};

// Remembers what it was told, and when (boot time) of the signs of life.
class RecordingService : public ServiceNotifier {
 public:
  explicit RecordingService(const Clock& clock) : clock_(clock) {}
  void Ready() override { said.emplace_back("ready"); }
  void Status(const std::string& line) override { status.push_back(line); }
  void Alive() override { alive.push_back(clock_.BootTime()); }
  void Reloading() override { said.emplace_back("reloading"); }
  void Stopping() override { said.emplace_back("stopping"); }

  std::vector<std::string> said;
  std::vector<std::string> status;
  std::vector<Micros> alive;

 private:
  const Clock& clock_;
};

class RunTest : public ScratchTest {
 protected:
  // So that a governor's first batch holds a few jobs only.
  static constexpr std::int64_t kLogRows = 24;

  void SetUp() override;
  void TearDown() override;

  // Keeps the state directory where a sync to disk costs nothing, for tests of
  // many nights.
  void KeepStateInMemory();

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
  // The configuration as the test has it now.
  SharedSettings CurrentSettings() const;

  bool Exists(const std::string& path) const;
  std::vector<AuditRecord> Audit();
  int CountEvents(const std::string& event);

  Config config_;
  std::optional<Naming> naming_;
  FakeDatabase database_;
  SimulatedClock clock_{Instant{}};
  ScriptedCalls calls_;
  RecordingObserver observer_;
  AlertDesk* desk_ = nullptr;  // null: nobody is told
  RecordingService service_{clock_};
  Wakeup wakeup_;
  bool stop_ = false;
  bool reload_ = false;
  std::function<void()> at_question_;  // when it is asked whether to stop
  // What a reload finds.
  std::function<absl::StatusOr<SharedSettings>()> load_settings_ = [this] {
    return CurrentSettings();
  };
  Instant build_date_;
  std::string host_ = "farm";

 private:
  std::filesystem::path memory_;  // empty: not used
};

}  // namespace retentiond
