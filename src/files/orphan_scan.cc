#include "files/orphan_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "files/descent.h"
#include "files/name_pattern.h"
#include "files/tree_age.h"

namespace retentiond {
namespace {

constexpr std::size_t kMostYoungNames = 1000;  // by the header

// What a file system keeps at its own top (the list of systemd-tmpfiles), if
// the root is one; and our own trash. No entries of the farm's.
constexpr std::array<std::string_view, 5> kNoEntries = {
    kTrashName, "lost+found", "aquota.user", "aquota.group", ".journal"};

bool IsEntry(std::string_view name) {
  return std::find(kNoEntries.begin(), kNoEntries.end(), name) ==
         kNoEntries.end();
}

// Copies: a walk into the entries reuses the descent's buffer.
absl::StatusOr<std::vector<std::string>> ReadNames(Descent& descent) {
  ASSIGN_OR_RETURN(const std::vector<Descent::Entry> entries,
                   descent.ReadBatch());
  std::vector<std::string> names;
  for (const Descent::Entry& entry : entries) names.emplace_back(entry.name);
  return names;
}

}  // namespace

absl::StatusOr<OrphanScan> ScanForOrphans(
    const Root& root, Instant cutoff, FileCalls& calls,
    const std::function<absl::Status(const std::string& name)>& candidate,
    const std::function<bool()>& may_go_on) {
  ASSIGN_OR_RETURN(Descent descent, Descent::Open(root, calls));
  OrphanScan scan;
  std::vector<std::string> names;
  do {
    RETURN_IF_ERROR(descent.CheckInPlace());
    ASSIGN_OR_RETURN(names, ReadNames(descent));
    for (const std::string& name : names) {
      if (!IsEntry(name)) continue;
      if (!IsRemovableName(name)) {
        scan.errors.push_back(
            fmt::format("'{}' is no name that may be removed, keeping it",
                        EscapeName(name)));
        continue;
      }
      const absl::StatusOr<TreeAge> age =
          FindTreeAge(descent, calls, name, cutoff, {.may_go_on = may_go_on});
      if (absl::IsCancelled(age.status())) return age.status();
      if (!age.ok()) {
        scan.errors.push_back(MessageOf(age.status()) + ", keeping it");
        // Perhaps it stands in the middle of the entry.
        while (descent.depth() > 0) descent.Leave().IgnoreError();
      } else if (*age == TreeAge::kYoung) {
        ++scan.young_entries;
        if (scan.young_names.size() < kMostYoungNames) {
          scan.young_names.push_back(name);
        }
      } else if (*age == TreeAge::kOld) {
        ++scan.old_entries;
        RETURN_IF_ERROR(candidate(name));
      }
    }
  } while (!names.empty());
  return scan;
}

}  // namespace retentiond
