// Several observers as one.
#pragma once

#include <utility>
#include <vector>

#include "run/observer.h"

namespace retentiond {

// Tells each in turn. All must outlive the list.
class ObserverList : public RunObserver {
 public:
  explicit ObserverList(std::vector<RunObserver*> observers)
      : observers_(std::move(observers)) {}

  void OnSettings(const SharedSettings& settings) override;
  void OnHistory(const History& history) override;
  void OnClock(const ClockFindings& findings) override;
  void OnWait(Instant until) override;
  void OnStandby(const std::string& leader) override;
  void OnMissed(const std::vector<LocalDate>& slots) override;
  void OnRunBegin(const RunRecord& run) override;
  void OnPhase(const RunRecord& run) override;
  void OnSurvey(const RunRecord& run, const SurveyTotals& totals) override;
  void OnBacklog(const Backlog& backlog) override;
  void OnBatch(const RunRecord& run, const Batch& batch,
               const Governor& governor) override;
  void OnPause(const Governor& governor) override;
  void OnFiles(const RunRecord& run, const FilesOutcome& outcome) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;
  void OnSchedule(const Schedule& schedule) override;
  void OnDelivery(const std::string& channel,
                  const std::string& problem) override;
  void OnOutbox(std::int64_t pending) override;
  void OnNotice(const std::string& notice) override;
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override;

 private:
  std::vector<RunObserver*> observers_;
};

}  // namespace retentiond
