// Finds the top-level entries of a temporary root whose whole tree is older
// than the cutoff. Whether a job still bears the name is the caller's question,
// asked after the scan.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "files/file_calls.h"
#include "files/root.h"

namespace retentiond {

struct OrphanScan {
  std::int64_t old_entries = 0;
  // Entries with anything younger than the cutoff, and the names of up to 1000
  // of them, to see whether the patterns fit this root.
  std::int64_t young_entries = 0;
  std::vector<std::string> young_names;
  // Entries that cannot be read or named: not candidates. One line each.
  std::vector<std::string> errors;
};

// Calls `candidate` with the name of each entry whose newest stamp
// (modification, change and birth time of everything in it) is before `cutoff`.
// The trash and what a file system keeps at its own top are no entries; a mount
// point, and what holds one, is neither old nor young. An error of `candidate`
// stops the scan. `may_go_on`, which may be null, is asked before each batch of
// names.
// Errors: of `candidate`, of the root itself (FailedPrecondition: another
// directory lies at its path), and Cancelled, when it may not go on.
absl::StatusOr<OrphanScan> ScanForOrphans(
    const Root& root, Instant cutoff, FileCalls& calls,
    const std::function<absl::Status(const std::string& name)>& candidate,
    const std::function<bool()>& may_go_on = nullptr);

}  // namespace retentiond
