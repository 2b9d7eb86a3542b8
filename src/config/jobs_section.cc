#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "config/sections.h"
#include "policy/zone.h"

namespace retentiond {
namespace {

// The render manager's own layout, whose states are known.
bool IsKnownLayout(const JobsConfig& jobs) {
  const JobsConfig known;
  return jobs.table == known.table && jobs.id == known.id &&
         jobs.created == known.created && jobs.status == known.status;
}

std::set<std::string> AsSet(const std::vector<std::string>& texts) {
  return {texts.begin(), texts.end()};
}

absl::Status CheckNoColumnTwice(const SettingsTable& table,
                                const std::string& key,
                                const std::vector<std::string>& columns) {
  if (AsSet(columns).size() == columns.size()) return absl::OkStatus();
  return table.Error(key, "expected each column once");
}

// Finished states translate another layout; for the known one they would be a
// rule that selects which jobs go.
absl::Status CheckFinished(const SettingsTable& table, const JobsConfig& jobs) {
  if (!table.Has("finished")) return absl::OkStatus();
  if (!jobs.status.has_value()) {
    return table.Error("finished",
                       "needs jobs.status, the column that holds the state");
  }
  if (IsKnownLayout(jobs) &&
      AsSet(jobs.finished) != AsSet(JobsConfig().finished)) {
    return table.Error("finished",
                       "cannot be changed for the render manager's own table; "
                       "it names the finished states of another layout");
  }
  return absl::OkStatus();
}

absl::StatusOr<DependentConfig> ReadDependent(const SettingsTable& table,
                                              const JobsConfig& jobs) {
  RETURN_IF_ERROR(table.CheckKeys({"table", "columns"}));
  DependentConfig dependent;
  RETURN_IF_ERROR(table.ReadText("table", dependent.table));
  RETURN_IF_ERROR(table.ReadTextOrList("columns", dependent.columns));
  if (dependent.table.empty()) {
    return table.Error("table", "expected the table that refers to jobs");
  }
  if (dependent.columns.size() != jobs.id.size()) {
    return table.Error(
        "columns",
        fmt::format("expected {} column{}, as many as jobs.id has, in the same "
                    "order",
                    jobs.id.size(), jobs.id.size() == 1 ? "" : "s"));
  }
  RETURN_IF_ERROR(CheckNoColumnTwice(table, "columns", dependent.columns));
  return dependent;
}

}  // namespace

absl::StatusOr<JobsConfig> ReadJobs(const SettingsTable& table) {
  RETURN_IF_ERROR(table.CheckKeys({"table", "id", "created", "status",
                                   "finished", "created_zone", "outputs"}));
  JobsConfig jobs;
  jobs.described = table.HasAnyKey();
  RETURN_IF_ERROR(table.ReadText("table", jobs.table));
  const bool other_table = jobs.table != JobsConfig().table;
  if (other_table) {
    jobs.status.reset();
    jobs.outputs.clear();
  }
  RETURN_IF_ERROR(table.ReadTextOrList("id", jobs.id));
  RETURN_IF_ERROR(CheckNoColumnTwice(table, "id", jobs.id));
  RETURN_IF_ERROR(table.ReadText("created", jobs.created));
  if (table.Has("status")) {
    RETURN_IF_ERROR(table.ReadText("status", jobs.status.emplace()));
  }
  RETURN_IF_ERROR(table.ReadNonEmptyList("finished", jobs.finished));
  RETURN_IF_ERROR(CheckFinished(table, jobs));
  jobs.created_zone_given = table.Has("created_zone");
  RETURN_IF_ERROR(table.ReadText("created_zone", jobs.created_zone));
  if (const auto zone = LoadZone(jobs.created_zone); !zone.ok()) {
    return table.Error("created_zone", MessageOf(zone.status()));
  }
  // An empty list would take the protection off the outputs of the known
  // table; another one may have none.
  RETURN_IF_ERROR(other_table
                      ? table.ReadList("outputs", jobs.outputs)
                      : table.ReadNonEmptyList("outputs", jobs.outputs));
  return jobs;
}

absl::StatusOr<std::vector<DependentConfig>> ReadDependents(
    const std::vector<SettingsTable>& tables, const JobsConfig& jobs) {
  std::vector<DependentConfig> dependents;
  for (const SettingsTable& table : tables) {
    ASSIGN_OR_RETURN(DependentConfig dependent, ReadDependent(table, jobs));
    dependents.push_back(std::move(dependent));
  }
  return dependents;
}

}  // namespace retentiond
