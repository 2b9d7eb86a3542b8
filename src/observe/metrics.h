// What the daemon does as numbers for Prometheus: docs/metrics.md has the list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "run/observer.h"

namespace retentiond {

// Whatever says how things stand is taken from the state as soon as that has
// been read, so that a restart never looks like "no run yet"; counters count
// from the start of the process.
//
// Threads: the observer's methods from the run's thread, Text from any.
class Metrics : public RunObserver {
 public:
  struct Build {
    std::string version;
    std::string commit;
  };
  Metrics(const Build& build, Instant process_start);
  ~Metrics() override;
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // In the text format of Prometheus, version 0.0.4.
  std::string Text() const;

  void OnHistory(const History& history) override;
  void OnClock(const ClockFindings& findings) override;
  void OnWait(Instant until) override;
  void OnStandby(const std::string& leader) override;
  void OnMissed(const std::vector<LocalDate>& slots) override;
  void OnRunBegin(const RunRecord& run) override;
  void OnSurvey(const RunRecord& run, const SurveyTotals& totals) override;
  void OnBacklog(const Backlog& backlog) override;
  void OnBatch(const RunRecord& run, const Batch& batch,
               const Governor& governor) override;
  void OnPause(const Governor& governor) override;
  void OnFiles(const RunRecord& run, const FilesOutcome& outcome) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;
  void OnDelivery(const std::string& channel,
                  const std::string& problem) override;
  void OnOutbox(std::int64_t pending) override;
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override;

 private:
  struct Families;  // of the Prometheus library, kept out of this header

  void ShowEnded(const RunRecord& run);
  void ShowBlock(const std::vector<std::string>& facts);

  std::unique_ptr<Families> families_;
  std::vector<std::string> counted_block_;  // facts of the block last counted
  LocalDate counted_slot_{};                // and its slot
};

}  // namespace retentiond
