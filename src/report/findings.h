// What stands in the way of a safe and quick cleanup, for `check` and for
// whoever asks over HTTP.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "base/finding.h"
#include "run/preview.h"

namespace retentiond {

// Of the database, the roots, the outputs and the clock: docs/check.md has the
// codes. The database may be opened read-only.
absl::StatusOr<std::vector<Finding>> FindAll(const PreviewParts& parts);

}  // namespace retentiond
