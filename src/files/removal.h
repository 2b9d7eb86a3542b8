// What came of the removal of one entry, or of several.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "jobstore/belongings.h"

namespace retentiond {

// Reasons for which an entry is kept.
inline constexpr char kKeptShielded[] = "shielded";       // an output
inline constexpr char kKeptPastOutput[] = "past-output";  // fits keep_names
inline constexpr char kKeptDevice[] = "device";
inline constexpr char kKeptNewer[] = "newer";  // only_older_than
inline constexpr char kKeptRefusedName[] = "refused-name";
inline constexpr char kKeptMounted[] = "mounted";  // until another night
inline constexpr char kKeptInUse[] = "in-use";     // until another night
inline constexpr char kKeptSocket[] = "socket";    // until another night
inline constexpr char kKeptInterrupted[] = "interrupted";  // the same
inline constexpr char kKeptMoved[] = "moved";              // an error too
inline constexpr char kKeptPermission[] = "permission";    // an error too

struct Removal {
  static constexpr std::size_t kMostKept = 100;
  static constexpr std::size_t kMostErrors = 20;

  std::int64_t files = 0;  // all that is not a directory
  std::int64_t directories = 0;
  // Of the files whose last name went. Of a directory with many files they are
  // estimated: see tree_removal.cc.
  std::int64_t bytes = 0;
  std::int64_t shielded = 0;    // outputs that were met and kept
  std::vector<KeptEntry> kept;  // at most kMostKept, then counted only; escaped
  std::int64_t kept_total = 0;
  std::map<std::string, std::int64_t> kept_by_reason;
  std::int64_t deferred = 0;        // kept until another night
  std::vector<std::string> errors;  // one per failing path, at most kMostErrors
  std::int64_t errors_total = 0;

  // Whether trying again another night could remove more.
  bool retry() const { return errors_total > 0 || deferred > 0; }
};

}  // namespace retentiond
