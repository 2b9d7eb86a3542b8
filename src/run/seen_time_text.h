// The account of seen time as it is stored (docs/clock-guard.md).
#pragma once

#include <optional>
#include <string>

#include "policy/seen_time.h"

namespace retentiond {

std::string TextOf(const SeenTime& seen);
// None when `text` is not such an account.
std::optional<SeenTime> SeenTimeOf(const std::string& text);

}  // namespace retentiond
