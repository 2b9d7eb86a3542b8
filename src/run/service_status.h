// The one line that `systemctl status` shows: the next run and the last one's
// result, or how far a run has come.
#pragma once

#include <string>

#include "run/observer.h"
#include "run/service_notifier.h"

namespace retentiond {

class ServiceStatus : public RunObserver {
 public:
  // `service` must outlive this. `zone` is for the times that a person reads.
  ServiceStatus(ServiceNotifier& service, absl::TimeZone zone);

  void OnHistory(const History& history) override;
  void OnWait(Instant until) override;
  void OnStandby(const std::string& leader) override;
  void OnRunBegin(const RunRecord& run) override;
  void OnPhase(const RunRecord& run) override;
  void OnBatch(const RunRecord& run, const Batch& batch,
               const Governor& governor) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;
  void OnSchedule(const Schedule& schedule) override;
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override;

 private:
  void Say(const std::string& line);
  void SayProgress(const RunRecord& run);

  ServiceNotifier& service_;
  absl::TimeZone zone_;
  std::string last_;  // "; last run ..."
  std::string said_;
};

}  // namespace retentiond
