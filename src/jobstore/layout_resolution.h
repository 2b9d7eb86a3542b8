// From the names in a configuration to those of a catalog.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"
#include "jobstore/database.h"

namespace retentiond {

// Whether a database takes two names for the same.
using NameRule = bool (*)(const std::string& known, const std::string& name);

// The member of `names` that the database takes `name` for.
std::optional<std::string> ResolveName(const std::vector<std::string>& names,
                                       const std::string& name, NameRule same);
// Null when there is no such table.
const CatalogTable* ResolveTable(const Catalog& catalog,
                                 const std::string& name, NameRule same);

// What is said in `layout` of tables and columns, in the catalog's spelling.
// InvalidArgument (no such table or column) names what there is, and the
// nearest name.
absl::StatusOr<JobLayout> ResolveLayout(const Catalog& catalog,
                                        const JobLayout& layout, NameRule same);

// The declared dependents as references to the job table.
std::vector<Reference> DeclaredReferences(const Catalog& catalog,
                                          const JobLayout& layout);

}  // namespace retentiond
