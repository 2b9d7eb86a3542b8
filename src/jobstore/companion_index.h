// Which rotated and compressed log files ("7.log.1.gz") lie beside which log
// files ("7.log"), in a private temporary SQLite database: its memory is a
// fixed cache however many files there are.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace retentiond {

class SqliteConnection;

class CompanionIndex {
 public:
  static absl::StatusOr<std::unique_ptr<CompanionIndex>> Open();

  // `file` and `companion` are paths relative to `root`.
  absl::Status Add(const std::string& root, const std::string& file,
                   const std::string& companion);
  // In the order of their names.
  absl::StatusOr<std::vector<std::string>> Find(const std::string& root,
                                                const std::string& file);

 private:
  explicit CompanionIndex(std::shared_ptr<SqliteConnection> connection);
  std::shared_ptr<SqliteConnection> connection_;
};

}  // namespace retentiond
