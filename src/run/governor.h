// Steers the size of the batches and the pauses between them by what the last
// ones cost and by whether anybody else was writing. A pure function of what it
// is told; no knobs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"

namespace retentiond {

class Governor {
 public:
  enum class Manner {
    kNormal,
    kYielding,  // outside the quiet hours: always as if the farm were busy
  };
  explicit Governor(Manner manner);

  struct Measured {
    Instant at;
    std::int64_t rows = 0;
    Micros lock_wait{0};
    Micros lock_held{0};
    bool foreign_commits = false;
  };
  void Observe(const Measured& batch);
  // The database was busy: nothing was done.
  void ObserveBusy(Instant at);

  // Rows that the next batch may delete, dependents included.
  std::int64_t row_limit() const { return row_limit_; }
  // How long to leave the database alone before it.
  Micros pause() const { return pause_; }
  // "full speed", "the farm is writing", ...
  const std::string& reason() const { return reason_; }

 private:
  bool Live(Instant now) const;

  Manner manner_;
  std::int64_t row_limit_;
  Micros pause_{0};
  std::string reason_ = "full speed";
  std::optional<Instant> last_foreign_;
  int busy_in_a_row_ = 0;
};

}  // namespace retentiond
