#include "run/root_set.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {

absl::StatusOr<RootSet> RootSet::Open(const FilesConfig& config,
                                      FileCalls& calls, DryRun dry_run,
                                      const RootLedger& ledger) {
  std::optional<uid_t> owner;
  if (config.owner.has_value()) {
    ASSIGN_OR_RETURN(owner, LookUpUser(*config.owner));
  }
  RootSet set;
  for (const std::filesystem::path& path : config.temp_roots) {
    RETURN_IF_ERROR(set.Add(path, owner, calls, dry_run, ledger));
  }
  set.temporary_roots_ = set.roots_.size();
  for (const std::filesystem::path& path : config.log_roots) {
    RETURN_IF_ERROR(set.Add(path, owner, calls, dry_run, ledger));
  }
  return set;
}

std::string RootSet::WhyNot(const std::string& path) const {
  const auto found =
      std::find_if(absent_.begin(), absent_.end(),
                   [&](const Absent& root) { return root.path == path; });
  return "its root is left alone: " + (found == absent_.end()
                                           ? "it is not configured any more"
                                           : found->reason);
}

absl::Status RootSet::Add(const std::filesystem::path& path,
                          const std::optional<uid_t>& owner, FileCalls& calls,
                          DryRun dry_run, const RootLedger& ledger) {
  absl::StatusOr<Root> root = Root::Open(path, owner);
  if (absl::IsNotFound(root.status())) {
    absent_.push_back({path.string(), "there is no such directory"});
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(root.status());

  // Where a trash cannot be made (a full disk, a missing right), files are
  // removed where they lie.
  absl::StatusOr<Trash> trash = Trash::Open(
      *root, calls,
      dry_run == DryRun::kNo ? Trash::Mode::kMake : Trash::Mode::kLook);
  FoundRoot found{.path = root->path()};
  if (trash.ok()) found.id = trash->id();
  found.device = root->identity().device;
  found.inode = root->identity().inode;
  found.id_is_hidden = absl::IsPermissionDenied(trash.status());
  RootJudgement judgement = JudgeRoot(found, ledger);
  if (judgement.record.has_value()) records_.push_back(*judgement.record);
  if (judgement.standing == RootStanding::kForeign) {
    foreign_ = root->path() + " " + judgement.reason;
  }
  if (judgement.standing == RootStanding::kOurs && trash.ok() &&
      dry_run == DryRun::kNo) {
    const absl::Status lock = trash->Lock(calls);
    if (absl::IsAborted(lock)) {
      judgement.standing = RootStanding::kUnfamiliar;
      judgement.reason = MessageOf(lock);
    }
  }
  if (judgement.standing != RootStanding::kOurs) {
    absent_.push_back({root->path(), judgement.reason});
    return absl::OkStatus();
  }
  roots_.push_back(*std::move(root));
  ids_.push_back(trash.ok() ? trash->id() : "");
  trashes_.emplace_back();
  if (trash.ok()) trashes_.back() = *std::move(trash);
  return absl::OkStatus();
}

}  // namespace retentiond
