#include "demo/night.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>

#include "base/status.h"
#include "base/status_macros.h"
#include "run/daemon.h"
#include "run/lease_holder.h"

namespace retentiond {
namespace {

using std::chrono::steady_clock;

constexpr char kHost[] = "demo";

// Days pass faster than anybody can submit jobs: the clock waits for the
// submitter, but not for ever.
constexpr std::chrono::hours kMostLag{1};
constexpr std::chrono::microseconds kLook{100};
constexpr std::chrono::seconds kLongestWait{10};

void WaitForSubmitter(const SharedFarm& farm) {
  const auto give_up = steady_clock::now() + kLongestWait;
  while (!farm.cleaning && !farm.stop &&
         farm.now_us - farm.submitted_until_us > Micros(kMostLag).count() &&
         steady_clock::now() < give_up) {
    std::this_thread::sleep_for(kLook);
  }
}

// The demo has no service manager, whatever started it.
class NoService : public ServiceNotifier {
 public:
  void Ready() override {}
  void Status(const std::string&) override {}
  void Alive() override {}
  void Reloading() override {}
  void Stopping() override {}
};

class NightObserver : public RunObserver {
 public:
  NightObserver(SharedFarm& farm, std::optional<int> dies_after_batches)
      : farm_(farm), dies_after_batches_(dies_after_batches) {}

  void OnRunBegin(const RunRecord&) override {
    begun_ = steady_clock::now();
    farm_.cleaning = true;
  }
  void OnBatch(const RunRecord&, const Batch& batch, const Governor&) override {
    if (!batch.id.has_value()) return;
    ++farm_.batches;
    if (++batches_ == dies_after_batches_) raise(SIGKILL);
  }
  void OnBlocked(const RunRecord& run) override {
    trouble_ = fmt::format("blocked by the clock guard: {}",
                           fmt::join(run.blocked, ", "));
  }
  void OnRunEnd(const RunRecord& run) override {
    farm_.cleaning = false;
    farm_.cleaning_us +=
        std::chrono::duration_cast<Micros>(steady_clock::now() - begun_)
            .count();
    if (run.finished.has_value()) closed_ = run.slot;
  }
  void OnTrouble(const absl::Status& status,
                 const std::string& what_is_done) override {
    trouble_ = MessageOf(status) + ", " + what_is_done;
  }

  const std::optional<LocalDate>& closed() const { return closed_; }
  const std::string& trouble() const { return trouble_; }

 private:
  SharedFarm& farm_;
  std::optional<int> dies_after_batches_;
  int batches_ = 0;
  steady_clock::time_point begun_;
  std::optional<LocalDate> closed_;
  std::string trouble_ = "nothing was due";
};

}  // namespace

absl::Status LiveThrough(const DaemonWorld& world, const NightOrders& orders) {
  SharedFarm& farm = world.farm;
  farm.batches = 0;
  world.clock.set_on_advance([&farm](Instant now) {
    farm.now_us = MicrosOf(now);
    WaitForSubmitter(farm);
  });
  Wakeup wakeup;
  NoService service;
  NightObserver observer(farm, orders.dies_after_batches);
  Daemon daemon(
      {.settings = std::make_shared<const Settings>(
           Settings{world.config, world.naming}),
       .load_settings = nullptr,
       .clock = world.clock,
       .calls = world.calls,
       .open =
           [&](const Settings& settings, OpenMode mode) {
             return world.open(settings.config, settings.naming, mode);
           },
       .observer = observer,
       .service = service,
       .wakeup = wakeup,
       .stop_requested = [] { return false; },
       .take_reload_request = nullptr,
       .host = kHost,
       .holder = LeaseHolderOfThisProcess(kHost, world.clock.BootId()),
       .build_date = world.build_date});
  RETURN_IF_ERROR(daemon.Start());
  while (world.clock.Now() < orders.until) {
    const Micros sleep = daemon.Turn();
    if (orders.date.has_value() && observer.closed() == orders.date) {
      return absl::OkStatus();
    }
    world.clock.Sleep(sleep, wakeup);
  }
  if (!orders.date.has_value()) return absl::OkStatus();
  return absl::DeadlineExceededError(
      fmt::format("the run of {} was not closed: {}", FormatDate(*orders.date),
                  observer.trouble()));
}

}  // namespace retentiond
