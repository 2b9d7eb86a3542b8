#include "demo/child_process.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/status.h"

namespace retentiond {
namespace {

// GCOV_EXCL_START: runs in the child, which ends without writing its counters
[[noreturn]] void RunChild(pid_t parent, const std::function<int()>& body) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above.
  if (getppid() != parent) _exit(1);
  // A Ctrl-C is answered by the parent, which ends its children and cleans up.
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_DFL);
  // No destructors and no flushing of what the parent had buffered.
  _exit(body());
}
// GCOV_EXCL_STOP

}  // namespace

absl::StatusOr<ChildProcess> ChildProcess::Start(
    const std::function<int()>& body) {
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return ErrnoStatus(errno, "fork");
  if (pid == 0) RunChild(parent, body);
  return ChildProcess(pid);
}

ChildProcess::~ChildProcess() { Kill(); }

void ChildProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = 0;
}

absl::StatusOr<ChildProcess::End> ChildProcess::Wait(
    const std::function<bool()>& stop_requested) {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0) {
    if (errno != EINTR) return ErrnoStatus(errno, "wait for a child process");
    if (stop_requested()) {
      Kill();
      return absl::AbortedError("interrupted");
    }
  }
  pid_ = 0;
  if (WIFSIGNALED(status)) return End{.signal = WTERMSIG(status)};
  return End{.code = WEXITSTATUS(status)};
}

}  // namespace retentiond
