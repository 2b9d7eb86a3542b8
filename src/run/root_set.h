// The configured roots as a run finds them: opened, pinned, and known for what
// they are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/dry_run.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "files/root.h"
#include "files/trash.h"
#include "run/root_ledger.h"

namespace retentiond {

class RootSet {
 public:
  // A configured root whose files are left alone; they stay pending.
  struct Absent {
    std::string path;
    std::string reason;  // "there is no such directory", ...
  };

  // Unless it is a dry run, a trash with an id is made in each root, and its
  // flock held as long as the set lives.
  // Errors: InvalidArgument, of a root that Root::Open refuses.
  static absl::StatusOr<RootSet> Open(const FilesConfig& config,
                                      FileCalls& calls, DryRun dry_run,
                                      const RootLedger& ledger);

  // Those that may be worked on: temporary roots, then log roots.
  const std::vector<Root>& roots() const { return roots_; }
  std::size_t temporary_roots() const { return temporary_roots_; }
  // Of a root by its number: its id, empty when it has none; and whether
  // directories can be moved into its trash.
  const std::string& id(std::size_t root) const { return ids_[root]; }
  bool has_trash(std::size_t root) const { return trashes_[root].has_value(); }

  const std::vector<Absent>& absent() const { return absent_; }
  // Of a path that is none of roots(): "its root is left alone: ...".
  std::string WhyNot(const std::string& path) const;
  // Why this machine must not lead; none when it may.
  const std::optional<std::string>& foreign() const { return foreign_; }
  // What to record of those that are there.
  const std::vector<RootRecord>& records() const { return records_; }

 private:
  RootSet() = default;
  absl::Status Add(const std::filesystem::path& path,
                   const std::optional<uid_t>& owner, FileCalls& calls,
                   DryRun dry_run, const RootLedger& ledger);

  std::vector<Root> roots_;
  std::vector<std::string> ids_;
  std::vector<std::optional<Trash>> trashes_;
  std::size_t temporary_roots_ = 0;
  std::vector<Absent> absent_;
  std::optional<std::string> foreign_;
  std::vector<RootRecord> records_;
};

}  // namespace retentiond
