#include "files/worker_crew.h"

#include <algorithm>
#include <utility>

namespace retentiond {
namespace {

// Long enough for some thousand files, short beside a night.
constexpr std::chrono::milliseconds kMeasureFor{500};
constexpr double kWorthAWorker = 1.15;
constexpr std::chrono::seconds kTryAgainAfter{30};

}  // namespace

Throughput::Throughput(int most, Time now)
    : most_(most), since_(now), next_try_(now) {}

void Throughput::Add(std::int64_t work, Time now) {
  work_ += work;
  const std::chrono::duration<double> elapsed = now - since_;
  if (elapsed < kMeasureFor) return;
  const double rate = static_cast<double>(work_) / elapsed.count();
  since_ = now;
  work_ = 0;
  if (rate_before_.has_value() && rate < kWorthAWorker * *rate_before_) {
    --workers_;
    next_try_ = now + kTryAgainAfter;
    rate_before_.reset();
  } else if (workers_ < most_ && now >= next_try_) {
    ++workers_;
    rate_before_ = rate;
  } else {
    rate_before_.reset();
  }
}

WorkerCrew::WorkerCrew(int most, std::function<void()> prepare, Beat beat)
    : prepare_(std::move(prepare)),
      beat_(std::move(beat)),
      throughput_(std::max(most, 1), std::chrono::steady_clock::now()) {}

WorkerCrew::~WorkerCrew() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerCrew::Post(Task task) {
  std::unique_lock lock(mutex_);
  WaitUntil(lock, [this] {
    return !next_.has_value() && busy_ < throughput_.workers();
  });
  next_ = std::move(task);
  if (busy_ == static_cast<int>(threads_.size())) {
    const int worker = static_cast<int>(threads_.size());
    threads_.emplace_back([this, worker] { Work(worker); });
  }
  changed_.notify_all();
}

void WorkerCrew::Wait() {
  std::unique_lock lock(mutex_);
  WaitUntil(lock, [this] { return !next_.has_value() && busy_ == 0; });
}

void WorkerCrew::WaitUntil(std::unique_lock<std::mutex>& lock,
                           const std::function<bool()>& condition) {
  while (!changed_.wait_for(lock, beat_.every, condition)) {
    lock.unlock();
    beat_.call();
    lock.lock();
  }
}

void WorkerCrew::Work(int worker) {
  prepare_();
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || next_.has_value(); });
    if (!next_.has_value()) return;
    const Task task = *std::exchange(next_, std::nullopt);
    ++busy_;
    changed_.notify_all();
    lock.unlock();
    const std::int64_t work = task(worker);
    lock.lock();
    --busy_;
    throughput_.Add(work, std::chrono::steady_clock::now());
    changed_.notify_all();
  }
}

}  // namespace retentiond
