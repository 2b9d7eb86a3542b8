#include "demo/demo.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/status.h"
#include "base/status_macros.h"
#include "demo/child_process.h"
#include "demo/evidence.h"
#include "demo/submitter.h"

namespace retentiond {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// Two batches are committed, and more are due, on a night of a day's jobs.
constexpr int kBatchesBeforeKill = 2;
// Until a service manager has started it again.
constexpr minutes kRestartPause{1};
constexpr minutes kBootTime{2};
// A run that was not closed so long after its start, or after the machine came
// back, never will be.
constexpr hours kPatience{12};

class Demo {
 public:
  Demo(const DemoParts& parts, DemoObserver& observer, DemoCalendar calendar,
       SharedFarmMapping farm, const Config& config, const Naming& naming)
      : parts_(parts),
        observer_(observer),
        paths_(parts.directory),
        calendar_(std::move(calendar)),
        farm_(std::move(farm)),
        config_(config),
        clock_(calendar_.daemon_starts),
        world_{.config = config,
               .naming = naming,
               .clock = clock_,
               .calls = parts.calls,
               .open = parts.open,
               .farm = *farm_,
               .build_date = parts.build_date} {
    // The machines of this farm keep time by the network; what the clock guard
    // does about one that does not is told in docs/clock-guard.md.
    clock_.set_synchronised(true);
  }

  absl::StatusOr<Verdict> Run() {
    ASSIGN_OR_RETURN(
        const FarmSummary summary,
        BuildFarm(paths_, calendar_, parts_.jobs, parts_.stop_requested));
    observer_.OnFarm(summary, calendar_);
    PublishTime();
    ASSIGN_OR_RETURN(
        ChildProcess submitter,
        StartSubmitter({.first_number = summary.next_number,
                        .long_job = summary.long_job,
                        .long_job_ends = calendar_.long_job_ends}));
    for (const DemoNight& night : calendar_.nights) {
      ASSIGN_OR_RETURN(const NightReport report, LiveThroughNight(night));
      observer_.OnNight(report, calendar_);
    }
    RETURN_IF_ERROR(EndSubmitter(submitter));
    observer_.OnEnd(
        {.submitted = farm_->submitted,
         .submitted_while_cleaning = farm_->submitted_while_cleaning,
         .busy_answers = farm_->busy_answers,
         .clock = {.now = clock_.Now(),
                   .boot_time = clock_.BootTime(),
                   .boot_id = clock_.BootId()}});
    return JudgeFarm();
  }

 private:
  absl::StatusOr<ChildProcess> StartSubmitter(const Submitter::Orders& orders) {
    // GCOV_EXCL_START: runs in the child
    const auto body = [&] {
      absl::StatusOr<Submitter> submitter =
          Submitter::Open(paths_, orders, *farm_);
      const absl::Status end =
          submitter.ok() ? submitter->Run() : submitter.status();
      farm_->submitter_trouble.Set(MessageOf(end));
      return end.ok() ? 0 : 1;
    };
    // GCOV_EXCL_STOP
    return ChildProcess::Start(body);
  }

  absl::Status EndSubmitter(ChildProcess& submitter) {
    farm_->stop = true;
    ASSIGN_OR_RETURN(const ChildProcess::End end,
                     submitter.Wait(parts_.stop_requested));
    if (end.code == 0) return absl::OkStatus();
    return absl::InternalError("the process that submits jobs has failed: " +
                               farm_->submitter_trouble.Get());
  }

  absl::StatusOr<NightReport> LiveThroughNight(const DemoNight& night) {
    farm_->cleaning_us = 0;
    NightOrders orders{.date = night.slot.date,
                       .until = night.slot.start + kPatience};
    NightReport report{.night = night};
    if (night.machine_off) {
      RETURN_IF_ERROR(TurnMachineOff());
      orders.until += calendar_.machine_on - calendar_.machine_off;
    }
    if (night.killed) {
      ASSIGN_OR_RETURN(report.killed_after, LiveUntilKilled(orders));
    }
    RETURN_IF_ERROR(LiveOn(orders));
    report.took = Micros(farm_->cleaning_us);
    ASSIGN_OR_RETURN(report.run, LastRun());
    return report;
  }

