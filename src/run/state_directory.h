// The daemon's folder outside the database: `<base>/<state id>/`. It keeps a
// second copy of what the clock guard remembers, and says whether this database
// had a state before that is now lost.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/clock_guard.h"

namespace retentiond {

class StateDirectory {
 public:
  // Makes `<base>/<state_id>` (mode 0700). `database` names the database
  // without secrets. PermissionDenied and others name the path.
  static absl::StatusOr<StateDirectory> Open(const std::filesystem::path& base,
                                             const std::string& state_id,
                                             const std::string& database);

  // Another folder belongs to the same database: the state tables were lost or
  // the database was restored from before they were made.
  bool state_was_lost() const { return state_was_lost_; }
  // The shield has been built anew from a complete run: the other folders are
  // of no more use.
  absl::Status ForgetLostState();

  // NotFound when there is none, DataLoss when it cannot be read as one.
  absl::StatusOr<Anchor> ReadAnchor() const;
  // Written to a new file, synced, and renamed.
  absl::Status WriteAnchor(const Anchor& anchor) const;

  // A second copy of a note of the state; none when there is none. `name` is a
  // plain file name.
  std::optional<std::string> ReadNote(const std::string& name) const;
  absl::Status WriteNote(const std::string& name,
                         const std::string& text) const;

  const std::filesystem::path& path() const { return path_; }

 private:
  StateDirectory() = default;
  std::filesystem::path path_;
  std::vector<std::filesystem::path> lost_;
  bool state_was_lost_ = false;
};

}  // namespace retentiond
