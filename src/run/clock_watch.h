// Keeps the clock's anchor and asks the clock guard. The rules are in policy;
// here is where the facts come from.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "jobstore/state_store.h"
#include "policy/clock_guard.h"
#include "run/state_directory.h"

namespace retentiond {

class ClockWatch {
 public:
  // What only the database knows.
  struct Rows {
    bool would_delete_all = false;
    bool ahead = false;
  };

  // References must outlive the watch. `directory` may be null: then only the
  // database keeps the anchor.
  ClockWatch(const Clock& clock, StateStore& state,
             const StateDirectory* directory, Instant build_date);

  // Reads the anchor from both places and takes the later one; to be called
  // before the first Assess.
  absl::Status Load();

  // The facts as they stand now. Cheap: nothing is read but the clocks.
  GuardVerdict Assess(const Rows& rows) const;

  // Acts on a verdict: keeps since when the clock has been in doubt, sets the
  // anchor where it may be set, and audits that a doubt was cleared.
  absl::Status Settle(const GuardVerdict& verdict);

  bool has_anchor() const { return anchor_.has_value(); }
  ClockReading Read() const;

 private:
  const Clock& clock_;
  StateStore& state_;
  const StateDirectory* directory_;
  Instant build_date_;
  AnchorState anchor_state_ = AnchorState::kNone;
  std::optional<Anchor> anchor_;
  std::optional<ClockReading> doubt_since_;
};

}  // namespace retentiond
