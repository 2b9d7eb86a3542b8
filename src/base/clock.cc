#include "base/clock.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>

namespace retentiond {
namespace {

// systemd's rule: below 16 s of estimated error the clock is synchronised.
constexpr long kLargestErrorMicros = 16'000'000;

Micros ReadClock(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::duration_cast<Micros>(
      std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

Wakeup::Wakeup() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Wakeup::~Wakeup() { close(fd_); }

void Wakeup::Notify() {
  const std::uint64_t one = 1;
  // A full counter is as good as a notification.
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof(one));
}

void Wakeup::Clear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = read(fd_, &count, sizeof(count));
}

Instant SystemClock::Now() const { return Instant(ReadClock(CLOCK_REALTIME)); }

Micros SystemClock::BootTime() const { return ReadClock(CLOCK_BOOTTIME); }

std::string SystemClock::BootId() const {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

bool SystemClock::Synchronised() const {
  timex state{};
  return adjtimex(&state) != -1 && state.maxerror < kLargestErrorMicros;
}

void SystemClock::Sleep(Micros duration, const Wakeup& wakeup) {
  pollfd poller{wakeup.fd(), POLLIN, 0};
  const Micros whole = std::max(duration, Micros(0));
  const timespec timeout{
      std::chrono::duration_cast<std::chrono::seconds>(whole).count(),
      (whole % std::chrono::seconds(1)).count() * 1000};
  ppoll(&poller, 1, &timeout, nullptr);
}

}  // namespace retentiond
