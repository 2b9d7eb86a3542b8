// How many jobs in the database bear each file name, so that a name that a
// remaining job bears too is not removed with another one.
//
// Names and their bearers are kept as 64-bit hashes in a private temporary
// SQLite database: its memory is a fixed cache however many jobs there are. Two
// names with one hash count as one, which keeps a file too long. Only two
// bearers with one hash, of one and the same name, could lose it too early.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace retentiond {

class NameCensus {
 public:
  static absl::StatusOr<std::unique_ptr<NameCensus>> Open();
  virtual ~NameCensus() = default;

  // `bearer` is the job's key. To add what was added before changes nothing: a
  // store may show a job more than once.
  virtual absl::Status Add(const std::string& bearer,
                           const std::vector<std::string>& names) = 0;
  virtual absl::Status Remove(const std::string& bearer,
                              const std::vector<std::string>& names) = 0;
  // How many jobs bear `name`; 0 when none does.
  virtual absl::StatusOr<std::int64_t> Bearers(const std::string& name) = 0;
  virtual absl::Status Clear() = 0;
};

}  // namespace retentiond
