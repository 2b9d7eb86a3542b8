// The scheduler loop: sleeps, asks what is due, runs it, and never gives up.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "jobstore/database.h"
#include "policy/scheduler.h"
#include "run/file_cleaner.h"
#include "run/naming.h"
#include "run/observer.h"
#include "run/service_notifier.h"
#include "run/state_directory.h"

namespace retentiond {

// Opens the configured database. Called whenever something is to be done: the
// sleeping daemon holds no connection, so a database file that was replaced
// meanwhile is met as it is now.
using DatabaseOpener = std::function<absl::StatusOr<Database>()>;

struct DaemonParts {
  const Config& config;
  const Naming& naming;
  Clock& clock;
  FileCalls& calls;
  DatabaseOpener open;
  RunObserver& observer;
  ServiceNotifier& service;
  Wakeup& wakeup;
  std::function<bool()> stop_requested;
  std::string host;
  std::string holder;
  Instant build_date;
  int most_file_workers = 1;
  FileWork::Manner file_manner = FileWork::Manner::kPlain;
};

class Daemon {
 public:
  explicit Daemon(DaemonParts parts);

  // Opens the database once, so that what is wrong with it is said at the
  // start, then loops until a stop is requested. Errors are those of the start.
  absl::Status Serve();

  // The pieces of Serve, for tests and the demo. Turn does what is due now, if
  // anything, and answers how long to sleep.
  absl::Status Start();
  Micros Turn();

 private:
  Instant ProcessStart() const;
  absl::StatusOr<ScheduleState> ReadState(Database& database);
  absl::StatusOr<Micros> DoWhatIsDue();
  absl::StatusOr<Micros> RunDue();
  absl::StatusOr<Micros> RecordFirstStart(Database& database, const Due& due);
  absl::StatusOr<bool> MayLead(Database& database);
  absl::Status ReportMissed(Database& database, const Due& due);
  absl::StatusOr<Micros> SleepAfter(const absl::Status& status);
  absl::Status KeepAnchor();
  std::optional<StateDirectory> OpenDirectory(Database& database);

  DaemonParts parts_;
  Schedule schedule_;
  ScheduleState state_;
  Micros boot_time_at_start_;
  std::optional<LocalDate> missed_reported_;  // with the run of this slot
  bool directory_trouble_told_ = false;
  Micros anchor_kept_{0};  // boot time at which it was last seen to
  Micros retry_at_{0};     // boot time before which nothing is tried
  Micros retry_pause_{0};
  // The lease of another daemon as first seen, and when (boot time).
  std::optional<LeaseView> other_;
  Micros other_seen_at_{0};
};

}  // namespace retentiond
