#include "run/observer_list.h"

#include <string>
#include <vector>

namespace retentiond {

void ObserverList::OnSettings(const SharedSettings& settings) {
  for (RunObserver* observer : observers_) observer->OnSettings(settings);
}

void ObserverList::OnHistory(const History& history) {
  for (RunObserver* observer : observers_) observer->OnHistory(history);
}

void ObserverList::OnClock(const ClockFindings& findings) {
  for (RunObserver* observer : observers_) observer->OnClock(findings);
}

void ObserverList::OnWait(Instant until) {
  for (RunObserver* observer : observers_) observer->OnWait(until);
}

void ObserverList::OnStandby(const std::string& leader) {
  for (RunObserver* observer : observers_) observer->OnStandby(leader);
}

void ObserverList::OnMissed(const std::vector<LocalDate>& slots) {
  for (RunObserver* observer : observers_) observer->OnMissed(slots);
}

void ObserverList::OnRunBegin(const RunRecord& run) {
  for (RunObserver* observer : observers_) observer->OnRunBegin(run);
}

void ObserverList::OnPhase(const RunRecord& run) {
  for (RunObserver* observer : observers_) observer->OnPhase(run);
}

void ObserverList::OnSurvey(const RunRecord& run, const SurveyTotals& totals) {
  for (RunObserver* observer : observers_) observer->OnSurvey(run, totals);
}

void ObserverList::OnBacklog(const Backlog& backlog) {
  for (RunObserver* observer : observers_) observer->OnBacklog(backlog);
}

void ObserverList::OnBatch(const RunRecord& run, const Batch& batch,
                           const Governor& governor) {
  for (RunObserver* observer : observers_)
    observer->OnBatch(run, batch, governor);
}

void ObserverList::OnPause(const Governor& governor) {
  for (RunObserver* observer : observers_) observer->OnPause(governor);
}

void ObserverList::OnFiles(const RunRecord& run, const FilesOutcome& outcome) {
  for (RunObserver* observer : observers_) observer->OnFiles(run, outcome);
}

void ObserverList::OnBlocked(const RunRecord& run) {
  for (RunObserver* observer : observers_) observer->OnBlocked(run);
}

void ObserverList::OnRunEnd(const RunRecord& run) {
  for (RunObserver* observer : observers_) observer->OnRunEnd(run);
}

void ObserverList::OnSchedule(const Schedule& schedule) {
  for (RunObserver* observer : observers_) observer->OnSchedule(schedule);
}

void ObserverList::OnDelivery(const std::string& channel,
                              const std::string& problem) {
  for (RunObserver* observer : observers_)
    observer->OnDelivery(channel, problem);
}

void ObserverList::OnOutbox(std::int64_t pending) {
  for (RunObserver* observer : observers_) observer->OnOutbox(pending);
}

void ObserverList::OnNotice(const std::string& notice) {
  for (RunObserver* observer : observers_) observer->OnNotice(notice);
}

void ObserverList::OnTrouble(const absl::Status& status,
                             const std::string& what_is_done) {
  for (RunObserver* observer : observers_)
    observer->OnTrouble(status, what_is_done);
}

}  // namespace retentiond
