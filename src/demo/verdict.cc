#include "demo/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace retentiond {
namespace {

// A wrong daemon may break a promise thousands of times; these are shown.
constexpr std::size_t kMostViolations = 5;

// The daemon's own entry in a root.
constexpr char kTrash[] = ".retentiond-trash";

class Judgement {
 public:
  Judgement(const Evidence& evidence, const LedgerContent& ledger,
            const DemoCalendar& calendar, const FarmPaths& paths)
      : evidence_(evidence),
        ledger_(ledger),
        calendar_(calendar),
        paths_(paths),
        reckoned_(Reckon(ledger, calendar)) {
    for (const FarmDatabase::Stored& job : evidence.jobs) {
      present_.emplace(job.id, &job);
    }
  }

  Verdict Give() {
    return {{NothingRecent(), OutputsUntouched(), AllOrNothing(), Accounted(),
             CrashProof(), OnceANight()}};
  }

 private:
  static void Violate(PromiseVerdict& verdict, std::string what) {
    if (verdict.violations.size() < kMostViolations) {
      verdict.violations.push_back(std::move(what));
    }
  }

  bool BelowRoot(const std::string& path) const {
    return path.starts_with(paths_.temporary.string() + "/") ||
           path.starts_with(paths_.logs.string() + "/");
  }

  PromiseVerdict NothingRecent() const {
    PromiseVerdict verdict{.number = 1,
                           .promise = "Nothing recent, nothing in work"};
    std::int64_t in_work = 0;
    for (const std::string& id : reckoned_.staying) {
      if (!present_.contains(id)) {
        Violate(verdict, "job " + id + " should have stayed and is gone");
      }
      if (!ledger_.jobs.at(id).finished.has_value()) ++in_work;
    }
    for (const auto& [id, dates] : evidence_.audited) {
      const auto reckoned = reckoned_.deleted.find(id);
      if (reckoned == reckoned_.deleted.end()) continue;
      if (dates.front() < reckoned->second) {
        Violate(verdict, fmt::format("job {} went on {}, before its time", id,
                                     FormatDate(dates.front())));
      }
    }
    verdict.figures = fmt::format(
        "{} jobs stay, {} of them in work; none went before its night",
        reckoned_.staying.size(), in_work);
    return verdict;
  }

  // A file that was recorded must be there with the bytes it had.
  void CheckFile(const FarmFile& file, PromiseVerdict& verdict) const {
    const auto found = evidence_.tree.find(file.path);
    if (found == evidence_.tree.end()) {
      Violate(verdict, file.path + " is gone");
    } else if (found->second != ManifestEntry{.hash = file.hash}) {
      Violate(verdict, file.path + " has changed");
    }
  }

  PromiseVerdict OutputsUntouched() const {
    PromiseVerdict verdict{.number = 2, .promise = "Outputs are untouchable"};
    std::int64_t elsewhere = 0;
    for (const auto& [path, file] : reckoned_.files) {
      if (file.output || !BelowRoot(path)) CheckFile(file, verdict);
      if (!BelowRoot(path)) ++elsewhere;
    }
    for (const auto& [path, entry] : evidence_.tree) {
      if (!BelowRoot(path) && !entry.directory &&
          !reckoned_.files.contains(path)) {
        Violate(verdict, path + " has appeared outside the roots");
      }
    }
    verdict.figures = fmt::format(
        "{} outputs with every byte and name; {} files outside the roots as "
        "they were",
        reckoned_.outputs, elsewhere);
    return verdict;
  }

  PromiseVerdict AllOrNothing() const {
    PromiseVerdict verdict{.number = 3, .promise = "All or nothing"};
    CheckRows(verdict);
    CheckTree(verdict);
    verdict.figures = fmt::format(
        "{} jobs gone with all their rows, and {} files; the rows and files of "
        "the others complete; no broken reference",
        reckoned_.deleted.size(), reckoned_.files_removed);
    return verdict;
  }

  void CheckRows(PromiseVerdict& verdict) const {
    for (const auto& [id, stored] : present_) {
      const auto made = ledger_.jobs.find(id);
      if (made == ledger_.jobs.end()) {
        Violate(verdict, "job " + id + " was never made");
      } else if (!reckoned_.staying.contains(id)) {
        Violate(verdict, "job " + id + " should have gone and is still there");
      } else if (!IsAsMade(*stored, made->second.job)) {
        Violate(verdict, "the rows of job " + id + " are not as they were");
      }
    }
    const FarmDatabase::Totals& totals = evidence_.totals;
    const auto expect = [&](const std::string& what, std::int64_t found,
                            std::int64_t expected) {
      if (found == expected) return;
      Violate(verdict,
              fmt::format("{}: {}, and should be {}", what, found, expected));
    };
    expect("rows of JobLog", totals.logs, reckoned_.staying_logs);
    expect("rows of Asset", totals.assets, reckoned_.staying_assets);
    expect("rows of User", totals.users, 1);
    expect("broken references", totals.broken_references, 0);
  }

