// Writes the files of the demo's farm.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "demo/farm_job.h"

namespace retentiond {

// Makes the files with the directories above them, and stamps them, and the
// directories that lie below the temporary root, with `stamp` (modification and
// access time; the other stamps cannot be set).
absl::Status WriteFiles(const std::vector<FarmFile>& files, Instant stamp,
                        const FarmPaths& paths);

// The same for an orphan, whose entry appears in the temporary root with its
// stamps already on it: without a job to its name, nothing else protects it
// from a sweep that looks in between.
absl::Status WriteOrphan(const FarmOrphan& orphan, const FarmPaths& paths);

// An orphan directory `name` with the files that an aborted render leaves.
FarmOrphan MakeOrphan(const std::string& name, Instant newest,
                      const FarmPaths& paths);

}  // namespace retentiond
