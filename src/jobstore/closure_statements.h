// The SQL by which a batch's closure is computed: which rows go with its jobs,
// and which must stay. sqlite_closure.cc says how it is put together.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/deletion_plan.h"
#include "jobstore/sqlite_job_table.h"
#include "jobstore/sqlite_reference.h"

namespace retentiond {

// A table whose rows are collected one by one: the job table, which is the
// first, and the plan's tables to which or from which other references lead.
struct ClosureTable {
  std::string name;
  std::vector<std::string> key;    // quoted
  std::vector<std::string> shown;  // what names a row to people, quoted
  std::string key_definition;
  // Temporary tables of keys, each with the round in which a row came in.
  std::string going;  // rows that go with the batch
  std::string stay;   // of those, rows that must stay: source and reason too
  std::string above;  // what is found on the way up to an owning job
};

// The parameter ?1 is a round everywhere, or the first round of the batch.
struct ClosureStatements {
  std::vector<ClosureTable> tables;
  std::vector<std::string> create;
  std::vector<std::string> clear;  // all temporary tables
  std::vector<std::string> forget_barred;

  // From round ?1 to the next: rows that go with a going row.
  std::vector<std::string> spread;
  // Jobs (their select list, then whether they are barred) that go with a row
  // of round ?1.
  std::vector<std::string> reached_jobs;

  // Rows that refer to a going row and would hold it, into `above`.
  std::vector<std::string> restricting;
  // From round ?1 of `above` to the next: what a row goes with.
  std::vector<std::string> climb;
  // Jobs (as above) at the top.
  std::string owning_jobs;
  std::vector<std::string> clear_above;

  // Rows that must stay: those that lead to a blocked job, and those to which
  // a staying row refers.
  std::vector<std::string> stay;
  // From round ?1 to the next: a row stays where a staying row refers to it;
  // ?2 is the batch's first round.
  std::vector<std::string> keep;
  // Select list of a job of round ?1 that stays; then source and reason.
  std::string held_jobs;
  // What takes the staying jobs, and all that was found, out of the batch.
  std::vector<std::string> withdraw;
  std::string insert_job;            // key, then round
  std::string insert_blocked;        // key, then reason
  std::string is_going;              // by key
  std::string going_jobs;            // select list, of rounds from ?1 on
  std::vector<std::string> abandon;  // forgets the rounds from ?1 on

  // Selects, of the going rows whose round is `rounds` ("=", ">=", "<") ?1, the
  // columns to which `reference` refers.
  std::string GoingParents(const SqliteReference& reference,
                           const std::string& rounds) const;
  const ClosureTable* Find(const std::string& table) const;
};

absl::StatusOr<ClosureStatements> MakeClosureStatements(
    SqliteConnection& connection, const Catalog& catalog,
    const DeletionPlan& plan, const SqliteJobTable& jobs);

}  // namespace retentiond
