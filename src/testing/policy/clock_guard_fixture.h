// Readings of clocks in the two ways a machine can get to the present.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "policy/clock_guard.h"

namespace retentiond {

using FactSet = std::set<ClockFact>;

// An anchor of 2026-03-15 03:00, ten days after boot "a"; the present is set
// by the two ways a machine can get there.
class ClockGuardTest : public testing::Test {
 protected:
  ClockGuardTest() {
    input_.anchor_state = AnchorState::kReadable;
    input_.anchor = Anchor{*ParseInstant("2026-03-15T03:00:00Z"), "a",
                           Micros(std::chrono::days(10))};
    input_.build_date = *ParseInstant("2026-01-01T00:00:00Z");
    StayUp(std::chrono::hours(24), Micros(0));
  }

  // `passed` went by within the boot of the anchor, and the wall clock was
  // stepped by `step`.
  void StayUp(Micros passed, Micros step) {
    input_.now = ClockReading{input_.anchor->wall + passed + step, "a",
                              input_.anchor->boot_time + passed, false};
  }

  // Another boot has been up for `uptime`, and the wall clock gained `unseen`
  // more than that.
  void Reboot(Micros uptime, Micros unseen) {
    input_.now =
        ClockReading{input_.anchor->wall + uptime + unseen, "b", uptime, false};
  }

  void LoseAnchor(AnchorState state) {
    input_.anchor_state = state;
    input_.anchor.reset();
  }

  // Time passes on both clocks.
  void Pass(Micros time) {
    input_.now.wall += time;
    input_.now.boot_time += time;
  }

  GuardVerdict Assess() const { return AssessClock(input_); }

  // Assesses, and keeps what is to be kept for the next assessment.
  GuardVerdict AssessAndKeep() {
    GuardVerdict verdict = AssessClock(input_);
    input_.seen = verdict.seen;
    input_.blocked_since = verdict.doubt_since;
    return verdict;
  }

  // The facts but for the kernel's, which stands in most tests.
  FactSet Facts() const {
    FactSet facts = Assess().facts;
    facts.erase(ClockFact::kUnsynchronised);
    return facts;
  }

  GuardInput input_;
};

}  // namespace retentiond
