// What the service manager is told: ready, status, alive, reloading, stopping.
#pragma once

#include <string>

namespace retentiond {

// sd_notify(3). Does nothing where there is no service manager.
class ServiceNotifier {
 public:
  virtual ~ServiceNotifier() = default;
  virtual void Ready();
  virtual void Status(const std::string& line);
  virtual void Alive();  // the watchdog's keep-alive
  // Followed by Ready when the reload is over, whatever came of it.
  virtual void Reloading();
  virtual void Stopping();
};

}  // namespace retentiond
