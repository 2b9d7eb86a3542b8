// What is due goes to the couriers, and what they bring back is noted.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "alert/dispatcher.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Time for a courier to come back; then an entry is anybody's again.
constexpr Micros kClaim = minutes(5);
constexpr int kMostAtOnce = 20;
constexpr Micros kFirstPause = minutes(1);
constexpr Micros kLongestPause = hours(1);
// A channel that fails so often in a row is told of on the others.
constexpr int kFailuresToTell = 3;

}  // namespace

Micros PauseAfter(std::int64_t failures,
                  const std::optional<std::chrono::seconds>& retry_after) {
  Micros pause = kFirstPause;
  for (std::int64_t i = 1; i < failures && pause < kLongestPause; ++i) {
    pause *= 2;
  }
  pause = std::min(pause, kLongestPause);
  if (!retry_after.has_value()) return pause;
  // Compared in seconds: a receiver may ask for more than microseconds hold.
  const auto asked =
      std::min<std::chrono::seconds>(*retry_after, kLongestOutboxPause);
  return std::max<Micros>(pause, asked);
}

Dispatcher::Route* Dispatcher::RouteOf(const std::string& channel) {
  for (const auto& route : routes_) {
    if (route->courier.what().name == channel) return route.get();
  }
  return nullptr;
}

void Dispatcher::CollectOutcomes() {
  for (const auto& route : routes_) {
    for (const Courier::Outcome& outcome : route->courier.TakeOutcomes()) {
      Collect(*route, outcome);
    }
  }
}

void Dispatcher::Collect(Route& route, const Courier::Outcome& outcome) {
  const Flight flight = in_flight_.extract(outcome.ticket).mapped();
  const Micros boot_now = parts_.clock.BootTime();
  const bool tried = outcome.delivery.has_value();
  if (tried) NoteHealth(route, *outcome.delivery);
  if (tried && outcome.delivery->delivered()) {
    if (flight.from_memory) {
      memory_.Delivered(flight.id);
    } else {
      unsettled_.push_back({OutboxId{flight.id}, std::nullopt});
    }
    return;
  }
  Micros pause = std::max<Micros>(route.open_at - boot_now, Micros(0));
  if (tried) {
    pause = PauseAfter(flight.attempts + 1, outcome.delivery->retry_after);
    if (outcome.delivery->retry_after.has_value()) {
      route.open_at = boot_now + pause;
    }
  }
  if (flight.from_memory) {
    memory_.TryAgain(flight.id, boot_now + pause, tried);
  } else {
    unsettled_.push_back(
        {OutboxId{flight.id}, parts_.clock.Now() + pause, tried});
  }
}

void Dispatcher::NoteHealth(Route& route, const Delivery& delivery) {
  const std::string name = route.courier.what().name;
  parts_.observer.OnDelivery(name, delivery.problem);
  if (delivery.delivered()) {
    route.failures = 0;
    if (!std::exchange(route.known_good, true)) {
      Over(AlertKeyOf(AlertKind::kChannelFailing, name));
    }
    return;
  }
  if (++route.failures < kFailuresToTell) return;
  route.known_good = false;
  Note(AlertKind::kChannelFailing, name,
       fmt::format("The channel {} has failed {} times in a row: {}. Its "
                   "messages are tried for a week.",
                   name, route.failures, delivery.problem));
}

absl::Status Dispatcher::Settle(StateStore& state) {
  CollectOutcomes();
  return SettleOutcomes(state);
}

absl::Status Dispatcher::SettleOutcomes(StateStore& state) {
  if (unsettled_.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(state.SettleOutbox(unsettled_));
  unsettled_.clear();
  view_.reset();
  return absl::OkStatus();
}

bool Dispatcher::IsDue(const OutboxView& view) const {
  if (!view.next_try.has_value()) return false;
  const Instant now = parts_.clock.Now();
  return *view.next_try <= now || *view.next_try > now + kLongestOutboxPause;
}

absl::Status Dispatcher::HandOverDue(StateStore& state) {
  ASSIGN_OR_RETURN(OutboxView view, state.ViewOutbox());
  if (IsDue(view)) {
    const Instant now = parts_.clock.Now();
    ASSIGN_OR_RETURN(const std::vector<OutboxEntry> entries,
                     state.ClaimOutbox(now, now + kClaim, kMostAtOnce));
    for (const OutboxEntry& entry : entries) HandOver(entry);
    RETURN_IF_ERROR(SettleOutcomes(state));
    ASSIGN_OR_RETURN(view, state.ViewOutbox());
  }
  view_ = view;
  viewed_at_ = parts_.clock.BootTime();
  parts_.observer.OnOutbox(view.pending +
                           static_cast<std::int64_t>(memory_.size()));
  return absl::OkStatus();
}

void Dispatcher::HandOver(const OutboxEntry& entry) {
  const auto id = static_cast<std::int64_t>(entry.id);
  const bool has_it = std::any_of(
      in_flight_.begin(), in_flight_.end(), [id](const auto& flight) {
        return !flight.second.from_memory && flight.second.id == id;
      });
  if (has_it) return;
  Route* const route = RouteOf(entry.channel);
  if (route == nullptr) {  // it was configured once
    unsettled_.push_back({entry.id, std::nullopt});
    return;
  }
  Hand(*route, {.id = id, .attempts = entry.attempts},
       {.id = fmt::format("{}-{}", state_id_, id), .message = entry.message});
}

void Dispatcher::HandOverFromMemory() {
  for (const MemoryOutbox::Entry& entry :
       memory_.TakeDue(parts_.clock.BootTime())) {
    Route* const route = RouteOf(entry.channel);
    if (route == nullptr) {
      memory_.Delivered(entry.id);
      continue;
    }
    Hand(*route,
         {.from_memory = true, .id = entry.id, .attempts = entry.attempts},
         {.id = fmt::format("{}-memory-{}-{}", parts_.host,
                            MicrosOf(entry.message.at), entry.id),
          .message = entry.message});
  }
}

void Dispatcher::Hand(Route& route, const Flight& flight, Parcel parcel) {
  in_flight_[++last_ticket_] = flight;
  route.courier.Hand(last_ticket_, std::move(parcel));
}

}  // namespace retentiond
