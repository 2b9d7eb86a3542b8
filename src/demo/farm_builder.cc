#include "demo/farm_builder.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"
#include "demo/farm_database.h"
#include "demo/farm_disk.h"
#include "demo/ledger.h"

namespace retentiond {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr std::size_t kJobsPerTransaction = 250;
// Nights whose cutoff lies before the farm is built.
constexpr std::size_t kNightsWithEdges = 7;
constexpr int kOrphans = 12;
// Of the job that nobody will ever finish, and of the long one: both are older
// than the first cutoff.
constexpr hours kStuckSince = days(13);
constexpr hours kLongSince = days(8);

class FarmBuilder {
 public:
  FarmBuilder(const FarmPaths& paths, const DemoCalendar& calendar,
              FarmDatabase database, Ledger ledger,
              const std::function<bool()>& stop_requested)
      : paths_(paths),
        calendar_(calendar),
        database_(std::move(database)),
        ledger_(std::move(ledger)),
        stop_requested_(stop_requested) {}

  absl::StatusOr<FarmSummary> Build(int jobs) {
    RETURN_IF_ERROR(AddLibrary());
    RETURN_IF_ERROR(AddHistory(jobs));
    RETURN_IF_ERROR(AddJobsInWork());
    RETURN_IF_ERROR(AddEdges());
    RETURN_IF_ERROR(Flush());
    RETURN_IF_ERROR(AddOrphans());
    return std::move(summary_);
  }

 private:
  absl::Status AddLibrary() {
    std::vector<FarmFile> files;
    for (const char* name : {"intro.mov", "logo.png", "fonts/Roboto.ttf"}) {
      const std::string path = paths_.library / name;
      files.push_back({.path = path,
                       .size_bytes = 5000,
                       .hash = HashOfContent(ContentOf(path, 5000))});
      RETURN_IF_ERROR(ledger_.AddOther(files.back()));
    }
    return WriteFiles(files, calendar_.farm_begins, paths_);
  }

  absl::Status AddHistory(int jobs) {
    const Micros span = calendar_.daemon_starts - calendar_.farm_begins;
    for (int i = 0; i < jobs; ++i) {
      RETURN_IF_ERROR(
          AddJob(calendar_.farm_begins + span * i / jobs, FinishedState(i))
              .status());
    }
    return absl::OkStatus();
  }

  static std::string FinishedState(int number) {
    if (number % 10 == 9) return "FAILED";
    return number % 20 == 4 ? "CANCELLED" : "COMPLETED";
  }

  absl::Status AddJobsInWork() {
    const Instant first = calendar_.nights.front().slot.start;
    RETURN_IF_ERROR(AddJob(first - kStuckSince, "RENDERING").status());
    ASSIGN_OR_RETURN(summary_.long_job,
                     AddJob(first - kLongSince, "RENDERING"));
    return absl::OkStatus();
  }

  absl::Status AddEdges() {
    for (std::size_t i = 0; i < kNightsWithEdges; ++i) {
      // A form that stores milliseconds, and the same for both.
      while (summary_.next_number % 3 != 0) ++summary_.next_number;
      const Instant cutoff = calendar_.nights[i].slot.cutoff;
      RETURN_IF_ERROR(AddJob(cutoff, "COMPLETED").status());
      RETURN_IF_ERROR(
          AddJob(cutoff - std::chrono::milliseconds(1), "COMPLETED").status());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> AddJob(Instant created, std::string state) {
    if (stop_requested_()) return absl::AbortedError("interrupted");
    FarmJob job =
        MakeJob(summary_.next_number++, created, std::move(state), paths_);
    RETURN_IF_ERROR(WriteFiles(job.files, job.created, paths_));
    RETURN_IF_ERROR(ledger_.AddJob(job));
    ++summary_.jobs;
    summary_.dependent_rows += job.logs + job.assets;
    summary_.files += static_cast<std::int64_t>(job.files.size());
    std::string id = job.id;
    waiting_.push_back(std::move(job));
    if (waiting_.size() >= kJobsPerTransaction) RETURN_IF_ERROR(Flush());
    return id;
  }

  absl::Status Flush() { return database_.Insert(std::exchange(waiting_, {})); }

  // Evenly over the history; most are older than the last cutoff, some will
  // have become so on a later night than the first.
  absl::Status AddOrphans() {
    const Micros span = calendar_.daemon_starts - calendar_.farm_begins;
    for (int i = 0; i < kOrphans; ++i) {
      RETURN_IF_ERROR(AddOrphan(
          MakeOrphan(fmt::format("leftover-{}", i),
                     calendar_.farm_begins + span * i / kOrphans, paths_)));
    }
    const Instant old = calendar_.farm_begins + hours(1);
    FarmOrphan forgotten = MakeOrphan("forgotten-job", old, paths_);
    const std::string result = paths_.temporary / "forgotten-job/result.mp4";
    forgotten.files.push_back({.path = result,
                               .size_bytes = 4000,
                               .hash = HashOfContent(ContentOf(result, 4000)),
                               .output = true});
    RETURN_IF_ERROR(AddOrphan(forgotten));
    const std::string target = paths_.library;
    return AddOrphan({.newest = old,
                      .files = {{.path = paths_.temporary / "old-link",
                                 .kind = FarmFile::Kind::kSymbolicLink,
                                 .target = target,
                                 .hash = HashOfContent(target)}}});
  }

  absl::Status AddOrphan(const FarmOrphan& orphan) {
    ++summary_.orphans;
    summary_.files += static_cast<std::int64_t>(orphan.files.size());
    RETURN_IF_ERROR(ledger_.AddOrphan(orphan));
    return WriteOrphan(orphan, paths_);
  }

  const FarmPaths& paths_;
  const DemoCalendar& calendar_;
  FarmDatabase database_;
  Ledger ledger_;
  const std::function<bool()>& stop_requested_;
  std::vector<FarmJob> waiting_;
  FarmSummary summary_;
};

}  // namespace

absl::StatusOr<FarmSummary> BuildFarm(
    const FarmPaths& paths, const DemoCalendar& calendar, int jobs,
    const std::function<bool()>& stop_requested) {
  for (const auto& directory :
       {paths.temporary, paths.logs, paths.outputs, paths.library}) {
    std::error_code error;
    std::filesystem::create_directories(directory, error);
    if (error) return ErrnoStatus(error.value(), "make " + directory.string());
  }
  std::ofstream(paths.config_file) << FarmConfigText(paths);
  RETURN_IF_ERROR(CreateFarmDatabase(paths.database));
  ASSIGN_OR_RETURN(FarmDatabase database, FarmDatabase::Open(paths.database));
  ASSIGN_OR_RETURN(Ledger ledger, Ledger::Open(paths.ledger));
  FarmBuilder builder(paths, calendar, std::move(database), std::move(ledger),
                      stop_requested);
  return builder.Build(jobs);
}

}  // namespace retentiond
