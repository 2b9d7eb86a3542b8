// Tells the log what happens, one structured line an event: for a person at a
// terminal, and for the journal.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "run/observer.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace retentiond {

class LogObserver : public RunObserver {
 public:
  // `zone` is for the times that a person reads.
  LogObserver(std::shared_ptr<spdlog::logger> log, absl::TimeZone zone);

  void OnWait(Instant until) override;
  void OnStandby(const std::string& leader) override;
  void OnMissed(const std::vector<LocalDate>& slots) override;
  void OnRunBegin(const RunRecord& run) override;
  void OnPhase(const RunRecord& run) override;
  void OnBatch(const RunRecord& run, const Batch& batch,
               const Governor& governor) override;
  void OnPause(const Governor& governor) override;
  void OnFiles(const RunRecord& run, const FilesOutcome& outcome) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;
  void OnSchedule(const Schedule& schedule) override;
  void OnDelivery(const std::string& channel,
                  const std::string& problem) override;
  void OnNotice(const std::string& notice) override;
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override;

 private:
  void LogPartition(const PartitionStep& step);

  std::shared_ptr<spdlog::logger> log_;
  absl::TimeZone zone_;
  std::optional<Instant> waiting_until_;
  std::string pace_;
  std::string leader_;
  std::vector<std::string> blocked_;
};

// A logger to standard error: with the journal's priority prefixes under
// systemd, with a time and a level elsewhere.
std::shared_ptr<spdlog::logger> MakeLog();

}  // namespace retentiond
