#include "jobstore/layout_resolution.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/nearest_name.h"
#include "base/status_macros.h"
#include "jobstore/job_field.h"

namespace retentiond {
namespace {

absl::StatusOr<std::string> ResolveColumn(const CatalogTable& table,
                                          const std::string& setting,
                                          const std::string& column,
                                          NameRule same) {
  const auto found = ResolveName(table.columns, column, same);
  if (found.has_value()) return *found;
  const auto nearest = NearestName(column, table.columns);
  return absl::InvalidArgumentError(fmt::format(
      "{}: table \"{}\" has no column \"{}\"{}; it has: {}", setting,
      table.name, column,
      nearest.has_value() ? fmt::format(" (did you mean \"{}\"?)", *nearest)
                          : "",
      fmt::join(table.columns, ", ")));
}

absl::Status NoJobTable(const Catalog& catalog, const std::string& name) {
  std::vector<std::string> names;
  for (const CatalogTable& table : catalog.tables) names.push_back(table.name);
  const auto nearest = NearestName(name, names);
  return absl::InvalidArgumentError(fmt::format(
      "jobs.table: no table \"{}\"{}; the database has: {}", name,
      nearest.has_value() ? fmt::format(" (did you mean \"{}\"?)", *nearest)
                          : "",
      names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
}

}  // namespace

std::optional<std::string> ResolveName(const std::vector<std::string>& names,
                                       const std::string& name, NameRule same) {
  const auto found =
      std::find_if(names.begin(), names.end(),
                   [&](const std::string& known) { return same(known, name); });
  if (found == names.end()) return std::nullopt;
  return *found;
}

const CatalogTable* ResolveTable(const Catalog& catalog,
                                 const std::string& name, NameRule same) {
  const auto found = std::find_if(
      catalog.tables.begin(), catalog.tables.end(),
      [&](const CatalogTable& table) { return same(table.name, name); });
  return found == catalog.tables.end() ? nullptr : &*found;
}

absl::StatusOr<JobLayout> ResolveLayout(const Catalog& catalog,
                                        const JobLayout& layout,
                                        NameRule same) {
  JobLayout resolved = layout;
  const CatalogTable* table = ResolveTable(catalog, layout.table, same);
  if (table == nullptr) return NoJobTable(catalog, layout.table);
  resolved.table = table->name;
  for (std::string& column : resolved.id) {
    ASSIGN_OR_RETURN(column, ResolveColumn(*table, "jobs.id", column, same));
  }
  ASSIGN_OR_RETURN(resolved.created,
                   ResolveColumn(*table, "jobs.created", layout.created, same));
  if (layout.status.has_value()) {
    ASSIGN_OR_RETURN(resolved.status, ResolveColumn(*table, "jobs.status",
                                                    *layout.status, same));
  }
  for (const FieldName& field : layout.required_fields) {
    if (FindField(field, table->columns).has_value()) continue;
    return ResolveColumn(*table, "jobs.outputs or [files]", field, same)
        .status();
  }
  for (JobLayout::Declared& declared : resolved.declared) {
    const CatalogTable* dependent = ResolveTable(catalog, declared.table, same);
    if (dependent == nullptr) continue;  // named by the deletion plan
    declared.table = dependent->name;
    for (std::string& column : declared.columns) {
      column = ResolveName(dependent->columns, column, same).value_or(column);
    }
  }
  return resolved;
}

std::vector<Reference> DeclaredReferences(const Catalog& catalog,
                                          const JobLayout& layout) {
  std::vector<Reference> references;
  for (const JobLayout::Declared& declared : layout.declared) {
    Reference reference;
    reference.table = declared.table;
    reference.columns = declared.columns;
    reference.parent = layout.table;
    reference.parent_columns = layout.id;
    reference.on_delete = OnDelete::kDeclared;
    const CatalogTable* table = catalog.Find(declared.table);
    reference.indexed = table != nullptr && table->HasIndexOn(declared.columns);
    references.push_back(std::move(reference));
  }
  return references;
}

}  // namespace retentiond
