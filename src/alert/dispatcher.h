// The alert desk of the daemon: notes what is to be told, keeps it in the
// state's outbox or, while that cannot be written, in memory, and sees it
// delivered.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "alert/channel.h"
#include "alert/courier.h"
#include "alert/memory_outbox.h"
#include "base/clock.h"
#include "config/alerts_config.h"
#include "run/alert_desk.h"

namespace retentiond {

// The channels of a configuration.
using ChannelMaker = std::function<std::vector<std::unique_ptr<Channel>>(
    const AlertsConfig&, const Sender&)>;

// How long to wait after so many failures, one at least: a minute that doubles
// up to an hour, or what the receiver asks for, a day at most.
Micros PauseAfter(std::int64_t failures,
                  const std::optional<std::chrono::seconds>& retry_after);

class Dispatcher : public AlertDesk {
 public:
  struct Parts {
    Clock& clock;
    std::string host;
    ChannelMaker make_channels;
    RunObserver& observer;  // is told of deliveries
  };

  explicit Dispatcher(Parts parts);

  void OnSettings(const SharedSettings& settings) override;
  void OnMissed(const std::vector<LocalDate>& slots) override;
  void OnRunBegin(const RunRecord& run) override;
  void OnSurvey(const RunRecord& run, const SurveyTotals& totals) override;
  void OnBlocked(const RunRecord& run) override;
  void OnRunEnd(const RunRecord& run) override;
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override;

  AlertReport ReportOf(const RunRecord& run, StateStore& state) override;
  void NoteTurn(const absl::Status& status) override;
  void NoteOverdue(const std::optional<Slot>& slot) override;
  void NoteAhead(const std::optional<Announcement>& ahead) override;
  bool HasWork() override;
  absl::Status Tend(StateStore& state) override;
  void TendFromMemory() override;
  absl::Status Settle(StateStore& state) override;

  // Messages that the channels have, and did not come back with yet.
  std::size_t in_hand() const { return in_flight_.size(); }

 private:
  // A channel, and how it has done lately.
  struct Route {
    explicit Route(std::unique_ptr<Channel> channel)
        : courier(std::move(channel)) {}
    Courier courier;
    int failures = 0;         // in a row
    bool known_good = false;  // nobody needs to be told that it works again
    Micros open_at{0};        // boot time; before it the receiver wants nothing
  };
  // A parcel that a courier has.
  struct Flight {
    bool from_memory = false;
    std::int64_t id = 0;  // of the entry there
    std::int64_t attempts = 0;
  };

  std::vector<AlertChannel> Channels() const;
  Route* RouteOf(const std::string& channel);
  void Note(AlertKind kind, const std::string& subject,
            const std::string& text);
  void Over(const std::string& key);
  AlertReport Gathered() const;
  void GatheredWasWritten();
  void NoteTroubleIfAny();
  void AddTrouble(const RunRecord& run, AlertReport& report) const;
  void LookAtAuditChain(StateStore& state, AlertReport& report);

  void CollectOutcomes();
  void Collect(Route& route, const Courier::Outcome& outcome);
  void NoteHealth(Route& route, const Delivery& delivery);
  absl::Status TellGathered(StateStore& state);
  absl::Status ForgetOldChannels(StateStore& state);
  absl::Status SettleOutcomes(StateStore& state);
  absl::Status HandOverDue(StateStore& state);
  void HandOver(const OutboxEntry& entry);
  void HandOverFromMemory();
  void Hand(Route& route, const Flight& flight, Parcel parcel);
  bool IsDue(const OutboxView& view) const;

  Parts parts_;
  SharedSettings settings_;
  std::vector<std::unique_ptr<Route>> routes_;
  std::map<Courier::Ticket, Flight> in_flight_;
  Courier::Ticket last_ticket_ = 0;
  std::string state_id_;  // of the database; empty: not asked yet

  AlertReport noted_;  // to be told with the next writing
  AlertReport survey_;
  std::optional<std::string> trouble_;
  bool report_given_ = false;  // ReportOf has given out what was noted
  std::optional<Micros> failing_since_;  // boot time; of the daemon's turns
  bool database_known_good_ = false;
  std::optional<Micros> overdue_noted_at_;  // boot time
  bool blocked_ = false;
  bool settings_are_new_ = true;

  MemoryOutbox memory_;
  std::vector<OutboxResult> unsettled_;
  std::optional<OutboxView> view_;  // none: to be looked at
  Micros viewed_at_{0};             // boot time
};

}  // namespace retentiond
