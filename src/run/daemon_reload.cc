// What may come to the daemon at any time: a reload, changed rules of the zone,
// the watchdog's turn.
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "run/daemon.h"
#include "run/schedule_keeper.h"

namespace retentiond {
namespace {

// systemd's documentation asks for half of WatchdogSec=; nobody sets it below
// ten seconds.
constexpr Micros kBeatEvery = std::chrono::seconds(5);

}  // namespace

bool Daemon::AskedToStop() {
  Beat();
  TakeReloadRequest();
  return parts_.stop_requested();
}

void Daemon::Beat() {
  const Micros now = parts_.clock.BootTime();
  Micros last = beaten_;
  if (now - last < kBeatEvery) return;
  if (beaten_.compare_exchange_strong(last, now)) parts_.service.Alive();
}

// In the middle of a run the new configuration is validated at once, and
// adopted when the run is over.
void Daemon::TakeReloadRequest() {
  if (!parts_.take_reload_request || !parts_.take_reload_request()) return;
  parts_.wakeup.Clear();  // or every pause from here on would be cut short
  parts_.service.Reloading();
  absl::StatusOr<SharedSettings> settings = CheckedSettings();
  if (settings.ok()) {
    new_settings_ = *std::move(settings);
    observers_.OnNotice("the configuration was read anew");
  } else {
    observers_.OnTrouble(settings.status(), "keeping the old configuration");
  }
  parts_.service.Ready();
}

// All that a start would find wrong with it is found here.
absl::StatusOr<SharedSettings> Daemon::CheckedSettings() {
  ASSIGN_OR_RETURN(SharedSettings settings, parts_.load_settings());
  RETURN_IF_ERROR(zones_.Load(settings->config.schedule.timezone).status());
  RETURN_IF_ERROR(parts_.open(*settings, OpenMode::kReadOnly).status());
  return settings;
}

absl::Status Daemon::AdoptNewSettings() {
  if (new_settings_ == nullptr) return absl::OkStatus();
  const SharedSettings old = std::exchange(settings_, new_settings_);
  absl::Status adopted = BeginWithSettings();
  if (!adopted.ok()) settings_ = old;
  // They were validated: when the database is back, they are adopted.
  if (absl::IsUnavailable(adopted)) return adopted;
  if (!adopted.ok()) {
    observers_.OnTrouble(adopted, "keeping the old configuration");
  }
  new_settings_ = nullptr;
  retry_at_ = Micros(0);
  return absl::OkStatus();
}

absl::Status Daemon::BeginWithSettings() {
  ASSIGN_OR_RETURN(Database database,
                   parts_.open(*settings_, OpenMode::kReadWrite));
  ASSIGN_OR_RETURN(state_, ReadState(database));
  return SetSchedule(database);
}

absl::Status Daemon::SetSchedule(Database& database) {
  ASSIGN_OR_RETURN(schedule_,
                   AdoptSchedule(settings_->config.schedule, zones_,
                                 *database.state, parts_.clock.Now()));
  observers_.OnSettings(settings_);
  observers_.OnSchedule(schedule_);
  return absl::OkStatus();
}

absl::Status Daemon::FollowZoneFile() {
  const std::string& name = settings_->config.schedule.timezone;
  if (!zones_.HasChanged(name)) return absl::OkStatus();
  // First: the change is seen once, and is to be audited.
  ASSIGN_OR_RETURN(Database database,
                   parts_.open(*settings_, OpenMode::kReadWrite));
  const absl::StatusOr<absl::TimeZone> zone = zones_.Load(name);
  if (!zone.ok()) {
    observers_.OnTrouble(zone.status(), "keeping its rules as they were");
    return absl::OkStatus();
  }
  schedule_.zone = *zone;
  observers_.OnSchedule(schedule_);
  const std::string version = ZoneDataVersion();
  observers_.OnNotice(fmt::format(
      "the rules of the time zone {} have changed on disk, version {}", name,
      version));
  return database.state
      ->AppendAudit(
          std::nullopt, "zone-data",
          fmt::format(R"({{"timezone":"{}","version":"{}"}})", name, version),
          parts_.clock.Now())
      .status();
}

}  // namespace retentiond
