// The deletion plan: which tables lose rows with a job, in which order, and
// which references hold a job. A pure function of the catalog.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/catalog.h"

namespace retentiond {

// A table that loses rows with a job, other than the job table itself.
struct PlanTable {
  std::string name;
  // The references by which its rows go: CASCADE or declared, to the job table
  // or to another table of the plan.
  std::vector<Reference> via;
  // No reference of the catalog leads to it, so that its rows can be deleted by
  // a join with their parents and need not be collected first.
  bool leaf = false;
};

struct DeletionPlan {
  std::string job_table;
  // Dependents before those they refer to; a cycle's tables in any order.
  std::vector<PlanTable> tables;
  // CASCADE or declared references of the job table itself, to itself or to a
  // table of the plan: a job goes with another one (a retry with its original).
  std::vector<Reference> job_to_job;
  // RESTRICT and NO ACTION: a row that stays and refers so holds the job.
  std::vector<Reference> holding;
  // SET NULL and SET DEFAULT: left to the database.
  std::vector<Reference> clearing;
};

// NotFound when the catalog has no table `job_table` (the message lists the
// tables that there are); InvalidArgument when a declared dependent does not
// fit the catalog.
absl::StatusOr<DeletionPlan> MakeDeletionPlan(
    const Catalog& catalog, const std::string& job_table,
    const std::vector<Reference>& declared);

// Every reference that is followed when a job is deleted, by us or by the
// database.
std::vector<Reference> FollowedReferences(const DeletionPlan& plan);

}  // namespace retentiond
