// A place to which messages go.
#pragma once

#include <atomic>
#include <string>

#include "alert/delivery.h"
#include "policy/alert.h"

namespace retentiond {

// Who speaks.
struct Sender {
  std::string host;
  std::string database;  // as people know it, without secrets
};

// Threads: one at a time.
class Channel {
 public:
  virtual ~Channel() = default;

  virtual AlertChannel what() const = 0;
  // Takes half a minute at most; comes back soon, with a problem, once `stop`
  // is true.
  virtual Delivery Deliver(const Parcel& parcel,
                           const std::atomic<bool>& stop) = 0;
};

}  // namespace retentiond
