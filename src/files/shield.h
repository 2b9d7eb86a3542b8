// The shield: the outputs below the roots, which nothing may remove.
//
// It is filled once per run with the outputs of every job present and every job
// ever deleted, and kept as sorted 64-bit hashes of paths and inodes, 8 bytes
// each, so that a million outputs fit into the memory limit. A hash that
// collides keeps a file too much; it never loses one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "files/root.h"

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
  // below each root. `job_names` are the names of the job's own entries in the
  // roots.
  Added Add(std::string_view output, const std::vector<std::string>& job_names);
  // Lets the queries below see what was added; may be called again.
  void Seal();

  // `relative` is a path below root number `root`, without leading slash.
  bool HoldsPath(std::size_t root, std::string_view relative) const;
  bool HoldsInode(std::uint64_t device, std::uint64_t inode) const;
  // Whether an output may lie at or below that directory.
  bool HoldsBelow(std::size_t root, std::string_view relative) const;

  std::size_t size() const;

 private:
  struct Sequence {
    std::uint64_t directory;  // hash of {root, relative directory}
    std::string pattern;      // fnmatch pattern of the file name
  };
  void AddResolved(std::string_view absolute,
                   const std::vector<std::string>& job_names, Added& added);

  const std::vector<Root>& roots_;
  std::vector<std::uint64_t> paths_;      // outputs, whole directories too
  std::vector<std::uint64_t> ancestors_;  // directories above outputs
  std::vector<std::uint64_t> inodes_;
  std::vector<Sequence> sequences_;
};

}  // namespace retentiond
