// What a run is doing at this moment, for pages that are open: server-sent
// events, made of what the run tells its observers. The database is not asked.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "observe/http_message.h"
#include "run/observer.h"

namespace retentiond {

// Each event is the whole of what is known, so that a slow reader misses what
// was in between and nothing else, and nothing is kept for it.
//
// Threads: any; the observer's methods from the run's.
class LiveFeed : public RunObserver {
 public:
  struct Pacing {
    // A proxy or a browser that hears nothing for long gives up.
    std::chrono::milliseconds heartbeat = std::chrono::seconds(10);
    // No eye sees more, and a run has hundreds of batches a second.
    std::chrono::milliseconds gap{250};
  };
  // Each stream takes one of the few connections that there are.
  static constexpr int kMostStreams = 8;

  LiveFeed() : LiveFeed(Pacing{}) {}
  explicit LiveFeed(Pacing pacing) : pacing_(pacing) {}

  // A stream that begins with what is known now; 503 when there are as many as
  // there may be. The feed must outlive it.
  HttpResponse Follow();
  // Ends the streams, and those that begin from now on at once.
  void Close();
  void Open();

  void OnWait(Instant until) override;
  void OnStandby(const std::string& leader) override;
  void OnRunBegin(const RunRecord& run) override;
  void OnPhase(const RunRecord& run) override;
  void OnSurvey(const RunRecord& run, const SurveyTotals& totals) override;
  void OnBatch(const RunRecord& run, const Batch& batch,
               const Governor& governor) override;
  void OnPause(const Governor& governor) override;
  void OnFiles(const RunRecord& run, const FilesOutcome& outcome) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;

 private:
  struct Moment {
    std::string state = "starting";
    std::string reason;
    RunRecord run;  // while it is "running"
    std::int64_t pause_ms = 0;
  };
  struct Reader;

  static std::string JsonOf(const Moment& moment);
  // Changes what is known, and tells the readers if that is something new.
  template <typename Change>
  void Set(const Change& change);
  void Idle(const std::string& state, const std::string& reason);
  std::optional<std::string> Next(Reader& reader);

  const Pacing pacing_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  Moment moment_;
  std::string text_ = JsonOf(moment_);
  std::int64_t version_ = 1;  // of text_
  int streams_ = 0;
  bool closed_ = false;
};

}  // namespace retentiond
