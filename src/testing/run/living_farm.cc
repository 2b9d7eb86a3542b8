#include "testing/run/living_farm.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace retentiond {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr Micros kJobEvery = hours(3);
// Hours of waiting pass in steps of ten minutes; near a slot every second wake
// is real.
constexpr Micros kStride = minutes(10);
// Jobs are stamped when they are submitted, and a cutoff is a slot's, not the
// moment of a run: a rounding that no promise depends on.
constexpr Micros kSlack = minutes(5);

}  // namespace

void LivingFarmTest::SetUp() {
  RunTest::SetUp();
  KeepStateInMemory();
  clock_.StepWall(-hours(8) - days(10));
  next_job_ = -days(10);
  now_ = -days(10);
  Pass(days(10));
  observer_.at_batch = [this] { CheckBatch(observer_.batches.back()); };
}

void LivingFarmTest::StartDaemon() {
  StopDaemon();
  daemon_ = MakeDaemon();
  const absl::Status status = daemon_->Start();
  ASSERT_TRUE(status.ok()) << status;
}

void LivingFarmTest::StopDaemon() {
  if (daemon_ != nullptr) daemon_->Stop();
  daemon_.reset();
}

void LivingFarmTest::Live(Micros time) {
  const Micros end = now_ + time;
  while (now_ < end) {
    const Micros sleep = daemon_->Turn();
    ASSERT_LE(sleep, seconds(15));
    const bool near = !observer_.waits.empty() &&
                      observer_.waits.back() - clock_.Now() <= kStride &&
                      observer_.waits.back() > clock_.Now();
    Pass(std::min(end - now_,
                  near ? std::max<Micros>(sleep, Micros(1)) : kStride));
  }
}

void LivingFarmTest::LiveWithoutDeleting(Micros time) {
  const std::size_t batches = observer_.batches.size();
  Live(time);
  for (std::size_t i = batches; i < observer_.batches.size(); ++i) {
    EXPECT_TRUE(observer_.batches[i].jobs.empty());
  }
}

void LivingFarmTest::TurnOff(Micros off, Micros error) {
  StopDaemon();
  now_ += off;
  next_job_ = now_;
  clock_.Reboot(off + error, Micros(0));
  Pass(minutes(1));
  StartDaemon();
}

void LivingFarmTest::Step(Micros error) { clock_.StepWall(error); }

void LivingFarmTest::Pass(Micros time) {
  clock_.Advance(time);
  now_ += time;
  SubmitUntilNow();
}

void LivingFarmTest::SubmitUntilNow() {
  for (; next_job_ <= now_; next_job_ += kJobEvery) {
    if (!submits_) continue;
    const std::string id = "job" + std::to_string(submitted_++);
    created_[id] = next_job_;
    database_.Insert({.id = id,
                      .created = clock_.Now() - (now_ - next_job_),
                      .fields = {{}, {}}});
  }
}

void LivingFarmTest::CheckBatch(const Batch& batch) {
  for (const JobId& job : batch.jobs) {
    EXPECT_GE(now_ - created_.at(job.text), least_age_ - kSlack)
        << job.text << " at " << FormatInstant(clock_.Now());
  }
}

Micros LivingFarmTest::OldestAge() const {
  Micros oldest{0};
  for (const std::string& id : database_.Ids()) {
    oldest = std::max(oldest, now_ - created_.at(id));
  }
  return oldest;
}

std::vector<RunRecord> LivingFarmTest::Runs() {
  const auto runs = database_.Open().state->ListRuns(1000);
  EXPECT_TRUE(runs.ok());
  return *runs;
}

int LivingFarmTest::Successes() {
  int count = 0;
  for (const RunRecord& run : Runs()) {
    count += run.outcome == RunOutcome::kSuccess ||
             run.outcome == RunOutcome::kPartial;
  }
  return count;
}

bool LivingFarmTest::IsBlocked() {
  const std::vector<RunRecord> runs = Runs();
  return !runs.empty() && runs.front().outcome == RunOutcome::kBlocked;
}

}  // namespace retentiond
