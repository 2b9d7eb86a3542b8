// The expired jobs that a survey found, oldest first, and how far the batches
// have come.
//
// They are kept in a private temporary database rather than in memory, so that
// a million of them cost a fixed cache, and rather than in a temporary table
// beside the jobs, so that a batch that is rolled back leaves them alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/time.h"
#include "jobstore/sqlite_value.h"

namespace retentiond {

// A row's key, each value in the text form of its type.
using TextKey = std::vector<std::string>;

// `Key`: RowKey, or TextKey.
template <typename Key>
class BasicCandidateList {
 public:
  // `key_columns`: how many values a row key has.
  static absl::StatusOr<std::unique_ptr<BasicCandidateList>> Open(
      std::size_t key_columns);

  struct Candidate {
    Instant created;
    Key key;
  };

  // Adds all or none.
  absl::Status Add(const std::vector<Candidate>& candidates);
  // The next ones, at most `count`, without passing them.
  absl::StatusOr<std::vector<Key>> Peek(std::size_t count);
  // Passes the next `count` ones, which Peek has returned.
  absl::Status Pass(std::size_t count);
  void Rewind();
  // Takes out those that were created from `first` to `last`.
  absl::Status Remove(Instant first, Instant last);

 private:
  BasicCandidateList(std::shared_ptr<SqliteConnection> scratch,
                     std::size_t key_columns);

  std::shared_ptr<SqliteConnection> scratch_;
  std::size_t key_columns_;
  std::string insert_;
  std::string select_;
  std::int64_t added_ = 0;
  // The last one that was passed: creation time, and order of adding.
  std::int64_t passed_created_us_ = 0;
  std::int64_t passed_number_ = 0;
};

using CandidateList = BasicCandidateList<RowKey>;
using TextCandidateList = BasicCandidateList<TextKey>;

}  // namespace retentiond
