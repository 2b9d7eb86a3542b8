// What is said of which conditions: each when it comes up, once a day while it
// stands, and when it is over.
#pragma once

#include <chrono>
#include <vector>

#include "policy/alert.h"

namespace retentiond {

// A little less than a day: a condition that only a run can see is seen a few
// minutes earlier on some nights than on the one before.
inline constexpr std::chrono::hours kTellAgainAfter{23};

// A text is not longer than this; what is longer is cut.
inline constexpr std::size_t kLongestAlertText = 2000;

struct AlertDecision {
  std::vector<StandingAlert> standing;  // from now on, in place of the old ones
  std::vector<AlertMessage> messages;
};

// `standing` is what stood before. What the report did not look at stays as it
// is. The messages lack the audit's head.
AlertDecision Decide(const std::vector<StandingAlert>& standing,
                     const AlertReport& report, Instant now);

}  // namespace retentiond
