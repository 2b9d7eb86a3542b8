// What the processes of the demo share: the simulated time, and who is at what.
// It lies in an anonymous mapping that a forked child inherits.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "base/time.h"

namespace retentiond {

// Written by one process, read by the others after that one has ended.
class SharedText {
 public:
  void Set(const std::string& text);  // cut off where it is too long
  std::string Get() const { return text_.data(); }

 private:
  std::array<char, 1024> text_{};
};

struct SharedFarm {
  static_assert(std::atomic<std::int64_t>::is_always_lock_free);

  // Simulated time, in microseconds since 1970: of the daemon's machine, and up
  // to where the submitter has done its work.
  std::atomic<std::int64_t> now_us{0};
  std::atomic<std::int64_t> submitted_until_us{0};
  std::atomic<bool> cleaning{false};  // a run is going on
  std::atomic<bool> stop{false};      // tells the submitter to end

  std::atomic<std::int64_t> cleaning_us{0};  // real time spent in runs
  std::atomic<std::int64_t> batches{0};      // of the night's process
  std::atomic<std::int64_t> submitted{0};    // jobs, by the submitter
  std::atomic<std::int64_t> submitted_while_cleaning{0};
  std::atomic<std::int64_t> busy_answers{0};  // that the submitter got
  SharedText night_trouble;
  SharedText submitter_trouble;

  Instant now() const { return InstantFromMicros(now_us); }
};

// Owns the mapping.
class SharedFarmMapping {
 public:
  static absl::StatusOr<SharedFarmMapping> Make();
  SharedFarmMapping(SharedFarmMapping&& other) noexcept
      : farm_(std::exchange(other.farm_, nullptr)) {}
  SharedFarmMapping(const SharedFarmMapping&) = delete;
  SharedFarmMapping& operator=(const SharedFarmMapping&) = delete;
  ~SharedFarmMapping();

  SharedFarm& operator*() const { return *farm_; }
  SharedFarm* operator->() const { return farm_; }

 private:
  explicit SharedFarmMapping(SharedFarm* farm) : farm_(farm) {}
  SharedFarm* farm_;
};

}  // namespace retentiond
