#pragma once

namespace retentiond {

// Whether a deletion path deletes, or walks the same way and only counts.
enum class DryRun { kYes, kNo };

}  // namespace retentiond
