// One walk of a TreeRemover.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "files/descent.h"
#include "files/removal.h"
#include "files/tree_remover.h"

namespace retentiond {

// All references must outlive the walk.
struct RemovalParts {
  const Root& root;
  std::size_t root_index;
  const Shield& shield;
  FileCalls& calls;
  const LiveSockets& sockets;
  MountPoints& mounts;
  const TreeRemover::Options& options;
};

// For one call of one of its public methods.
class TreeRemoval {
 public:
  // `descent` stands in the root; for EmptyTrash in its trash.
  TreeRemoval(const RemovalParts& parts, Descent& descent);

  Removal RemoveEntry(const std::vector<std::string>& components);
  Removal RemoveEmptyDirectory(const std::vector<std::string>& components);
  Removal EmptyTrash();

 private:
  struct Frame {
    std::string name;
    std::vector<std::string> directories = {};  // met, to be entered
    bool may_hold_output = false;               // at or below it
    int pass = 1;
    bool at_end = false;
    bool stays = false;      // something in it does
    std::int64_t files = 0;  // met that are no directories
  };

  void PushBase();
  bool EnterParents(const std::vector<std::string>& components);
  bool IsOldEnough(const std::string& name);
  bool Step();
  void VisitBatch();
  bool GoesOn();
  void Interrupt();
  bool IsInPlace();
  void VisitEntry(const Descent::Entry& entry);
  bool KeepIfOutput(const char* name);
  bool FitsKeepNames(const char* name) const;
  bool MayGoUnseen(const Descent::Entry& entry) const;
  void RemoveUnseen(const Descent::Entry& entry);
  void RemoveFile(const char* name, const struct statx& st,
                  std::int64_t stands_for);
  bool Unlink(const char* name);
  void EnterDirectory(const std::string& name, int pass);
  void FailToEnter(const std::string& name, const absl::Status& status);
  bool Lock();
  void MoveIntoTrash(const std::string& name);
  void MoveBack(const std::string& name);
  void FinishDirectory();
  absl::Status LeaveDirectory();
  std::string Shown(std::string path) const;
  void Keep(const std::string& path, const char* reason);
  void KeepOutput(const std::string& path, const char* reason);
  void Defer(const std::string& path, const char* reason);
  void Fail(const std::string& path, const absl::Status& status);
  void FailCall(const char* name, const char* action);

  const RemovalParts parts_;
  Descent& descent_;
  std::vector<Frame> frames_;
  bool in_trash_ = false;
  bool interrupted_ = false;
  // Whether a name in the entry fits options.keep_names, as far as is known.
  bool may_hold_past_output_;
  Removal removal_;
};

}  // namespace retentiond
