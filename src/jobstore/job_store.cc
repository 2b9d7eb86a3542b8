#include "jobstore/job_store.h"

#include <string>
#include <vector>

namespace retentiond {

absl::StatusOr<std::vector<std::string>> JobStore::AddCascade(
    const std::string& table) {
  return absl::UnimplementedError("a constraint of " + table +
                                  " cannot be altered in this database");
}

absl::StatusOr<std::vector<TableSize>> JobStore::TableSizes() {
  return std::vector<TableSize>();
}

absl::StatusOr<FarmLoad> JobStore::Load() { return FarmLoad(); }

}  // namespace retentiond
