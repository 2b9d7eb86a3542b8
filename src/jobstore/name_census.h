// How many jobs in the database bear each file name, so that a name that a
// remaining job bears too is not removed with another one.
//
// Who bears what is kept as pairs of 64-bit hashes in a private temporary
// SQLite database: its memory is a fixed cache however many jobs there are. Two
// names with one hash count as one, which keeps a file too long and never
// removes one too early. A job that is shown twice counts once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/job.h"

namespace retentiond {

class NameCensus {
 public:
  static absl::StatusOr<std::unique_ptr<NameCensus>> Open();
  virtual ~NameCensus() = default;

  virtual absl::Status Add(const JobId& job,
                           const std::vector<std::string>& names) = 0;
  virtual absl::Status Remove(const JobId& job,
                              const std::vector<std::string>& names) = 0;
  // How many jobs bear `name`; 0 when none does.
  virtual absl::StatusOr<std::int64_t> Bearers(const std::string& name) = 0;
  virtual absl::Status Clear() = 0;
};

}  // namespace retentiond
