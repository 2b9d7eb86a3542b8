// How many jobs in the database bear each file name, so that a name that a
// remaining job bears too is not removed with another one.
//
// Who bears what is kept as pairs of 64-bit hashes in a PairSet. Two names with
// one hash count as one, which keeps a file too long and never removes one too
// early. A job that is shown twice counts once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/job.h"
#include "jobstore/pair_set.h"

namespace retentiond {

// Errors, memory and threads as PairSet.
class NameCensus {
 public:
  static absl::StatusOr<std::unique_ptr<NameCensus>> Open();

  absl::Status Add(const JobId& job, const std::vector<std::string>& names);
  // Ends a round of additions. It may take a while and the other methods do
  // not: it is not for a transaction.
  absl::Status Seal() { return pairs_->Seal(); }
  absl::Status Remove(const JobId& job, const std::vector<std::string>& names);
  // How many jobs bear `name`; 0 when none does.
  absl::StatusOr<std::int64_t> Bearers(const std::string& name);

 private:
  explicit NameCensus(std::unique_ptr<PairSet> pairs)
      : pairs_(std::move(pairs)) {}

  std::unique_ptr<PairSet> pairs_;  // {hash of the name, hash of the job}
};

}  // namespace retentiond
