#include "alert/courier.h"

#include <system_error>
#include <utility>

namespace retentiond {

Courier::Courier(std::unique_ptr<Channel> channel)
    : channel_(std::move(channel)) {}

Courier::~Courier() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Courier::Hand(Ticket ticket, Parcel parcel) {
  {
    const std::lock_guard lock(mutex_);
    in_hand_.emplace_back(ticket, std::move(parcel));
  }
  if (!thread_.joinable()) Begin();
  wake_.notify_all();
}

void Courier::Begin() {
  try {
    thread_ = std::thread([this] { Work(); });
  } catch (const std::system_error&) {
    // GCOV_EXCL_START: only where no thread is to be had.
    const std::lock_guard lock(mutex_);
    GiveBack();
    // GCOV_EXCL_STOP
  }
}

void Courier::GiveBack() {
  for (const auto& [ticket, parcel] : std::exchange(in_hand_, {})) {
    outcomes_.push_back({ticket, std::nullopt});
  }
}

std::vector<Courier::Outcome> Courier::TakeOutcomes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(outcomes_, {});
}

bool Courier::HasOutcomes() const {
  const std::lock_guard lock(mutex_);
  return !outcomes_.empty();
}

void Courier::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stop_ || !in_hand_.empty(); });
    if (stop_) return;
    const auto [ticket, parcel] = std::move(in_hand_.front());
    in_hand_.pop_front();
    lock.unlock();
    const Delivery delivery = channel_->Deliver(parcel, stop_);
    lock.lock();
    outcomes_.push_back({ticket, delivery});
    if (!delivery.delivered()) GiveBack();
  }
}

}  // namespace retentiond
