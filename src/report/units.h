// Numbers as a person reads them.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace retentiond {

// "1,234,567"
std::string WithSeparators(std::int64_t number);
// "1.5 GiB", "312 B"
std::string HumanBytes(std::int64_t bytes);
// "2 h 05 min", "48 s", "0.4 s"
std::string HumanDuration(Micros duration);
// "1 job", "2 jobs"
std::string Counted(std::int64_t number, const std::string& noun);

}  // namespace retentiond
