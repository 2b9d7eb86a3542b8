// Who watches a daemon, and answers for it over HTTP.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "alert/dispatcher.h"
#include "base/clock.h"
#include "files/file_calls.h"
#include "observe/api.h"
#include "observe/health_record.h"
#include "observe/http_service.h"
#include "observe/live_feed.h"
#include "observe/metrics.h"
#include "run/log_observer.h"
#include "run/observer_list.h"
#include "run/service_notifier.h"

namespace retentiond {

// That of the commit, so that two builds of it are the same.
Instant BuildDate();

struct Watchers {
  // References must outlive the watchers.
  struct Parts {
    Clock& clock;
    FileCalls& calls;
    ReadOnlyOpener open;
    absl::TimeZone zone;  // of the log
    std::string host;     // of whom alerts tell
  };
  explicit Watchers(Parts parts);

  LogObserver log;
  Metrics metrics;
  ObserverList told{{&log, &metrics}};
  ServiceNotifier manager;
  HealthRecord service;
  LiveFeed live;
  Api api;
  HttpService http;
  Dispatcher alerts;
  ObserverList all{{&told, &live, &http, &alerts}};
};

}  // namespace retentiond
