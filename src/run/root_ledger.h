// Whether a directory at a root's path is the root that earlier runs worked on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "jobstore/belongings.h"

namespace retentiond {

// A root as it is now.
struct FoundRoot {
  std::string path;
  std::string id;  // in its trash; empty when there is none
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  // It has an id, perhaps, that this process may not read.
  bool id_is_hidden = false;
};

// What earlier runs recorded, and who and when asks.
struct RootLedger {
  std::vector<RootRecord> known;
  std::string machine;
  LocalDate slot;
  Instant now;
};

enum class RootStanding {
  kOurs,        // its files may be removed
  kUnfamiliar,  // another directory than before: nothing there is removed yet
  kForeign,     // on a machine whose roots no run has worked on
};

struct RootJudgement {
  RootStanding standing = RootStanding::kOurs;
  std::string reason;  // a phrase; empty when it is ours
  // What to record of it; none when it has no id.
  std::optional<RootRecord> record;
};

// The id decides, because neither a device's number nor an inode outlives what
// may happen to a disk. What is at a known path and has another id, or a known
// id and another inode (a copy), may be what lies below a disk that is away: it
// becomes ours when it is found again on a second night.
RootJudgement JudgeRoot(const FoundRoot& found, const RootLedger& ledger);

// Whether runs have removed files of that root.
bool WasOurs(const RootRecord& root);

}  // namespace retentiond
