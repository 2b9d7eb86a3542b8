// Threads that work on directories, as many as make it faster.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace retentiond {

// How many workers to use, by what they get done. Starts with one; adds one
// while that raises the throughput by 15 % (less is within the noise), and
// tries again after a while, because a disk may be busy for a time.
class Throughput {
 public:
  using Time = std::chrono::steady_clock::time_point;

  Throughput(int most, Time now);

  int workers() const { return workers_; }
  // `work` more units are done.
  void Add(std::int64_t work, Time now);

 private:
  const int most_;
  int workers_ = 1;
  Time since_;  // when this measurement began
  std::int64_t work_ = 0;
  std::optional<double> rate_before_;  // with one worker less
  Time next_try_;
};

class WorkerCrew {
 public:
  // What the thread that waits for workers does meanwhile.
  struct Beat {
    std::function<void()> call;
    std::chrono::milliseconds every{1000};
  };
  // Does a piece of work, and says how much it was. `worker` numbers the
  // thread, from 0 on.
  using Task = std::function<std::int64_t(int worker)>;

  // Up to `most` threads, at least one; each runs `prepare` first.
  WorkerCrew(int most, std::function<void()> prepare, Beat beat);
  ~WorkerCrew();
  WorkerCrew(const WorkerCrew&) = delete;
  WorkerCrew& operator=(const WorkerCrew&) = delete;

  // Hands a task to a worker; waits as long as all that should work are busy.
  // Threads: one, the same for all calls.
  void Post(Task task);
  // Waits until every task is done.
  void Wait();

 private:
  void Work(int worker);
  void WaitUntil(std::unique_lock<std::mutex>& lock,
                 const std::function<bool()>& condition);

  std::function<void()> prepare_;
  const Beat beat_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Throughput throughput_;
  std::optional<Task> next_;  // handed over, not yet taken
  int busy_ = 0;              // tasks taken and not done
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace retentiond
