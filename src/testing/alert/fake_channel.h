// A channel that takes what it is brought, or fails as a test has it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "alert/channel.h"

namespace retentiond {

// What became of a channel outlives it: a reload makes it anew.
struct ChannelLog {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Parcel> parcels;  // every try
  std::vector<Delivery> next;   // what the next tries answer; then all is well
  bool hangs = false;           // until it is stopped

  std::vector<std::string> Told() {  // "raised slow", ...
    const std::lock_guard lock(mutex);
    std::vector<std::string> told;
    for (const Parcel& parcel : parcels) {
      told.push_back(std::string(NameOf(parcel.message.event)) + " " +
                     parcel.message.key);
    }
    return told;
  }
  void Answer(const std::vector<Delivery>& deliveries) {
    const std::lock_guard lock(mutex);
    next = deliveries;
  }
  void WaitForTries(std::size_t count) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return parcels.size() >= count; });
  }
};

class FakeChannel : public Channel {
 public:
  FakeChannel(AlertChannel what, ChannelLog& log)
      : what_(std::move(what)), log_(log) {}

  AlertChannel what() const override { return what_; }
  Delivery Deliver(const Parcel& parcel,
                   const std::atomic<bool>& stop) override {
    Delivery delivery;
    {
      const std::lock_guard lock(log_.mutex);
      log_.parcels.push_back(parcel);
      if (!log_.next.empty()) {
        delivery = log_.next.front();
        log_.next.erase(log_.next.begin());
      }
      log_.changed.notify_all();
      if (!log_.hangs) return delivery;
    }
    while (!stop) std::this_thread::yield();
    return {.problem = "stopped"};
  }

 private:
  AlertChannel what_;
  ChannelLog& log_;
};

}  // namespace retentiond
