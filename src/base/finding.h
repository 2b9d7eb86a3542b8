// What a check has to say about the place the daemon is put in.
#pragma once

#include <string>
#include <vector>

namespace retentiond {

struct Finding {
  enum class Level { kInfo, kWarning, kError };

  Level level = Level::kInfo;
  std::string code;     // "missing-index"; the list is in docs/check.md
  std::string table;    // empty where it is not about a table
  std::string column;   // empty where it is not about a column
  std::string message;  // what is wrong, and what follows from it
  std::string fix;      // the statement or command that mends it, or empty
};

}  // namespace retentiond
