// What a run would do, by the same code on a dry run: nothing is written.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "jobstore/database.h"
#include "policy/slot.h"
#include "run/file_cleaner.h"
#include "run/lease_holder.h"
#include "run/naming.h"

namespace retentiond {

struct Preview {
  struct Dependent {
    std::string table;
    std::int64_t rows = 0;
    std::string on_delete;
    bool indexed = false;
  };
  Slot slot;  // with the cutoff that the clock guard leaves it
  SurveyTotals totals;
  std::int64_t held = 0;          // in work, or referred to
  std::vector<HeldJob> referred;  // at most 20 of those that a reference holds
  std::int64_t to_delete = 0;
  std::vector<Dependent> dependents;
  std::int64_t job_directories = 0;
  std::int64_t orphans = 0;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t shielded = 0;
  std::vector<SizedEntry> largest = {};  // at most five, the largest first
  // Missing roots, roots that are not swept, an earlier cutoff.
  std::vector<std::string> notes;
  std::vector<std::string> blocked;  // clock facts that would block it now
};

// Rows of a batch on a dry run. It holds no lock, so that its size is a matter
// of memory (the jobs of a batch are held, some 10 MB of a million-job database
// with 20,000) and of time (5,000 takes no longer).
inline constexpr std::int64_t kDryRunRows = 5'000;

// All references must outlive the call. The database may be opened read-only.
struct PreviewParts {
  Database& database;
  const Config& config;
  const Naming& naming;
  Clock& clock;
  FileCalls& calls;
  Instant build_date;
  std::string host = HostName();
  // Asked between jobs and between files: true ends the look with Cancelled.
  std::function<bool()> stop_requested = [] { return false; };

  absl::Status CheckNotStopped() const;
};

// A cleaner that changes nothing, with nothing noted yet.
absl::StatusOr<std::unique_ptr<FileCleaner>> OpenForALook(
    const PreviewParts& parts, const Slot& slot);

absl::StatusOr<Preview> PreviewRun(const PreviewParts& parts,
                                   const Slot& asked);

}  // namespace retentiond
