// Answers questions over HTTP beside the cleaning, as the configuration has it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "base/clock.h"
#include "observe/api.h"
#include "observe/gate.h"
#include "observe/http_server.h"
#include "run/observer.h"

namespace retentiond {

// The cleaning never depends on it: where it cannot listen, that is told, and
// tried again at the next reload.
//
// Threads: the methods from the run's thread.
class HttpService : public RunObserver {
 public:
  // References must outlive the service. `told` hears what went wrong.
  HttpService(Api& api, const Clock& clock, RunObserver& told);
  // Ends what is being answered.
  ~HttpService() override;
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  void OnSettings(const SharedSettings& settings) override;
  void OnHistory(const History& history) override;
  void OnWait(Instant until) override;
  void OnStandby(const std::string& leader) override;
  void OnPhase(const RunRecord& run) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;

  // Where it listens; empty: nowhere.
  const std::string& name() const { return name_; }

 private:
  absl::Status Listen(const HttpConfig& config,
                      const std::optional<std::string>& token);
  void StopListening();

  Api& api_;
  const Clock& clock_;
  RunObserver& told_;
  HttpHandler answer_;
  SharedSettings settings_;  // last heard of
  // What it listens with.
  HttpConfig config_{.listen = HttpConfig::Listen::kOff};
  std::optional<std::string> token_;
  std::string name_;
  std::unique_ptr<Gate> gate_;
  HttpHandler pass_;
  std::unique_ptr<HttpServer> server_;  // uses all of the above
};

}  // namespace retentiond
