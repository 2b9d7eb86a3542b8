// The demo's own record of what it made: an append-only file, one JSON object a
// line, written by the farm's processes and read by the verdict. Nothing of it
// comes from the daemon.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "demo/farm_job.h"

namespace retentiond {

struct LedgerJob {
  FarmJob job;                      // its last state
  std::optional<Instant> finished;  // none: in work
};

struct LedgerContent {
  std::map<std::string, LedgerJob> jobs;  // by id
  std::vector<FarmOrphan> orphans;
  // Below no root and of no job: never to change.
  std::vector<FarmFile> others;
};

// Several processes may each open it; a line is one write.
class Ledger {
 public:
  static absl::StatusOr<Ledger> Open(const std::filesystem::path& path);

  absl::Status AddJob(const FarmJob& job);
  absl::Status AddFinish(const std::string& id, Instant at);
  absl::Status AddOrphan(const FarmOrphan& orphan);
  absl::Status AddOther(const FarmFile& file);

 private:
  explicit Ledger(UniqueFd fd) : fd_(std::move(fd)) {}
  absl::Status Append(const std::string& line);

  UniqueFd fd_;
};

// DataLoss names the first line that is not one of the above.
absl::StatusOr<LedgerContent> ReadLedger(const std::filesystem::path& path);

// A job in one of these states is not in work.
bool IsFinished(const std::string& state);

}  // namespace retentiond
