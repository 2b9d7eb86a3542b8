// Takes messages to one channel, in a thread of its own, so that neither the
// run nor another channel waits for a receiver.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "alert/channel.h"

namespace retentiond {

class Courier {
 public:
  // What the sender knows the parcel by.
  using Ticket = std::int64_t;
  struct Outcome {
    Ticket ticket = 0;
    std::optional<Delivery> delivery;  // none: not tried, after a failure
  };

  explicit Courier(std::unique_ptr<Channel> channel);
  // Ends what is under way within a second.
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  AlertChannel what() const { return channel_->what(); }
  // Delivered in this order. After a failure the others in hand are given back
  // untried: they would meet the same, and keep their order.
  void Hand(Ticket ticket, Parcel parcel);
  std::vector<Outcome> TakeOutcomes();
  bool HasOutcomes() const;

 private:
  void Begin();
  void Work();
  void GiveBack();  // what is in hand, untried

  std::unique_ptr<Channel> channel_;
  std::atomic<bool> stop_ = false;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::pair<Ticket, Parcel>> in_hand_;
  std::vector<Outcome> outcomes_;
  std::thread thread_;  // begins with the first parcel
};

}  // namespace retentiond