  absl::Status TurnMachineOff() {
    RETURN_IF_ERROR(LiveOn({.until = calendar_.machine_off}));
    clock_.Reboot(calendar_.machine_on - clock_.Now(), kBootTime);
    PublishTime();
    return absl::OkStatus();
  }

  absl::StatusOr<std::int64_t> LiveUntilKilled(NightOrders orders) {
    orders.dies_after_batches = kBatchesBeforeKill;
    ASSIGN_OR_RETURN(const ChildProcess::End end, InChild(orders));
    if (end.signal != SIGKILL) {
      return absl::InternalError(
          fmt::format("the night of {} ended before it could be killed: {}",
                      FormatDate(*orders.date), farm_->night_trouble.Get()));
    }
    clock_.Advance(kRestartPause);
    PublishTime();
    return farm_->batches.load();
  }

  absl::Status LiveOn(const NightOrders& orders) {
    ASSIGN_OR_RETURN(const ChildProcess::End end, InChild(orders));
    if (end.code == 0) return absl::OkStatus();
    return absl::InternalError("the daemon has failed: " +
                               farm_->night_trouble.Get());
  }

  // A process of its own, so that nothing but the disk carries over to the
  // next; only the clock goes on.
  absl::StatusOr<ChildProcess::End> InChild(const NightOrders& orders) {
    // GCOV_EXCL_START: runs in the child
    const auto body = [&] {
      const absl::Status status = LiveThrough(world_, orders);
      farm_->night_trouble.Set(MessageOf(status));
      return status.ok() ? 0 : 1;
    };
    // GCOV_EXCL_STOP
    ASSIGN_OR_RETURN(ChildProcess child, ChildProcess::Start(body));
    ASSIGN_OR_RETURN(const ChildProcess::End end,
                     child.Wait(parts_.stop_requested));
    clock_.Advance(farm_->now() - clock_.Now());
    if (parts_.stop_requested()) return absl::AbortedError("interrupted");
    return end;
  }

  void PublishTime() { farm_->now_us = MicrosOf(clock_.Now()); }

  absl::StatusOr<RunRecord> LastRun() {
    ASSIGN_OR_RETURN(const Database database,
                     parts_.open(config_, world_.naming, OpenMode::kReadOnly));
    ASSIGN_OR_RETURN(const std::vector<RunRecord> runs,
                     database.state->ListRuns(1));
    if (runs.empty()) return absl::InternalError("no run is recorded");
    return runs.front();
  }

  absl::StatusOr<Verdict> JudgeFarm() {
    ASSIGN_OR_RETURN(const LedgerContent ledger, ReadLedger(paths_.ledger));
    ASSIGN_OR_RETURN(Database database,
                     parts_.open(config_, world_.naming, OpenMode::kReadOnly));
    ASSIGN_OR_RETURN(const Evidence evidence, GatherEvidence(paths_, database));
    return Judge(evidence, ledger, calendar_, paths_);
  }

  const DemoParts& parts_;
  DemoObserver& observer_;
  FarmPaths paths_;
  DemoCalendar calendar_;
  SharedFarmMapping farm_;
  const Config& config_;
  SimulatedClock clock_;
  DaemonWorld world_;
};

}  // namespace

absl::StatusOr<Verdict> RunDemo(const DemoParts& parts,
                                DemoObserver& observer) {
  const Config config = FarmConfig(FarmPaths(parts.directory));
  ASSIGN_OR_RETURN(const Naming naming, Naming::Make(config));
  ASSIGN_OR_RETURN(const absl::TimeZone zone,
                   LoadZone(config.schedule.timezone));
  ASSIGN_OR_RETURN(DemoCalendar calendar, PlanCalendar(parts.today, zone));
  ASSIGN_OR_RETURN(SharedFarmMapping farm, SharedFarmMapping::Make());
  return Demo(parts, observer, std::move(calendar), std::move(farm), config,
              naming)
      .Run();
}

}  // namespace retentiond
