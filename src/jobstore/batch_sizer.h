// How many jobs the next batch takes, by how many rows went with those before.
// Pure.
#pragma once

#include <cstdint>
#include <optional>

namespace retentiond {

class BatchSizer {
 public:
  // The jobs to take so that about `row_limit` rows go; at least 1.
  std::size_t JobsToTake(std::int64_t row_limit) const;

  // Notes that `jobs` of `taken` candidates would take `rows` with them. None:
  // they fit, or are one alone. Else how many candidates to take instead.
  std::optional<std::size_t> Fit(std::size_t taken, std::size_t jobs,
                                 std::int64_t rows, std::int64_t row_limit);

  // The database refused a batch of so many: one bad job must not keep the
  // others, so from here on they are taken one at a time.
  void Refused(std::size_t taken) { singly_ = taken; }
  void Passed(std::size_t taken);
  void Rewind() { singly_ = 0; }

 private:
  // Running average of the rows that go with one job, itself included; none
  // before the first batch.
  std::optional<double> rows_per_job_;
  std::size_t singly_ = 0;  // candidates still to be taken one at a time
};

}  // namespace retentiond
