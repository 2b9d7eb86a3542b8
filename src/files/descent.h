// A place in the tree below a root, and the way down to it.
//
// Every step down is openat2 with RESOLVE_BENEATH, NO_SYMLINKS, NO_XDEV and
// NO_MAGICLINKS from the directory above. Few descriptors are open, however
// deep the place: below the first levels only the current directory is, and the
// way up is "..", believed only when it leads to the directory that was left.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "files/file_calls.h"
#include "files/root.h"

namespace retentiond {

class Descent {
 public:
  struct Entry {
    const char* name;     // until the next ReadBatch
    unsigned char type;   // DT_*, as far as the file system says
    std::uint64_t inode;  // of a mount point: the one that it covers
  };
  // Directories that are open at a time: with the root's own descriptor and
  // the one that is being opened, within the promised 16.
  static constexpr std::size_t kMostOpen = 12;
  // Names between two looks at whether the directory still hangs where it was
  // entered: what a directory that is moved away may lose.
  static constexpr std::size_t kNamesPerCheck = 256;
  // A directory that has shown so many names is a large one: it is read on in
  // larger batches, in the order of the inodes, which is the order on the disk.
  // (GNU's fts sorts from 10,000 names on.)
  static constexpr std::size_t kNamesOfALarge = 10'000;

  // Stands in the root. `root` and `calls` must outlive the descent.
  static absl::StatusOr<Descent> Open(const Root& root, FileCalls& calls);

  // The current directory.
  int fd() const { return levels_.back().fd.get(); }
  std::size_t depth() const { return levels_.size() - 1; }  // 0 in the root
  const std::string& path() const { return path_; }  // relative; "" in the root
  std::uint64_t device() const { return levels_.back().identity.device; }
  std::uint64_t inode() const { return levels_.back().identity.inode; }
  // `name` in the current directory, relative to the root.
  std::string PathOf(const std::string& name) const;

  // Steps into a directory. On an error (ErrnoOf says which; EXDEV: a mount
  // point, ENOTDIR or ELOOP: no directory any more) stays where it was.
  absl::Status Enter(const std::string& name);
  // Steps back up. FailedPrecondition: the directory does not lie where it was
  // entered. After any error it stands in the nearest directory above that is
  // still known.
  absl::Status Leave();

  // Steps back up to `depth` at once, or further where that directory is not
  // open any more; looks at nothing on the way.
  void ReturnTo(std::size_t depth);

  // Renames the current directory, an entry of the root, to the same name in
  // the root's directory `above`, and goes on in it there. After any error it
  // lies where it lay before: a name that is taken there (EEXIST), another
  // file system (EXDEV), another directory that was renamed in its place
  // (FailedPrecondition, and moved back).
  absl::Status MoveInto(const std::string& above);

  // The next names of the current directory, but for "." and ".."; none at the
  // end. Goes on where it was after a step down and up again.
  // Of a large directory up to kLargeBuffer bytes of them.
  absl::StatusOr<std::vector<Entry>> ReadBatch();

  // FailedPrecondition when the current directory, or one of the nearest 16
  // above it, no longer hangs where it was entered by the name that it had, or
  // when the root is not what lies at its path.
  absl::Status CheckInPlace() const;

 private:
  struct Identity {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct Level {
    UniqueFd fd;  // not valid while a directory far below is current
    Identity identity;
    off_t position = 0;           // where to read on
    std::size_t names = 0;        // seen so far
    std::size_t path_length = 0;  // of the directory's own path
  };

  // A batch of a large directory; 100,000 names of a usual length.
  static constexpr std::size_t kLargeBuffer = 4 * 1024 * 1024;

  Descent(const Root& root, FileCalls& calls);
  absl::StatusOr<Level> OpenLevel(int parent, const char* name) const;
  int OpenDirectory(int parent, const char* name) const;
  absl::StatusOr<std::size_t> Fill(std::size_t wanted);
  std::string NameOf(std::size_t level) const;
  absl::Status CheckIdentity(const std::string& at,
                             const Identity& identity) const;
  absl::Status CheckRootInPlace() const;

  const Root* root_;
  FileCalls* calls_;
  std::vector<Level> levels_;
  std::string path_;
  std::vector<char> buffer_;
};

// `path` for a message: escaped, and of one that is longer than any call takes
// (PATH_MAX; a deep tree has such) only the beginning.
std::string ShownPath(const std::string& path);

// What the walkers ask of an entry: type, inode, links, size, stamps, and
// whether it is a mount point. -1 with errno set on failure.
int StatEntry(FileCalls& calls, int directory, const char* name,
              struct statx& result);

// The device of an entry in the form that struct stat has.
std::uint64_t DeviceOf(const struct statx& entry);

}  // namespace retentiond
