// How a batch is closed.
//
// Going rows are found forward, round by round: from the jobs to the rows that
// cascade from them, to the jobs that cascade from those. A job so reached goes
// too when it is expired; else it is blocked. A row outside that would hold a
// going row (RESTRICT) is no obstacle when its own job is expired: that job is
// then taken in as well.
//
// Staying rows are found backward, by one rule: a row that stays keeps every
// row to which it refers, by a cascade (deleting the parent would delete it) or
// by a restriction. It starts at blocked jobs and at outside rows that
// restrict. A job that must stay is taken out, and since rows that went only
// with it now stay as well, the batch is closed anew without it, until nothing
// is left to take out; each turn takes out at least one job, so it ends.
//
// Leaf tables are not collected: they can neither restrict nor be referred to.
// Where the plan has nothing else (the usual farm), Close does nothing.
// Test: sqlite_closure_test.cc, and against a naive model in
// sqlite_model_test.cc.
#include "jobstore/sqlite_closure.h"

#include <sqlite3.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

std::string WhyBlocked(const Job& job, bool barred) {
  const std::string reaches = "its deletion would reach job " + job.id.text;
  if (barred) return reaches + ", which is held";
  switch (job.job_class) {
    case JobClass::kInWork:
      return reaches + ", which is in work";
    case JobClass::kRecent:
      return reaches + ", which is younger than the cutoff";
    default:
      return reaches + ", whose creation time cannot be read";
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteClosure>> SqliteClosure::Make(
    std::shared_ptr<SqliteConnection> connection, const Catalog& catalog,
    const DeletionPlan& plan, const SqliteJobTable& jobs) {
  std::unique_ptr<SqliteClosure> closure(
      new SqliteClosure(std::move(connection), jobs));
  SqliteConnection& database = *closure->connection_;
  ASSIGN_OR_RETURN(closure->statements_,
                   MakeClosureStatements(database, catalog, plan, jobs));
  ASSIGN_OR_RETURN(SqliteStatement old,
                   database.Prepare("SELECT name FROM temp.sqlite_master WHERE "
                                    "type = 'table' AND name LIKE "
                                    "'closure\\_%' ESCAPE '\\'"));
  std::vector<std::string> drops;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, old.Step());
    if (!row) break;
    drops.push_back("DROP TABLE temp." + std::string(old.Text(0)));
  }
  old.Reset();
  for (const std::string& sql : drops) RETURN_IF_ERROR(database.Execute(sql));
  for (const std::string& sql : closure->statements_.create) {
    RETURN_IF_ERROR(database.Execute(sql));
  }
  closure->linked_ = closure->statements_.tables.size() > 1 ||
                     !plan.job_to_job.empty() || !plan.holding.empty();
  return closure;
}

absl::Status SqliteClosure::Begin(DryRun dry_run) {
  RETURN_IF_ERROR(RunAll(dry_run == DryRun::kNo ? statements_.clear
                                                : statements_.forget_barred));
  first_round_ = ++last_round_;
  return absl::OkStatus();
}

absl::Status SqliteClosure::Abandon() {
  return RunRound(statements_.abandon, first_round_).status();
}

absl::Status SqliteClosure::Clear() { return RunAll(statements_.clear); }

absl::StatusOr<bool> SqliteClosure::Add(const JobRow& row) {
  {
    ASSIGN_OR_RETURN(SqliteStatement going,
                     connection_->Prepare(statements_.is_going));
    BindKey(going, 1, row.key);
    ASSIGN_OR_RETURN(const bool there, going.Step());
    if (there) return false;
  }
  RETURN_IF_ERROR(InsertJob(row.key, first_round_));
  return true;
}

absl::StatusOr<std::vector<HeldJob>> SqliteClosure::Close(const JobAges& ages) {
  std::vector<HeldJob> held;
  bool any = linked_;
  while (any) {
    RETURN_IF_ERROR(Grow(ages));
    RETURN_IF_ERROR(FindStaying());
    ASSIGN_OR_RETURN(std::vector<HeldJob> found, WithdrawHeld(ages, any));
    std::move(found.begin(), found.end(), std::back_inserter(held));
  }
  return held;
}

absl::StatusOr<std::vector<Job>> SqliteClosure::GoingJobs(const JobAges& ages) {
  ASSIGN_OR_RETURN(SqliteStatement select,
                   connection_->Prepare(statements_.going_jobs));
  select.BindInt(1, first_round_);
  std::vector<Job> jobs;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    jobs.push_back(jobs_.Read(select, ages).job);
  }
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) {
    return std::tie(a.created, a.id) < std::tie(b.created, b.id);
  });
  return jobs;
}

// Runs the statements, each with the round; whether any changed a row.
absl::StatusOr<bool> SqliteClosure::RunRound(
    const std::vector<std::string>& statements, std::int64_t round) {
  bool changed = false;
  for (const std::string& sql : statements) {
    ASSIGN_OR_RETURN(SqliteStatement statement, connection_->Prepare(sql));
    if (sqlite3_bind_parameter_count(statement.get()) > 0) {
      statement.BindInt(1, round);
    }
    if (sqlite3_bind_parameter_count(statement.get()) > 1) {
      statement.BindInt(2, first_round_);
    }
    RETURN_IF_ERROR(statement.Run());
    changed |= connection_->changes() > 0;
  }
  return changed;
}

