#include "run/observer.h"

namespace retentiond {

void RunObserver::OnSettings(const SharedSettings&) {}
void RunObserver::OnHistory(const History&) {}
void RunObserver::OnClock(const ClockFindings&) {}
void RunObserver::OnWait(Instant) {}
void RunObserver::OnStandby(const std::string&) {}
void RunObserver::OnMissed(const std::vector<LocalDate>&) {}
void RunObserver::OnRunBegin(const RunRecord&) {}
void RunObserver::OnPhase(const RunRecord&) {}
void RunObserver::OnSurvey(const RunRecord&, const SurveyTotals&) {}
void RunObserver::OnBacklog(const Backlog&) {}
void RunObserver::OnBatch(const RunRecord&, const Batch&, const Governor&) {}
void RunObserver::OnPause(const Governor&) {}
void RunObserver::OnFiles(const RunRecord&, const FilesOutcome&) {}
void RunObserver::OnBlocked(const RunRecord&) {}
void RunObserver::OnRunEnd(const RunRecord&) {}
void RunObserver::OnSchedule(const Schedule&) {}
void RunObserver::OnDelivery(const std::string&, const std::string&) {}
void RunObserver::OnOutbox(std::int64_t) {}
void RunObserver::OnNotice(const std::string&) {}
void RunObserver::OnTrouble(const absl::Status&, const std::string&) {}

}  // namespace retentiond
