// The file side of a night by itself: the entries of a root removed by the
// daemon's own cleaner, with all its checks and no database beside it.
//
//   clean_files MOST_WORKERS ROOT            every entry, as of deleted jobs
//   clean_files MOST_WORKERS ROOT orphans    those that a sweep finds
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "files/io_pacer.h"
#include "run/file_cleaner.h"

namespace retentiond {
namespace {

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return 1;
}

int Report(const FilesOutcome& outcome) {
  std::printf("%lld files, %lld directories, %lld bytes\n",
              static_cast<long long>(outcome.files),
              static_cast<long long>(outcome.directories),
              static_cast<long long>(outcome.bytes));
  return outcome.errors.empty() && outcome.kept.empty() ? 0 : 1;
}

int Clean(int workers, const std::string& root, bool orphans) {
  Config config;
  config.files.temp_roots = {root};
  config.jobs.outputs = {};
  const absl::StatusOr<Naming> naming = Naming::Make(config);
  FileCalls calls;
  SystemClock clock;
  Wakeup wakeup;
  IoPacer pacer([&] { return clock.BootTime(); },
                [&](Micros rest) { clock.Sleep(rest, wakeup); });
  const absl::StatusOr<std::unique_ptr<FileCleaner>> cleaner =
      FileCleaner::Open({.config = config.files,
                         .naming = *naming,
                         .calls = calls,
                         .work = {.most_workers = workers,
                                  .manner = FileWork::Manner::kConfined,
                                  .rest = [&] { pacer.Rest(); }}});
  if (!cleaner.ok()) return Fail(cleaner.status());
  if (const absl::Status sealed = (*cleaner)->Seal(); !sealed.ok()) {
    return Fail(sealed);
  }
  if (orphans) {
    const auto swept =
        (*cleaner)->Sweep(clock.Now(), [] { return absl::OkStatus(); });
    return swept.ok() ? Report(swept->outcome) : Fail(swept.status());
  }
  std::vector<PendingFile> pending;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    const std::string name = entry.path().filename();
    if (name != kTrashName) pending.push_back({.root = root, .name = name});
  }
  const auto removed = (*cleaner)->Remove(pending);
  return removed.ok() ? Report(*removed) : Fail(removed.status());
}

}  // namespace
}  // namespace retentiond

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  return retentiond::Clean(std::atoi(argv[1]), argv[2],
                           argc > 3 && std::string_view(argv[3]) == "orphans");
}