absl::Status SqliteClosure::RunAll(const std::vector<std::string>& statements) {
  return RunRound(statements, 0).status();
}

// Forward, to a fixpoint.
absl::Status SqliteClosure::Grow(const JobAges& ages) {
  std::int64_t round = first_round_;
  while (true) {
    ASSIGN_OR_RETURN(bool grown, RunRound(statements_.spread, round));
    ASSIGN_OR_RETURN(const bool reached, TakeReachedJobs(round, ages));
    grown |= reached;
    if (!grown) {
      ASSIGN_OR_RETURN(grown, TakeOwnersOfRestricting(round, ages));
    }
    if (!grown) break;
    ++round;
  }
  last_round_ = std::max(last_round_, round);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SqliteClosure::Reached>> SqliteClosure::ReadReached(
    SqliteStatement& select, const JobAges& ages) {
  const int barred = sqlite3_column_count(select.get()) - 1;
  std::vector<Reached> reached;
  while (true) {
    ASSIGN_OR_RETURN(const bool row, select.Step());
    if (!row) break;
    reached.push_back({jobs_.Read(select, ages), select.Int(barred) != 0});
  }
  select.Reset();
  return reached;
}

absl::StatusOr<bool> SqliteClosure::TakeReachedJobs(std::int64_t round,
                                                    const JobAges& ages) {
  bool taken = false;
  for (const std::string& sql : statements_.reached_jobs) {
    ASSIGN_OR_RETURN(SqliteStatement select, connection_->Prepare(sql));
    select.BindInt(1, round);
    ASSIGN_OR_RETURN(const std::vector<Reached> reached,
                     ReadReached(select, ages));
    for (const Reached& job : reached) {
      if (job.row.job.job_class == JobClass::kExpired && !job.barred) {
        RETURN_IF_ERROR(InsertJob(job.row.key, round + 1));
        taken = true;
        continue;
      }
      ASSIGN_OR_RETURN(SqliteStatement block,
                       connection_->Prepare(statements_.insert_blocked));
      const int reason = BindKey(block, 1, job.row.key);
      block.BindText(reason, WhyBlocked(job.row.job, job.barred));
      RETURN_IF_ERROR(block.Run());
    }
  }
  return taken;
}

absl::StatusOr<bool> SqliteClosure::TakeOwnersOfRestricting(
    std::int64_t round, const JobAges& ages) {
  if (statements_.restricting.empty()) return false;
  RETURN_IF_ERROR(RunRound(statements_.restricting, first_round_).status());
  bool climbing = true;
  for (std::int64_t step = 0; climbing; ++step) {
    ASSIGN_OR_RETURN(climbing, RunRound(statements_.climb, step));
  }
  bool taken = false;
  {
    ASSIGN_OR_RETURN(SqliteStatement select,
                     connection_->Prepare(statements_.owning_jobs));
    ASSIGN_OR_RETURN(const std::vector<Reached> owners,
                     ReadReached(select, ages));
    for (const Reached& owner : owners) {
      if (owner.row.job.job_class != JobClass::kExpired || owner.barred) {
        continue;
      }
      RETURN_IF_ERROR(InsertJob(owner.row.key, round + 1));
      taken = true;
    }
  }
  RETURN_IF_ERROR(RunAll(statements_.clear_above));
  return taken;
}

// Backward, to a fixpoint.
absl::Status SqliteClosure::FindStaying() {
  ASSIGN_OR_RETURN(bool more, RunRound(statements_.stay, first_round_));
  for (std::int64_t round = 0; more; ++round) {
    ASSIGN_OR_RETURN(more, RunRound(statements_.keep, round));
  }
  return absl::OkStatus();
}

// `any`: whether a job was taken out, so that the batch is to be closed anew.
absl::StatusOr<std::vector<HeldJob>> SqliteClosure::WithdrawHeld(
    const JobAges& ages, bool& any) {
  ASSIGN_OR_RETURN(const auto staying,
                   connection_->QueryInt("SELECT count(*) FROM " +
                                         statements_.tables[0].stay));
  any = staying.value_or(0) > 0;
  std::vector<HeldJob> held;
  if (!any) return held;
  {
    ASSIGN_OR_RETURN(SqliteStatement select,
                     connection_->Prepare(statements_.held_jobs));
    select.BindInt(1, first_round_);
    const int source = sqlite3_column_count(select.get()) - 2;
    while (true) {
      ASSIGN_OR_RETURN(const bool row, select.Step());
      if (!row) break;
      held.push_back({jobs_.Read(select, ages).job.id,
                      std::string(select.Text(source)),
                      std::string(select.Text(source + 1))});
    }
  }
  RETURN_IF_ERROR(RunRound(statements_.withdraw, first_round_).status());
  return held;
}

absl::Status SqliteClosure::InsertJob(const RowKey& key, std::int64_t round) {
  ASSIGN_OR_RETURN(SqliteStatement insert,
                   connection_->Prepare(statements_.insert_job));
  const int last = BindKey(insert, 1, key);
  insert.BindInt(last, round);
  return insert.Run();
}

}  // namespace retentiond
