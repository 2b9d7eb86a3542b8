// What is told while the state cannot be written: alerts that stand, and
// messages that wait, for as long as the process lives.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "policy/alert.h"

namespace retentiond {

class MemoryOutbox {
 public:
  struct Entry {
    std::int64_t id = 0;
    std::string channel;
    AlertMessage message;
    std::int64_t attempts = 0;  // that failed
    Micros next_try{0};         // boot time
    bool out = false;           // handed to its channel
  };

  // Decides by the report and what stands here. At most 200 messages wait: the
  // oldest of the lightest go.
  void Tell(const AlertReport& report, Instant now, Micros boot_now);

  const std::vector<StandingAlert>& standing() const { return standing_; }
  // They stand in the state from now on.
  void ForgetStanding() { standing_.clear(); }

  bool HasDue(Micros boot_now) const;
  // Those that are due, oldest first; they are out from now on.
  std::vector<Entry> TakeDue(Micros boot_now);
  void Delivered(std::int64_t id);
  void TryAgain(std::int64_t id, Micros at, bool tried);
  // Nobody has them any more.
  void CallBack();
  std::size_t size() const { return entries_.size(); }

 private:
  void DropSurplus();

  std::vector<StandingAlert> standing_;
  std::vector<Entry> entries_;  // by id
  std::int64_t last_id_ = 0;
};

}  // namespace retentiond
