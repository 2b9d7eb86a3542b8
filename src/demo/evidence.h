// Gathers what the verdict is given on: the farm's own database and tree by the
// demo's own eyes, the runs and the audit by the daemon's records.
#pragma once

#include "absl/status/statusor.h"
#include "demo/verdict.h"

namespace retentiond {

absl::StatusOr<Evidence> GatherEvidence(const FarmPaths& paths,
                                        Database& database);

}  // namespace retentiond
