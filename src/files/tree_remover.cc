#include "files/tree_remover.h"

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "files/descent.h"
#include "files/name_pattern.h"
#include "files/tree_removal.h"

namespace retentiond {
namespace {

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> components;
  for (std::size_t slash = path.find('/'); slash != std::string_view::npos;
       slash = path.find('/')) {
    components.emplace_back(path.substr(0, slash));
    path.remove_prefix(slash + 1);
  }
  components.emplace_back(path);
  return components;
}

Removal Failure(const absl::Status& status) {
  Removal removal;
  removal.errors.push_back(MessageOf(status));
  removal.errors_total = 1;
  return removal;
}

Removal Refusal(std::string_view relative) {
  Removal removal;
  removal.kept.push_back({EscapeName(relative), kKeptRefusedName});
  removal.kept_total = 1;
  removal.kept_by_reason[kKeptRefusedName] = 1;
  return removal;
}

absl::StatusOr<Descent> OpenInPlace(const Root& root, FileCalls& calls) {
  absl::StatusOr<Descent> descent = Descent::Open(root, calls);
  if (descent.ok()) {
    const absl::Status status = descent->CheckInPlace();
    if (!status.ok()) return status;
  }
  return descent;
}

}  // namespace

TreeRemover::TreeRemover(const Root& root, std::size_t root_index,
                         const Shield& shield, FileCalls& calls,
                         LiveSockets sockets)
    : root_(root),
      root_index_(root_index),
      shield_(shield),
      calls_(calls),
      sockets_(std::move(sockets)) {}

RemovalParts TreeRemover::PartsOf(const Options& options) {
  return {.root = root_,
          .root_index = root_index_,
          .shield = shield_,
          .calls = calls_,
          .sockets = sockets_,
          .mounts = mounts_,
          .options = options};
}

Removal TreeRemover::Walk(std::string_view relative, const Options& options,
                          EntryWalk walk) {
  const std::vector<std::string> components = SplitPath(relative);
  if (!std::all_of(components.begin(), components.end(), IsRemovableName)) {
    return Refusal(relative);
  }
  absl::StatusOr<Descent> descent = OpenInPlace(root_, calls_);
  if (!descent.ok()) return Failure(descent.status());
  return (TreeRemoval(PartsOf(options), *descent).*walk)(components);
}

Removal TreeRemover::Remove(std::string_view relative, const Options& options) {
  return Walk(relative, options, &TreeRemoval::RemoveEntry);
}

Removal TreeRemover::RemoveEmptyDirectory(std::string_view relative,
                                          const Options& options) {
  return Walk(relative, options, &TreeRemoval::RemoveEmptyDirectory);
}

Removal TreeRemover::EmptyTrash(const Options& options) {
  absl::StatusOr<Descent> descent = OpenInPlace(root_, calls_);
  absl::Status status = descent.status();
  if (status.ok()) status = descent->Enter(std::string(kTrashName));
  if (ErrnoOf(status) == ENOENT) return Removal();
  if (!status.ok()) return Failure(status);
  return TreeRemoval(PartsOf(options), *descent).EmptyTrash();
}

}  // namespace retentiond
