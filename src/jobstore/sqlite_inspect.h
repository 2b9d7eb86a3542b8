// A look at a database whose layout is not known yet: what `init` needs.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"

namespace retentiond {

// Errors as OpenSqlite's; the database is opened read-only.
absl::StatusOr<Catalog> InspectSqliteCatalog(const std::filesystem::path& path);

// The texts that occur in a column, at most 50, sorted.
absl::StatusOr<std::vector<std::string>> InspectSqliteValues(
    const std::filesystem::path& path, const std::string& table,
    const std::string& column);

}  // namespace retentiond
