// The scheduler loop: sleeps, asks what is due, runs it, and never gives up.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "files/file_calls.h"
#include "jobstore/database.h"
#include "policy/scheduler.h"
#include "policy/zone.h"
#include "run/alert_desk.h"
#include "run/clock_watch.h"
#include "run/file_cleaner.h"
#include "run/observer_list.h"
#include "run/service_notifier.h"
#include "run/service_status.h"
#include "run/settings.h"
#include "run/state_directory.h"
#include "run/watched_calls.h"

namespace retentiond {

// Opens the configured database. Called whenever something is to be done: the
// sleeping daemon holds no connection, so a database file that was replaced
// meanwhile is met as it is now.
using DatabaseOpener =
    std::function<absl::StatusOr<Database>(const Settings&, OpenMode)>;

struct DaemonParts {
  SharedSettings settings;
  // Reads and validates the whole configuration anew; null: it cannot change.
  std::function<absl::StatusOr<SharedSettings>()> load_settings;
  Clock& clock;
  FileCalls& calls;
  DatabaseOpener open;
  RunObserver& observer;
  AlertDesk* alerts = nullptr;  // an observer, too; null: nobody is told
  ServiceNotifier& service;
  Wakeup& wakeup;
  std::function<bool()> stop_requested;
  // True once for each request; null: there are none.
  std::function<bool()> take_reload_request;
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
  // start, then loops until a stop is requested. A database that is not there
  // yet (Unavailable) is waited for, with growing pauses. Other errors are
  // those of the start.
  absl::Status Serve();

  // The pieces of Serve, for tests and the demo. Turn does what is due now, if
  // anything, and answers how long to sleep. Stop ends in good order.
  absl::Status Start();
  Micros Turn();
  void Stop();

 private:
  Instant ProcessStart() const;
  absl::Status StartWhenThere();
  // Returns when it is time to try again, a new configuration came, or a stop
  // was asked for.
  void AwaitRetry();
  void TryLater(const absl::Status& failed);
  absl::StatusOr<ScheduleState> ReadState(Database& database);
  absl::StatusOr<Micros> DoWhatIsDue();
  absl::StatusOr<Micros> RunDue();
  absl::StatusOr<Micros> ExecuteDue(Database& database, const Due& due);
  absl::StatusOr<Micros> RecordFirstStart(Database& database, const Due& due);
  absl::StatusOr<bool> MayLead(Database& database);
  absl::Status ReportMissed(Database& database, const Due& due);
  absl::StatusOr<Micros> LookAgainLater();
  absl::StatusOr<Micros> SleepAfter(Database& database, const Due& due,
                                    const absl::Status& status);
  void TendAlerts(const absl::Status& turn);
  void TendAlertsMeanwhile();
  std::optional<Slot> OverdueSlot() const;
  void SettleAlerts(Database& database);
  void LookAheadIfDue();
  absl::Status LookAheadTo(const Slot& slot);
  absl::Status LookAtClock(Database& database);
  absl::Status LookAtClockIfDue();
  bool LastSlotLiesAhead() const;
  absl::Status SetLastSlotBack(Database& database);
  std::optional<StateDirectory> OpenDirectory(Database& database);

  // What may be asked at any time, also in the middle of a run.
  bool AskedToStop();
  void Beat();
  void TakeReloadRequest();
  absl::StatusOr<SharedSettings> CheckedSettings();

  absl::Status AdoptNewSettings();
  absl::Status BeginWithSettings();
  absl::Status FollowZoneFile();
  absl::Status SetSchedule(Database& database);

  DaemonParts parts_;
  ServiceStatus status_;
  ObserverList observers_;
  WatchedCalls calls_;
  SharedSettings settings_;
  SharedSettings new_settings_;  // to be adopted between runs; null: none
  ZoneFiles zones_;
  Schedule schedule_;
  ScheduleState state_;
  Micros boot_time_at_start_;
  std::optional<LocalDate> missed_reported_;  // with the run of this slot
  bool directory_trouble_told_ = false;
  std::string refusal_told_;  // why this machine may not run the due slot
  Micros clock_seen_to_{0};   // boot time of the last look at the clock
  // Boot time of the last sign of life; the workers give them, too.
  std::atomic<Micros> beaten_{Micros(0)};
  Micros retry_at_{0};  // boot time before which nothing is tried
  Micros retry_pause_{0};
  Micros alerts_retry_at_{0};  // boot time before which they stay in memory
  std::optional<LocalDate> looked_ahead_to_;  // the slot of that date
  Micros look_ahead_at_{0};  // boot time before which that is not tried
  // The lease of another daemon as first seen, and when (boot time).
  std::optional<LeaseView> other_;
  Micros other_seen_at_{0};
};

}  // namespace retentiond
