#include "alert/command_channel.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "alert/rendering.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "base/unique_fd.h"

namespace retentiond {
namespace {

constexpr std::chrono::milliseconds kLookEvery{50};

using Monotonic = std::chrono::steady_clock;

// A file in memory: unlike a pipe it takes everything at once, and nobody minds
// when it is not read.
absl::StatusOr<UniqueFd> InputOf(const std::string& text) {
  UniqueFd file(memfd_create("alert", MFD_CLOEXEC));
  if (!file.valid() ||
      write(file.get(), text.data(), text.size()) !=
          static_cast<ssize_t>(text.size()) ||
      lseek(file.get(), 0, SEEK_SET) != 0) {
    return ErrnoStatus(errno, "its input");  // GCOV_EXCL_LINE: out of memory
  }
  return file;
}

// The daemon's own environment holds secrets.
std::vector<std::string> EnvironmentOf() {
  std::vector<std::string> environment;
  for (const char* name : {"PATH", "HOME", "TZ", "LANG"}) {
    const char* const value = std::getenv(name);
    if (value != nullptr)
      environment.push_back(fmt::format("{}={}", name, value));
  }
  return environment;
}

std::vector<char*> PointersTo(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// What posix_spawn is to do: input from `input`, no output, no other
// descriptors, a process group of its own, no signal blocked.
class SpawnPlan {
 public:
  explicit SpawnPlan(int input) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, 0);
    posix_spawn_file_actions_addopen(&actions_, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions_, 2, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions_, 3);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  absl::StatusOr<pid_t> Spawn(std::vector<std::string> argv) const {
    std::vector<std::string> environment = EnvironmentOf();
    pid_t pid = 0;
    const int error =
        posix_spawn(&pid, argv.front().c_str(), &actions_, &attributes_,
                    PointersTo(argv).data(), PointersTo(environment).data());
    if (error != 0) return ErrnoStatus(error, argv.front());
    return pid;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

std::string ProblemOf(int status) {
  if (WIFSIGNALED(status)) {
    return fmt::format("it was killed by signal {}", WTERMSIG(status));
  }
  const int code = WEXITSTATUS(status);
  return code == 0 ? "" : fmt::format("it exited with {}", code);
}

}  // namespace

Delivery CommandChannel::Deliver(const Parcel& parcel,
                                 const std::atomic<bool>& stop) {
  const auto input = InputOf(JsonOf(parcel.message, sender_) + "\n");
  if (!input.ok()) return {.problem = MessageOf(input.status())};
  const absl::StatusOr<pid_t> pid = SpawnPlan(input->get()).Spawn(argv_);
  if (!pid.ok()) return {.problem = MessageOf(pid.status())};
  const Monotonic::time_point deadline = Monotonic::now() + limit_;
  int status = 0;
  while (waitpid(*pid, &status, WNOHANG) == 0) {
    if (stop || Monotonic::now() >= deadline) {
      kill(-*pid, SIGKILL);
      waitpid(*pid, &status, 0);
      return {.problem =
                  stop ? "it was stopped"
                       : fmt::format(
                             "it was killed after {} s",
                             std::chrono::duration_cast<std::chrono::seconds>(
                                 limit_)
                                 .count())};
    }
    poll(nullptr, 0, static_cast<int>(kLookEvery.count()));
  }
  return {.problem = ProblemOf(status)};
}

}  // namespace retentiond
