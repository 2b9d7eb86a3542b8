#include "demo/submitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "base/status_macros.h"
#include "demo/farm_disk.h"

namespace retentiond {
namespace {

constexpr std::chrono::minutes kEvery{20};
// A larger gap in the simulated time is one in which the machine was off.
constexpr std::chrono::hours kLongestGap{3};
// While a run goes on, real time counts: a job so often, until a slow machine
// has had its share.
constexpr std::chrono::milliseconds kPauseWhileCleaning{10};
constexpr int kMostPerRun = 40;
constexpr std::chrono::microseconds kPauseWhileIdle{100};
// Each try waits five seconds for the lock by itself.
constexpr int kMostTries = 20;
// Every so many jobs a render aborts and leaves a directory without a job.
constexpr int kJobsPerOrphan = 30;

}  // namespace

absl::StatusOr<Submitter> Submitter::Open(const FarmPaths& paths,
                                          const Orders& orders,
                                          SharedFarm& farm) {
  ASSIGN_OR_RETURN(FarmDatabase database, FarmDatabase::Open(paths.database));
  ASSIGN_OR_RETURN(Ledger ledger, Ledger::Open(paths.ledger));
  return Submitter(paths, orders, farm, std::move(database), std::move(ledger));
}

Submitter::Submitter(FarmPaths paths, Orders orders, SharedFarm& farm,
                     FarmDatabase database, Ledger ledger)
    : paths_(std::move(paths)),
      orders_(std::move(orders)),
      farm_(farm),
      database_(std::move(database)),
      ledger_(std::move(ledger)),
      number_(orders_.first_number),
      due_(farm.now()) {}

absl::Status Submitter::Run() {
  while (!farm_.stop) {
    RETURN_IF_ERROR(Step());
    if (farm_.cleaning) {
      std::this_thread::sleep_for(kPauseWhileCleaning);
    } else if (farm_.now() < due_) {
      std::this_thread::sleep_for(kPauseWhileIdle);
    }
  }
  return absl::OkStatus();
}

absl::Status Submitter::Step() {
  const Instant now = farm_.now();
  const bool cleaning = farm_.cleaning;
  if (!cleaning) in_this_run_ = 0;
  const bool eager = cleaning && in_this_run_ < kMostPerRun;
  if (now - due_ > kLongestGap) due_ = now;
  if (!orders_.long_job.empty() && orders_.long_job_ends <= now) {
    RETURN_IF_ERROR(Finish(std::exchange(orders_.long_job, {}), now));
  }
  if (due_ <= now || eager) {
    RETURN_IF_ERROR(Submit(std::min(due_, now)));
    if (cleaning) {
      ++in_this_run_;
      ++farm_.submitted_while_cleaning;
    }
    if (due_ <= now) due_ += kEvery;
  }
  farm_.submitted_until_us = MicrosOf(std::min(due_, now));
  return absl::OkStatus();
}

// The row comes first, as in a real farm: a directory whose job is not yet
// there would be an orphan.
absl::Status Submitter::Submit(Instant now) {
  const FarmJob job = MakeJob(number_++, now, "RENDERING", paths_);
  RETURN_IF_ERROR(Patiently([&] { return database_.Insert({job}); }));
  RETURN_IF_ERROR(WriteFiles(job.files, job.created, paths_));
  RETURN_IF_ERROR(ledger_.AddJob(job));
  ++farm_.submitted;
  if (!rendering_.empty()) RETURN_IF_ERROR(Finish(rendering_, now));
  rendering_ = job.id;
  if (number_ % kJobsPerOrphan != 0) return absl::OkStatus();
  const FarmOrphan orphan =
      MakeOrphan(fmt::format("aborted-{}", number_), now, paths_);
  RETURN_IF_ERROR(WriteOrphan(orphan, paths_));
  return ledger_.AddOrphan(orphan);
}

absl::Status Submitter::Finish(const std::string& id, Instant now) {
  RETURN_IF_ERROR(
      Patiently([&] { return database_.SetState(id, "COMPLETED"); }));
  return ledger_.AddFinish(id, now);
}

absl::Status Submitter::Patiently(const std::function<absl::Status()>& write) {
  absl::Status status = write();
  for (int i = 1; absl::IsAborted(status) && i < kMostTries; ++i) {
    ++farm_.busy_answers;
    status = write();
  }
  return status;
}

}  // namespace retentiond
