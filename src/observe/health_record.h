// When the daemon last gave a sign of life, for whoever asks over HTTP.
#pragma once

#include <atomic>
#include <string>

#include "base/clock.h"
#include "run/service_notifier.h"

namespace retentiond {

// Passes on what the service manager is told. Threads: LastAlive from any.
class HealthRecord : public ServiceNotifier {
 public:
  // Both must outlive this.
  HealthRecord(ServiceNotifier& next, const Clock& clock)
      : next_(next), clock_(clock), last_alive_(clock.BootTime()) {}

  void Ready() override { next_.Ready(); }
  void Status(const std::string& line) override { next_.Status(line); }
  void Alive() override {
    last_alive_ = clock_.BootTime();
    next_.Alive();
  }
  void Reloading() override { next_.Reloading(); }
  void Stopping() override { next_.Stopping(); }

  // Boot time; of the start until the first sign.
  Micros LastAlive() const { return last_alive_; }

 private:
  ServiceNotifier& next_;
  const Clock& clock_;
  std::atomic<Micros> last_alive_;
};

}  // namespace retentiond
