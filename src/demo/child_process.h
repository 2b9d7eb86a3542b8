// A forked process that cannot outlive the one that made it.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"

namespace retentiond {

class ChildProcess {
 public:
  // How a process ended: by itself, or by a signal.
  struct End {
    std::optional<int> code;
    std::optional<int> signal;
  };

  // Runs `body` in a child, whose exit code is what it returns. The caller must
  // have one thread and no database open.
  static absl::StatusOr<ChildProcess> Start(const std::function<int()>& body);

  ChildProcess(ChildProcess&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)) {}
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  // Kills it when it is still there, and reaps it.
  ~ChildProcess();

  // Waits for its end; to be called once. Aborted when a signal came and
  // `stop_requested` says yes: the child is killed.
  absl::StatusOr<End> Wait(const std::function<bool()>& stop_requested);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  void Kill();

  pid_t pid_;  // 0: reaped, or moved from
};

}  // namespace retentiond
