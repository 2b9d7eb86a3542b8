// The answers over HTTP: health, metrics, the JSON of the commands, the page.
// docs/openapi.json describes them.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "files/file_calls.h"
#include "jobstore/database.h"
#include "observe/health_record.h"
#include "observe/http_message.h"
#include "observe/kept_answer.h"
#include "observe/live_feed.h"
#include "observe/metrics.h"
#include "observe/page.h"
#include "run/settings.h"

namespace retentiond {

// Opens the configured database so that nothing can be written.
using ReadOnlyOpener = std::function<absl::StatusOr<Database>(const Settings&)>;

// Cannot change anything: it has no way to a connection that can write. One
// question at a time asks the database; those that look at every job and file,
// or at every record (plan, checks, the audit's verdict), are not answered
// while a run is going on.
//
// Threads: any.
class Api {
 public:
  // References must outlive the object.
  struct Parts {
    ReadOnlyOpener open;
    Clock& clock;
    FileCalls& calls;
    Instant build_date;
    const Metrics& metrics;
    const HealthRecord& health;
    LiveFeed& live;
    const std::vector<PageFile>& page = EmbeddedPage();
  };
  explicit Api(Parts parts);

  HttpResponse Answer(const HttpRequest& request);

  // Streams of events are open from now on, or ended.
  void OpenStreams() { parts_.live.Open(); }
  void CloseStreams() { parts_.live.Close(); }

  // The configuration that holds from now on; there is none at first.
  void SetSettings(SharedSettings settings);
  void SetRunning(bool running) { running_ = running; }
  // Lets what is being answered end soon.
  void Stop() { stopped_ = true; }

 private:
  struct Opened {
    SharedSettings settings;
    Database database;
  };
  using Query = std::map<std::string, std::string>;

  HttpResponse Health() const;
  HttpResponse Ready();
  HttpResponse MetricsText() const;
  HttpResponse Status();
  HttpResponse Runs(const Query& query);
  HttpResponse Audit(const Query& query);
  HttpResponse AuditVerdict();
  HttpResponse Sizes();
  HttpResponse Plan();
  HttpResponse Checks();
  HttpResponse PageOrNothing(const std::string& path) const;

  absl::StatusOr<Opened> Open() const;
  absl::StatusOr<std::string> StatusText() const;
  absl::StatusOr<std::string> RunsText(int limit) const;
  absl::StatusOr<std::string> AuditText(std::int64_t from, int limit) const;
  absl::StatusOr<std::string> NewestAuditText(int limit) const;
  absl::StatusOr<std::string> AuditVerdictText() const;
  absl::StatusOr<std::string> SizesText() const;
  absl::StatusOr<std::string> PlanText() const;
  absl::StatusOr<std::string> ChecksText() const;
  // Answers a question that takes a look at everything.
  HttpResponse Look(KeptAnswer& kept,
                    const std::function<absl::StatusOr<std::string>()>& make);
  // False once a look that began at `begun` should end.
  bool MayGoOn(Micros begun) const;

  const Parts parts_;
  mutable std::mutex mutex_;  // of settings_
  SharedSettings settings_;
  std::atomic<bool> running_ = false;
  std::atomic<bool> stopped_ = false;
  std::timed_mutex database_turn_;
  std::timed_mutex look_turn_;
  KeptAnswer ready_;
  KeptAnswer status_;
  KeptAnswer unkept_;
  KeptAnswer plan_;
  KeptAnswer checks_;
  KeptAnswer audit_verdict_;
  KeptAnswer sizes_;
};

}  // namespace retentiond
