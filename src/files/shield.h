// The shield: the outputs below the roots, which nothing may remove.
//
// It is filled once per run with the outputs of every job present and every job
// ever deleted, and kept as sorted 64-bit hashes of paths and inodes, 8 bytes
// each, so that a million outputs fit into the memory limit. A hash that
// collides keeps a file too much; it never loses one.
#pragma once

#include <sys/stat.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "files/path_resolver.h"
#include "files/root.h"
#include "files/sorted_hashes.h"

namespace retentiond {

class Shield {
 public:
  // `roots` must outlive the shield.
  explicit Shield(const std::vector<Root>& roots);

  // What became of one output text.
  enum class Added {
    kElsewhere,   // lies below no root, or names a path of another machine
    kShielded,    // lies below a root
    kAbsent,      // lies below a root, does not exist there (shielded by name)
    kUnresolved,  // cannot be resolved: `job_names` are shielded as a whole
  };
  // Adds what an output column holds: a path, a file:// URL, a directory, an
  // image sequence. A relative path is taken below each of `job_names` and
  // below each root, wherever there is such a directory. `job_names` are the
  // names of the job's own entries in the roots.
  //
  // A path is taken as it is written and as the kernel resolves it. What is
  // absent is excused where its directory could be opened, or where all that
  // could hold it is absent: the job's whole directory, or the place of an
  // output elsewhere. A link that leads nowhere is not (its target's disk may
  // only be away), nor a directory missing inside a job's own.
  Added Add(std::string_view output, const std::vector<std::string>& job_names);
  // Lets the queries below see what was added; may be called again.
  void Seal();

  // `relative` is a path below root number `root`, without leading slash: "" is
  // the root, held when an output is the root or lies above it.
  bool HoldsPath(std::size_t root, std::string_view relative) const;
  bool HoldsInode(std::uint64_t device, std::uint64_t inode) const;
  bool holds_inodes() const { return inodes_.size() > 0; }
  // Whether an output may lie at or below that directory.
  bool HoldsBelow(std::size_t root, std::string_view relative) const;

  // Hashes and sequences held: what the shield's memory is in proportion to.
  std::size_t size() const;

 private:
  struct Sequence {
    std::uint64_t directory;  // hash of {root, relative directory}
    std::string pattern;      // SequencePattern of the name in it

    // clang-tidy 14 takes the 0 that the operator compares with for a pointer.
    // NOLINTNEXTLINE(modernize-use-nullptr)
    friend auto operator<=>(const Sequence&, const Sequence&) = default;
  };
  // Where a candidate path comes from: one that is only one reading of a text
  // among others is not there when its directory is not.
  enum class Reading { kOnly, kOneOfSeveral };

  Added AddRelative(const std::string& text,
                    const std::vector<std::string>& job_names);
  Added AddAbsolute(const std::string& text, Reading reading);
  Added AddLiteral(const std::string& text, Reading reading);
  Added AddExisting(const std::string& path, bool below);
  Added AddSequence(const std::string& directory, const std::string& pattern);
  Added AddFrames(const std::string& directory, const std::string& pattern);
  // These two say whether the path has to do with a root.
  bool ShieldPath(std::string_view path);
  bool ShieldSequence(std::string_view directory, const std::string& pattern);
  void ShieldBelow(std::size_t root, std::string_view relative);
  void ShieldInode(const struct stat& st, bool below);
  bool IsInsideEntry(std::string_view path) const;
  bool MatchesSequence(std::uint64_t directory, std::string_view name) const;

  const std::vector<Root>& roots_;
  PathResolver resolver_;
  SortedHashes paths_;      // outputs, whole directories too
  SortedHashes ancestors_;  // directories above outputs
  SortedHashes inodes_;
  std::vector<Sequence> sequences_;
};

}  // namespace retentiond