  static bool IsAsMade(const FarmDatabase::Stored& stored, const FarmJob& job) {
    std::vector<std::string> values;
    for (auto& [name, value] : ColumnsOf(job)) values.push_back(value);
    return stored.values == values && stored.logs == job.logs &&
           stored.assets == job.assets;
  }

  // The trash of a root may stand, empty but for the file that names the root.
  bool IsRootsId(const std::string& path) const {
    return (paths_.temporary / kTrash / "id").string().starts_with(path) ||
           (paths_.logs / kTrash / "id").string().starts_with(path);
  }

  void CheckTree(PromiseVerdict& verdict) const {
    std::set<std::string> wanted;  // directories above what must be there
    for (const auto& [path, file] : reckoned_.files) {
      if (!BelowRoot(path)) continue;
      if (!file.output) CheckFile(file, verdict);
      for (std::filesystem::path above = file.path; BelowRoot(above.string());
           above = above.parent_path()) {
        wanted.insert(above.string());
      }
    }
    for (const auto& [path, entry] : evidence_.tree) {
      if (!BelowRoot(path) || IsRootsId(path)) continue;
      if (!wanted.contains(path)) Violate(verdict, path + " is left over");
    }
  }

  PromiseVerdict Accounted() const {
    PromiseVerdict verdict{.number = 4, .promise = "Accounted for"};
    for (const auto& [id, made] : ledger_.jobs) {
      const auto records = evidence_.audited.find(id);
      const std::size_t named =
          records == evidence_.audited.end() ? 0 : records->second.size();
      const std::size_t expected = present_.contains(id) ? 0 : 1;
      if (named != expected) {
        Violate(verdict, fmt::format("job {} stands in {} records, and should "
                                     "stand in {}",
                                     id, named, expected));
      }
    }
    if (!evidence_.chain.ok) {
      Violate(verdict, "the chain is broken: " + evidence_.chain.problem);
    }
    verdict.figures = fmt::format(
        "{} deleted jobs, each in exactly one record; the chain of {} records "
        "is unbroken",
        evidence_.audited.size(), evidence_.chain.records);
    return verdict;
  }

  PromiseVerdict CrashProof() const {
    PromiseVerdict verdict{.number = 5, .promise = "Crash-proof"};
    std::int64_t on_time = 0;
    for (const auto& [id, night] : reckoned_.deleted) {
      const auto records = evidence_.audited.find(id);
      if (records == evidence_.audited.end()) continue;  // promise 4 tells
      if (records->second.front() > night) {
        Violate(verdict, fmt::format("job {} went on {}, and was due on {}", id,
                                     FormatDate(records->second.front()),
                                     FormatDate(night)));
      } else {
        ++on_time;
      }
    }
    if (evidence_.pending_files != 0) {
      Violate(verdict, fmt::format("{} names of deleted jobs are still pending",
                                   evidence_.pending_files));
    }
    std::string killed;
    for (const DemoNight& night : calendar_.nights) {
      if (!night.killed) continue;
      killed = FormatDate(night.slot.date);
      if (ClosedRunsOn(night.slot.date) != 1) {
        Violate(verdict, "the killed run of " + killed + " was not finished");
      }
    }
    verdict.figures = fmt::format(
        "the run killed on {} was finished; all {} jobs went on the night they "
        "were due, no file is pending",
        killed, on_time);
    return verdict;
  }

  PromiseVerdict OnceANight() const {
    PromiseVerdict verdict{.number = 6, .promise = "Once a night"};
    for (const DemoNight& night : calendar_.nights) {
      const std::int64_t runs = ClosedRunsOn(night.slot.date);
      if (runs != 1) {
        Violate(verdict, fmt::format("{}: {} finished runs",
                                     FormatDate(night.slot.date), runs));
      }
    }
    if (evidence_.runs.size() != calendar_.nights.size()) {
      Violate(verdict,
              fmt::format("{} runs on {} nights", evidence_.runs.size(),
                          calendar_.nights.size()));
    }
    verdict.figures = fmt::format(
        "{} dates, one successful run each, the change of clocks "
        "and the night without the machine included",
        calendar_.nights.size());
    return verdict;
  }

  std::int64_t ClosedRunsOn(LocalDate date) const {
    return std::count_if(evidence_.runs.begin(), evidence_.runs.end(),
                         [&](const RunRecord& run) {
                           return run.slot == date &&
                                  run.outcome == RunOutcome::kSuccess;
                         });
  }

  const Evidence& evidence_;
  const LedgerContent& ledger_;
  const DemoCalendar& calendar_;
  const FarmPaths& paths_;
  Reckoning reckoned_;
  std::map<std::string, const FarmDatabase::Stored*> present_;
};

}  // namespace

bool Verdict::holds() const {
  return std::all_of(
      promises.begin(), promises.end(),
      [](const PromiseVerdict& promise) { return promise.violations.empty(); });
}

Verdict Judge(const Evidence& evidence, const LedgerContent& ledger,
              const DemoCalendar& calendar, const FarmPaths& paths) {
  return Judgement(evidence, ledger, calendar, paths).Give();
}

}  // namespace retentiond
