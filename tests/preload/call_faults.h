// Counts the system calls of a process that change or read what outlives it,
// and makes the n-th the one at which it is killed, or which fails.
//
// It stands in front of the C library, so that the product, SQLite and libpq
// are as users have them. A library preloaded into the daemon takes its plan
// from the environment (call_faults.cc); a test program that is linked with it
// arms it.
#pragma once

#include <string>

namespace retentiond::call_faults {

// What a call does; a plan counts those of some kinds.
enum Kind : unsigned {
  kWrite = 1U << 0U,    // content or length of a file
  kSync = 1U << 1U,     // fsync, of files and directories
  kName = 1U << 2U,     // rename, unlink, mkdir, rmdir
  kSend = 1U << 3U,     // to a server: before it, and once more after it
  kReceive = 1U << 4U,  // from a server
  kRead = 1U << 5U,     // of a file or a directory
  kOpen = 1U << 6U,     // of a file or a directory
  kLock = 1U << 7U,     // of a file's bytes, as SQLite locks
  kConnect = 1U << 8U,  // to a server
};

struct Plan {
  unsigned kinds = 0;
  // Only files below it are meant.
  std::string below;
  // The call that is hit, counted from 1; 0: none.
  long at = 0;
  // What errno it fails with; 0: the process is killed in its place.
  int error = 0;
  // All calls after it fail as well.
  bool for_good = false;
};

// Counts from 0 again, by this plan.
void Arm(const Plan& plan);

// The calls that were counted since then.
long Count();

}  // namespace retentiond::call_faults
