// A set of pairs of 64-bit hashes that need not fit into memory.
//
// The newest pairs are in memory; when there are enough of them they are
// written, sorted, to a scratch file as one run. A question looks into each
// run, so that they are merged into one when a round of insertions is over.
// This way a set that is filled at once and then asked, as a night's is, costs
// two sequential writes of 16 bytes a pair. A B-tree of the same pairs costs a
// random page for each: at a million jobs 4 million page writes instead of
// 100 MB (measured).
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retentiond {

struct HashPair {
  std::uint64_t first = 0;
  std::uint64_t second = 0;

  // clang-tidy 14 takes the 0 that the operator compares with for a pointer.
  // NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const HashPair&, const HashPair&) = default;
};

// Errors: ResourceExhausted (the disk of the scratch file is full), else as
// read(2) and write(2) say; after an error the set is of no more use.
// Memory: about 5 MB, and 1.25 bits for each pair.
// Threads: one at a time.
class PairSet {
 public:
  static absl::StatusOr<std::unique_ptr<PairSet>> Open();

  absl::Status Insert(const HashPair& pair);
  // Ends a round of insertions: reads and writes all pairs, where there are new
  // ones in the file, so that from then on Erase and Count read a page of it,
  // or two. They write nothing, and answer right without it.
  absl::Status Seal();
  absl::Status Erase(const HashPair& pair);
  // How many pairs have that first half.
  absl::StatusOr<std::int64_t> Count(std::uint64_t first);

 private:
  // Sorted pairs in the file, without duplicates.
  struct Run {
    off_t offset = 0;  // in bytes
    std::size_t size = 0;
    std::vector<std::uint64_t> fences;  // the first half that begins each page
    std::vector<bool> erased;           // one for each pair
  };
  class RunReader;
  class RunWriter;

  explicit PairSet(UniqueFd file) : file_(std::move(file)) {}

  absl::Status Spill();
  absl::Status Merge();
  // Calls `visit(pair, position)` for the pairs of the run with that first
  // half that are not erased.
  template <typename Visitor>
  absl::Status VisitRun(const Run& run, std::uint64_t first,
                        const Visitor& visit) const;

  UniqueFd file_;
  off_t end_ = 0;
  std::set<HashPair> recent_;
  std::vector<Run> runs_;
};

}  // namespace retentiond
