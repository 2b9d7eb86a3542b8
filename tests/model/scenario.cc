#include "model/scenario.h"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <random>
#include <utility>

#include "preload/call_faults.h"

namespace retentiond::model {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) { scenario_.seed = seed; }

  Scenario Make() {
    scenario_.write_ahead_log = Pick(3) != 0;
    scenario_.indexes = Pick(4) != 0;
    scenario_.without_rowid = Pick(6) == 0;
    scenario_.nights = 2 + Pick(2);
    MakeColumns();
    MakeRows();
    MakeLinks();
    for (int i = Pick(3); i > 0; --i) {
      scenario_.orphans.push_back({i, Pick(2) == 0});
    }
    for (int night = 0; night + 1 < scenario_.nights; ++night) {
      if (Pick(5) != 0) MakeFault(night);
    }
    return std::move(scenario_);
  }

 private:
  int Pick(int bound) {
    return static_cast<int>(random_() % static_cast<unsigned>(bound));
  }
  template <typename T>
  T OneOf(const std::vector<T>& choices) {
    return choices[static_cast<std::size_t>(
        Pick(static_cast<int>(choices.size())))];
  }

  void MakeColumns() {
    const std::vector<std::string> actions = {"CASCADE", "CASCADE", "SET NULL",
                                              "RESTRICT", "NO ACTION"};
    const std::vector<std::string> tables = {"Job", "Frame", "Tile", "Log"};
    for (int i = Pick(6); i > 0; --i) {
      scenario_.columns.push_back({OneOf(tables), fmt::format("c{}", i),
                                   OneOf(tables), OneOf(actions)});
    }
  }

  void MakeRows() {
    for (const char* table : {"Frame", "Tile", "Log"}) {
      for (int id = Pick(7); id > 0; --id) {
        scenario_.rows.emplace_back(table, id);
      }
    }
    // One that stays: a database that a run would empty is another story.
    scenario_.jobs.push_back(
        {.number = 1, .age = -days(3), .state = "COMPLETED", .uid = 1});
    const int jobs = 2 + Pick(9);
    for (int number = 2; number <= jobs; ++number) MakeJob(number);
  }

  void MakeJob(int number) {
    const std::vector<Micros> ages = {Micros(0),        milliseconds(1),
                                      -milliseconds(1), seconds(1),
                                      -seconds(1),      hours(1),
                                      -hours(1),        hours(23),
                                      -hours(23),       -hours(25),
                                      days(2),          days(30),
                                      days(400),        -days(8) - hours(30)};
    JobSpec job{.number = number,
                .age = OneOf(ages),
                .form = static_cast<Form>(Pick(8)),
                .state = OneOf<std::string>({"COMPLETED", "COMPLETED", "FAILED",
                                             "CANCELLED", "RENDERING"}),
                .uid = Pick(5) == 0 ? 1 + Pick(number) : number,
                .output = static_cast<Output>(Pick(7)),
                .log = Pick(2) == 0,
                .files = Pick(4),
                .night = Pick(4) == 0 ? Pick(scenario_.nights) : 0};
    scenario_.jobs.push_back(job);
  }

  void MakeLinks() {
    std::map<std::string, std::vector<int>> ids;
    for (const Row& row : scenario_.rows) ids[row.first].push_back(row.second);
    for (const JobSpec& job : scenario_.jobs) ids["Job"].push_back(job.number);
    for (std::size_t i = 0; i < scenario_.columns.size(); ++i) {
      const ColumnOf& column = scenario_.columns[i];
      if (ids[column.parent].empty()) continue;
      for (const int child : ids[column.table]) {
        if (Pick(2) == 0) continue;
        scenario_.links.push_back(
            {static_cast<int>(i), child, OneOf(ids[column.parent])});
      }
    }
  }

  void MakeFault(int night) {
    const CallFault fault = OneOf(CallFaults());
    scenario_.faults.push_back({.night = night,
                                .kinds = fault.kinds,
                                .at = 1 + Pick(Pick(2) == 0 ? 40 : 600),
                                .error = fault.error,
                                .for_good = Pick(2) == 0});
  }

  std::mt19937 random_;
  Scenario scenario_;
};

template <typename T>
void AddWithoutOne(const Scenario& scenario, std::vector<T> Scenario::*part,
                   std::vector<Scenario>& smaller, std::size_t first = 0) {
  for (std::size_t i = first; i < (scenario.*part).size(); ++i) {
    smaller.push_back(scenario);
    std::vector<T>& fewer = smaller.back().*part;
    fewer.erase(fewer.begin() + static_cast<long>(i));
  }
}

}  // namespace

