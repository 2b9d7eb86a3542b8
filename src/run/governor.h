// Steers the size of the batches and the pauses between them by what the last
// ones cost, by whether anybody else was writing, and by how the others fare. A
// pure function of what it is told; no knobs.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "jobstore/job_store.h"

namespace retentiond {

// Size and pause are steered apart: the size by how long the last batch kept
// others out, the pause by how much of the time others need. Two limits: beyond
// the first it slows down, beyond the second it stops for now, and looks again
// after pauses that grow.
class Governor {
 public:
  enum class Manner {
    kNormal,
    kYielding,  // outside the quiet hours: always as if the farm were busy
  };
  Governor(Manner manner, const BatchTimes& times);

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
  // How the others fared just now; asked between two batches, at most every
  // 200 ms, and before going on after a stop.
  void ObserveLoad(const FarmLoad& load, Instant at);

  // Rows that the next batch may delete, dependents included.
  std::int64_t row_limit() const { return row_limit_; }
  // How long to leave the database alone before it, or before the next look.
  Micros pause() const { return pause_; }
  // No batch until a look at the load says otherwise.
  bool stopped() const { return looks_in_a_row_ > 0; }
  // "full speed", "the farm is writing", ...
  const std::string& reason() const { return reason_; }

 private:
  bool Live(Instant now) const;
  void Press(const std::string& pressure, Instant at);

  Manner manner_;
  BatchTimes times_;
  std::int64_t row_limit_;
  Micros pause_{0};
  std::string reason_ = "full speed";
  std::optional<Instant> last_foreign_;
  std::optional<Instant> last_pressed_;  // others fared badly
  std::string pressure_;                 // in which way
  std::optional<Micros> usual_lag_;      // the least that was seen
  int busy_in_a_row_ = 0;
  int looks_in_a_row_ = 0;  // that said to stop
};

}  // namespace retentiond
