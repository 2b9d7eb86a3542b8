// Removes one top-level entry of a root with all that lies below it, but for
// what is shielded, mounted, in use, a device or a live socket.
//
// Every step down is openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_XDEV and
// NO_MAGICLINKS from the directory above, so that a directory swapped for a
// link is never followed. Nothing is ever truncated, chmod-ed or chown-ed. The
// walk is iterative, goes on after an error and reports each failure once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dry_run.h"
#include "base/time.h"
#include "files/file_calls.h"
#include "files/live_sockets.h"
#include "files/root.h"
#include "files/shield.h"
#include "jobstore/belongings.h"

namespace retentiond {

// Reasons for which an entry is kept.
inline constexpr char kKeptShielded[] = "shielded";       // an output
inline constexpr char kKeptPastOutput[] = "past-output";  // fits keep_names
inline constexpr char kKeptDevice[] = "device";
inline constexpr char kKeptNewer[] = "newer";  // only_older_than
inline constexpr char kKeptRefusedName[] = "refused-name";
inline constexpr char kKeptMounted[] = "mounted";        // until another night
inline constexpr char kKeptInUse[] = "in-use";           // until another night
inline constexpr char kKeptSocket[] = "socket";          // until another night
inline constexpr char kKeptMoved[] = "moved";            // an error too
inline constexpr char kKeptPermission[] = "permission";  // an error too

struct Removal {
  static constexpr std::size_t kMostKept = 100;
  static constexpr std::size_t kMostErrors = 20;

  std::int64_t files = 0;  // all that is not a directory
  std::int64_t directories = 0;
  std::int64_t bytes = 0;       // of the files whose last name went
  std::int64_t shielded = 0;    // outputs that were met and kept
  std::vector<KeptEntry> kept;  // at most kMostKept, then counted only; escaped
  std::int64_t kept_total = 0;
  std::int64_t deferred = 0;        // kept until another night
  std::vector<std::string> errors;  // one per failing path, at most kMostErrors
  std::int64_t errors_total = 0;

  // Whether trying again another night could remove more.
  bool retry() const { return errors_total > 0 || deferred > 0; }
  void Add(const Removal& other);
};

class TreeRemover {
 public:
  struct Options {
    DryRun dry_run = DryRun::kNo;
    // fnmatch patterns of file names to keep: outputs of past jobs, in
    // orphans.
    std::vector<std::string> keep_names;
    // Keep the whole entry when anything in it carries a stamp at or after
    // this instant.
    std::optional<Instant> only_older_than;
  };
  // `root_index` is the root's number in the shield. All references must
  // outlive the remover.
  TreeRemover(const Root& root, std::size_t root_index, const Shield& shield,
              FileCalls& calls, LiveSockets sockets = LiveSockets());

  // `relative` names an entry below the root, of components that
  // IsRemovableName accepts; the directories above it are never removed. A
  // missing entry is success with nothing counted. A directory that somebody
  // else holds a flock on is left; ours is held while it is emptied.
  Removal Remove(std::string_view relative, const Options& options);

 private:
  const Root& root_;
  std::size_t root_index_;
  const Shield& shield_;
  FileCalls& calls_;
  LiveSockets sockets_;
};

}  // namespace retentiond