const std::vector<CallFault>& CallFaults() {
  using namespace call_faults;  // NOLINT: its constants
  static const std::vector<CallFault> faults = {
      {"killed", kWrite | kSync | kName, 0},
      {"no space to write", kWrite, ENOSPC},
      {"no quota to write", kWrite, EDQUOT},
      {"write error", kWrite, EIO},
      {"sync error", kSync, EIO},
      {"no space for names", kName, ENOSPC},
      {"names may not be changed", kName, EACCES},
      {"read-only file system", kWrite | kName, EROFS},
      {"read error", kRead, EIO},
      {"no descriptor left", kOpen, EMFILE},
      {"may not be opened", kOpen, EACCES},
      {"error at opening", kOpen, EIO},
      {"busy", kLock, EAGAIN},
      {"lock error", kLock, EIO}};
  return faults;
}

Scenario MakeScenario(unsigned seed) { return Maker(seed).Make(); }

Scenario MakeFullScenario(bool write_ahead_log) {
  Scenario scenario{.write_ahead_log = write_ahead_log, .nights = 2};
  scenario.columns = {{"Frame", "job", "Job", "CASCADE"},
                      {"Tile", "frame", "Frame", "CASCADE"},
                      {"Log", "job", "Job", "SET NULL"},
                      {"Log", "held", "Job", "RESTRICT"}};
  const std::vector<Micros> ages = {-days(3),     hours(1),  hours(2), hours(3),
                                    days(2),      days(3),   days(30), -days(2),
                                    Micros(1000), -hours(30)};
  for (std::size_t i = 0; i < ages.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    scenario.jobs.push_back({.number = number,
                             .age = ages[i],
                             .form = i % 2 == 0 ? Form::kIsoZ : Form::kMillis,
                             .state = i == 4 ? "RENDERING" : "COMPLETED",
                             .uid = i == 7 ? 2 : number,
                             .output = static_cast<Output>(i % 7),
                             .log = true,
                             .files = 3});
    // Enough for more than one batch.
    for (int row = 0; row < 12; ++row) {
      const int id = number * 100 + row;
      scenario.rows.emplace_back("Frame", id);
      scenario.rows.emplace_back("Tile", id);
      scenario.links.push_back({0, id, number});
      scenario.links.push_back({1, id, id});
    }
  }
  scenario.rows.emplace_back("Log", 1);
  scenario.rows.emplace_back("Log", 2);
  scenario.links.push_back({2, 1, 2});
  scenario.links.push_back({3, 2, 3});
  scenario.orphans = {{1, false}, {2, true}};
  return scenario;
}

std::vector<Scenario> Smaller(const Scenario& scenario) {
  std::vector<Scenario> smaller;
  AddWithoutOne(scenario, &Scenario::jobs, smaller, 1);  // see MakeRows
  AddWithoutOne(scenario, &Scenario::rows, smaller);
  AddWithoutOne(scenario, &Scenario::links, smaller);
  AddWithoutOne(scenario, &Scenario::orphans, smaller);
  AddWithoutOne(scenario, &Scenario::faults, smaller);
  for (std::size_t i = 0; i < scenario.jobs.size(); ++i) {
    if (scenario.jobs[i].output != Output::kNone) {
      smaller.push_back(scenario);
      smaller.back().jobs[i].output = Output::kNone;
    }
    if (scenario.jobs[i].files > 0) {
      smaller.push_back(scenario);
      smaller.back().jobs[i].files = 0;
    }
  }
  return smaller;
}

std::string Describe(const Scenario& scenario) {
  std::string text = fmt::format(
      "seed {}: {} nights, {}{}{}\n", scenario.seed, scenario.nights,
      scenario.write_ahead_log ? "write-ahead log" : "rollback journal",
      scenario.indexes ? "" : ", no indexes",
      scenario.without_rowid ? ", without rowid" : "");
  for (const JobSpec& job : scenario.jobs) {
    text += fmt::format(
        "  job {} night {} age {} us form {} {} uid {} output {} log {} "
        "files {}\n",
        job.number, job.night, job.age.count(), static_cast<int>(job.form),
        job.state, job.uid, static_cast<int>(job.output), job.log, job.files);
  }
  for (const Row& row : scenario.rows) {
    text += fmt::format("  row {} {}\n", row.first, row.second);
  }
  for (const LinkSpec& link : scenario.links) {
    const ColumnOf& column =
        scenario.columns[static_cast<std::size_t>(link.column)];
    text += fmt::format("  {} {} refers by {} to {} {}, {}\n", column.table,
                        link.child, column.name, column.parent, link.parent,
                        column.action);
  }
  for (const OrphanSpec& orphan : scenario.orphans) {
    text += fmt::format("  orphan {}{}\n", orphan.number,
                        orphan.has_result ? " with a result" : "");
  }
  for (const FaultSpec& fault : scenario.faults) {
    text += fmt::format("  fault night {} kinds {} at {} error {}{}\n",
                        fault.night, fault.kinds, fault.at, fault.error,
                        fault.for_good ? " for good" : "");
  }
  return text;
}

}  // namespace retentiond::model
