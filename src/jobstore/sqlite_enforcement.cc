#include "jobstore/sqlite_enforcement.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

// The constraints that SQLite follows when rows of the plan are deleted.
std::vector<Reference> Constraints(const DeletionPlan& plan) {
  std::vector<Reference> references;
  for (const PlanTable& table : plan.tables) {
    references.insert(references.end(), table.via.begin(), table.via.end());
  }
  for (const auto* more : {&plan.job_to_job, &plan.holding, &plan.clearing}) {
    references.insert(references.end(), more->begin(), more->end());
  }
  std::erase_if(references, [](const Reference& reference) {
    return reference.on_delete == OnDelete::kDeclared;
  });
  return references;
}

// Whether clearing the columns of `reference` may change what another row
// refers to, or needs a value that the catalog does not tell.
bool IsBeyondUs(const Reference& reference,
                const std::vector<Reference>& constraints) {
  if (reference.on_delete != OnDelete::kSetNull) return true;
  return std::any_of(
      constraints.begin(), constraints.end(), [&](const Reference& other) {
        return other.parent == reference.table &&
               std::find_first_of(
                   reference.columns.begin(), reference.columns.end(),
                   other.parent_columns.begin(),
                   other.parent_columns.end()) != reference.columns.end();
      });
}

}  // namespace

absl::StatusOr<Enforcement> ChooseEnforcement(SqliteConnection& connection,
                                              const DeletionPlan& plan) {
  const std::vector<Reference> constraints = Constraints(plan);
  const bool indexed =
      std::all_of(constraints.begin(), constraints.end(),
                  [](const Reference& reference) { return reference.indexed; });
  const bool beyond_us =
      std::any_of(plan.clearing.begin(), plan.clearing.end(),
                  [&](const Reference& reference) {
                    return IsBeyondUs(reference, constraints);
                  });
  if (indexed || beyond_us) return Enforcement::kBySqlite;
  ASSIGN_OR_RETURN(
      const auto triggers,
      connection.QueryInt(
          "SELECT count(*) FROM main.sqlite_master WHERE type = 'trigger'"));
  return triggers == 0 ? Enforcement::kByBatch : Enforcement::kBySqlite;
}

absl::StatusOr<ForeignKeysSuspended> ForeignKeysSuspended::Make(
    SqliteConnection& connection, Enforcement enforcement) {
  if (enforcement == Enforcement::kBySqlite) {
    return ForeignKeysSuspended(nullptr);
  }
  RETURN_IF_ERROR(connection.Execute("PRAGMA foreign_keys = OFF"));
  return ForeignKeysSuspended(&connection);
}

ForeignKeysSuspended::ForeignKeysSuspended(
    ForeignKeysSuspended&& other) noexcept
    : connection_(std::exchange(other.connection_, nullptr)) {}

ForeignKeysSuspended::~ForeignKeysSuspended() {
  if (connection_ == nullptr) return;
  // A pragma that only sets a flag of the connection does not fail.
  connection_->Execute("PRAGMA foreign_keys = ON").IgnoreError();
}

}  // namespace retentiond
