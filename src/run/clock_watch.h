// Keeps the clock's anchor and the account of seen time, and asks the clock
// guard. The rules are in policy; here is where the facts come from.
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "jobstore/state_store.h"
#include "policy/clock_guard.h"
#include "run/observer.h"
#include "run/state_directory.h"

namespace retentiond {

class ClockWatch {
 public:
  // What only the database knows.
  struct Rows {
    std::optional<bool> would_delete_all = {};  // none: not asked
    bool ahead = false;
    bool slot_ahead = false;
  };
  // The first anchor is a run's to set: only there the rows are asked, and a
  // reading that they might contradict must not bear witness to itself.
  enum class FirstAnchor { kLeave, kSet };

  // References must outlive the watch. `directory` may be null: then only the
  // database keeps the anchor.
  ClockWatch(const Clock& clock, StateStore& state,
             const StateDirectory* directory, Instant build_date);

  // Reads what both places keep and takes the later of each, and asks the
  // database's server for its time; to be called before the first Assess.
  absl::Status Load();

  // The facts as they stand now. Cheap: nothing is read but the clocks.
  GuardVerdict Assess(const Rows& rows) const;

  // The same for an observer.
  ClockFindings FindingsOf(const GuardVerdict& verdict) const;

  // Acts on a verdict: keeps since when the clock has been in doubt and what
  // was seen of the time, sets the anchor where it may be set, and audits that
  // a doubt was cleared.
  absl::Status Settle(const GuardVerdict& verdict, FirstAnchor first);

  static Rows RowsOf(const SurveyTotals& totals);
  // Jobs created before this instant can bear witness against a wrong clock,
  // for a daemon that started at `process_start`.
  Instant WitnessesBefore(Instant process_start) const;

  // Whether there is something in a verdict that the last ones did not say and
  // that Settle would keep.
  bool IsNews(const GuardVerdict& verdict) const;

  bool has_anchor() const { return anchor_.has_value(); }
  ClockReading Read() const;

 private:
  std::optional<ServerClock> ServerNow() const;
  absl::Status LoadAnchor();
  absl::Status LoadDoubt();
  absl::Status LoadSeenTime();
  absl::Status LoadServer();
  void TakeLater(const std::string& text);
  absl::Status KeepDoubt(const std::optional<ClockReading>& since);
  absl::Status KeepSeenTime();
  absl::Status SetAnchor(const ClockReading& now);

  const Clock& clock_;
  StateStore& state_;
  const StateDirectory* directory_;
  Instant build_date_;
  AnchorState anchor_state_ = AnchorState::kNone;
  std::optional<Anchor> anchor_;
  bool damaged_ = false;  // something that was kept cannot be read
  std::optional<SeenTime> seen_;
  std::optional<ClockReading> doubt_since_;
  std::optional<ServerClock> server_;
  Micros server_read_at_{0};  // boot time
};

}  // namespace retentiond
