// Removes one top-level entry of a root with all that lies below it, but for
// what is shielded, mounted, in use, a device or a live socket.
//
// Every step down is openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_XDEV and
// NO_MAGICLINKS from the directory above, so that a directory swapped for a
// link is never followed. Nothing is ever truncated, chmod-ed or chown-ed. The
// walk is iterative, goes on after an error and reports each failure once.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/dry_run.h"
#include "base/time.h"
#include "files/file_calls.h"
#include "files/live_sockets.h"
#include "files/mount_points.h"
#include "files/removal.h"
#include "files/root.h"
#include "files/shield.h"

namespace retentiond {

class TreeRemoval;
struct RemovalParts;

class TreeRemover {
 public:
  enum class UseTrash { kNo, kYes };
  struct Options {
    DryRun dry_run = DryRun::kNo;
    // fnmatch patterns of file names to keep: outputs of past jobs, in
    // orphans.
    std::vector<std::string> keep_names = {};
    // Keep the whole entry when anything in it carries a stamp at or after
    // this instant.
    std::optional<Instant> only_older_than = {};
    // Whether a directory in which nothing is to be kept goes into the root's
    // trash first, which must be there (files/trash.h). What cannot be emptied
    // there goes back to its place.
    UseTrash trash = UseTrash::kNo;
    // Called before each batch of names; may be null. A place to rest. False
    // ends the walk there: what is left of the entry lies at its place again
    // and waits for another night.
    std::function<bool()> may_go_on = {};
  };
  // `root_index` is the root's number in the shield. All references must
  // outlive the remover. Threads: one at a time; several removers may work on
  // one root, each on other entries.
  TreeRemover(const Root& root, std::size_t root_index, const Shield& shield,
              FileCalls& calls, LiveSockets sockets = LiveSockets());

  // `relative` names an entry below the root, of components that
  // IsRemovableName accepts; the directories above it are never removed. A
  // missing entry is success with nothing counted. A directory that somebody
  // else holds a flock on is left; ours is held while it is emptied.
  Removal Remove(std::string_view relative, const Options& options);

  // Removes the directory `relative` if it is empty; it is no failure when it
  // is not.
  Removal RemoveEmptyDirectory(std::string_view relative,
                               const Options& options);

  // Empties what a crash left in the root's trash. What stays in an entry goes
  // back to its place with it. No trash is success.
  Removal EmptyTrash(const Options& options);

 private:
  using EntryWalk =
      Removal (TreeRemoval::*)(const std::vector<std::string>& components);
  Removal Walk(std::string_view relative, const Options& options,
               EntryWalk walk);
  RemovalParts PartsOf(const Options& options);

  const Root& root_;
  std::size_t root_index_;
  const Shield& shield_;
  FileCalls& calls_;
  LiveSockets sockets_;
  MountPoints mounts_;
};

}  // namespace retentiond
