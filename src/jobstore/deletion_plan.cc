#include "jobstore/deletion_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

bool Deletes(const Reference& reference) {
  return reference.on_delete == OnDelete::kCascade ||
         reference.on_delete == OnDelete::kDeclared;
}

bool Holds(const Reference& reference) {
  return reference.on_delete == OnDelete::kRestrict ||
         reference.on_delete == OnDelete::kNoAction;
}

std::string NamesOf(const std::vector<CatalogTable>& tables) {
  std::vector<std::string> names;
  for (const CatalogTable& table : tables) names.push_back(table.name);
  std::sort(names.begin(), names.end());
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

absl::Status CheckDeclared(const Catalog& catalog, const Reference& declared) {
  const CatalogTable* table = catalog.Find(declared.table);
  if (table == nullptr) {
    return absl::InvalidArgumentError(fmt::format(
        "dependent table \"{}\" does not exist; the database has: {}",
        declared.table, NamesOf(catalog.tables)));
  }
  if (declared.columns.empty() ||
      declared.columns.size() != declared.parent_columns.size()) {
    return absl::InvalidArgumentError(
        fmt::format("dependent table \"{}\": {} columns given; expected {}, as "
                    "many as the job's id has",
                    declared.table, declared.columns.size(),
                    declared.parent_columns.size()));
  }
  for (const std::string& column : declared.columns) {
    if (std::find(table->columns.begin(), table->columns.end(), column) ==
        table->columns.end()) {
      return absl::InvalidArgumentError(
          fmt::format("dependent table \"{}\" has no column \"{}\"; it has: {}",
                      declared.table, column, fmt::join(table->columns, ", ")));
    }
  }
  return absl::OkStatus();
}

// The job table and every table that loses rows with a job.
std::set<std::string> AffectedTables(const std::vector<Reference>& references,
                                     const std::string& job_table) {
  std::set<std::string> affected = {job_table};
  bool grown = true;
  while (grown) {
    grown = false;
    for (const Reference& reference : references) {
      if (Deletes(reference) && affected.contains(reference.parent)) {
        grown |= affected.insert(reference.table).second;
      }
    }
  }
  return affected;
}

// Appends `table` after all affected tables that refer to it: a post-order
// walk, which breaks a cycle where it meets itself.
void AppendAfterReferrers(const std::string& table,
                          const std::vector<Reference>& references,
                          const std::set<std::string>& affected,
                          std::set<std::string>& seen,
                          std::vector<std::string>& order) {
  if (!seen.insert(table).second) return;
  for (const Reference& reference : references) {
    if (reference.parent == table && affected.contains(reference.table)) {
      AppendAfterReferrers(reference.table, references, affected, seen, order);
    }
  }
  order.push_back(table);
}

PlanTable MakePlanTable(const std::string& name,
                        const std::vector<Reference>& references,
                        const std::set<std::string>& affected) {
  PlanTable table;
  table.name = name;
  table.leaf = true;
  for (const Reference& reference : references) {
    if (reference.parent == name) table.leaf = false;
    if (reference.table == name && Deletes(reference) &&
        affected.contains(reference.parent)) {
      table.via.push_back(reference);
    }
  }
  return table;
}

}  // namespace

absl::StatusOr<DeletionPlan> MakeDeletionPlan(
    const Catalog& catalog, const std::string& job_table,
    const std::vector<Reference>& declared) {
  if (catalog.Find(job_table) == nullptr) {
    return absl::NotFoundError(
        fmt::format("no table \"{}\"; the database has: {}", job_table,
                    NamesOf(catalog.tables)));
  }
  std::vector<Reference> references = catalog.references;
  for (const Reference& reference : declared) {
    RETURN_IF_ERROR(CheckDeclared(catalog, reference));
    references.push_back(reference);
  }
  const std::set<std::string> affected = AffectedTables(references, job_table);
  std::set<std::string> seen;
  std::vector<std::string> order;
  AppendAfterReferrers(job_table, references, affected, seen, order);

  DeletionPlan plan;
  plan.job_table = job_table;
  for (const std::string& name : order) {
    if (name == job_table) continue;
    plan.tables.push_back(MakePlanTable(name, references, affected));
  }
  for (const Reference& reference : references) {
    if (!affected.contains(reference.parent)) continue;
    if (Holds(reference)) {
      plan.holding.push_back(reference);
    } else if (!Deletes(reference)) {
      plan.clearing.push_back(reference);
    } else if (reference.table == job_table) {
      plan.job_to_job.push_back(reference);
    }
  }
  return plan;
}

std::vector<Reference> FollowedReferences(const DeletionPlan& plan) {
  std::vector<Reference> references;
  for (const PlanTable& table : plan.tables) {
    references.insert(references.end(), table.via.begin(), table.via.end());
  }
  for (const auto* more : {&plan.job_to_job, &plan.holding, &plan.clearing}) {
    references.insert(references.end(), more->begin(), more->end());
  }
  return references;
}

}  // namespace retentiond
