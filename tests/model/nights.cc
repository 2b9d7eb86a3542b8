// Lives through nights of small farms, and compares each with plain rules.
//
//   nights random FIRST_SEED COUNT
//     So many random farms. One that fails is made smaller while it still does,
//     and printed with its seed; the same seed shows it again.
//   nights calls STEP
//     One farm, of which every STEP-th system call fails, once and for good, in
//     every way that such calls fail, or kills the process: the first, ...
//     until a night passes untouched.
#include <fmt/format.h>

#include <cctype>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "model/scenario.h"
#include "model/world.h"

namespace retentiond::model {
namespace {

std::optional<std::string> ProblemOf(const Scenario& scenario) {
  return World(scenario).Play();
}

// What it is about, whichever job and file it is.
std::string KindOf(const std::string& problem) {
  std::string kind;
  for (const char c : problem.substr(0, problem.find('\n'))) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) kind += c;
  }
  return kind;
}

void Report(Scenario scenario, std::string problem) {
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (const Scenario& candidate : Smaller(scenario)) {
      const std::optional<std::string> still = ProblemOf(candidate);
      if (!still.has_value() || KindOf(*still) != KindOf(problem)) continue;
      scenario = candidate;
      problem = *still;
      smaller = true;
      break;
    }
  }
  fmt::print("{}  {}\n", Describe(scenario), problem);
}

int RunRandom(unsigned first, unsigned count) {
  long nights = 0;
  for (unsigned seed = first; seed < first + count; ++seed) {
    const Scenario scenario = MakeScenario(seed);
    nights += scenario.nights;
    const std::optional<std::string> problem = ProblemOf(scenario);
    if (!problem.has_value()) continue;
    Report(scenario, *problem);
    return EXIT_FAILURE;
  }
  fmt::print("seeds {} to {}: {} nights as by the rules\n", first,
             first + count - 1, nights);
  return EXIT_SUCCESS;
}

// Fails one call after the other; none: a night did not end as by the rules.
std::optional<long> RunFaults(Scenario scenario, FaultSpec fault, long step) {
  long hit = 0;
  for (fault.at = 1 + step / 2;; fault.at += step) {
    scenario.faults = {fault};
    World world(scenario);
    const std::optional<std::string> problem = world.Play();
    if (problem.has_value()) {
      fmt::print("{}  {}\n", Describe(scenario), *problem);
      return std::nullopt;
    }
    if (!world.was_hit()) return hit;
    ++hit;
  }
}

int RunCalls(long step) {
  int result = EXIT_SUCCESS;
  for (const bool write_ahead_log : {true, false}) {
    const Scenario scenario = MakeFullScenario(write_ahead_log);
    for (const CallFault& call : CallFaults()) {
      for (const bool for_good : {false, true}) {
        if (call.error == 0 && for_good) continue;
        const std::optional<long> hit = RunFaults(scenario,
                                                  {.night = 0,
                                                   .kinds = call.kinds,
                                                   .error = call.error,
                                                   .for_good = for_good},
                                                  step);
        if (!hit.has_value()) result = EXIT_FAILURE;
        fmt::print("{}, {} {}: {} points\n",
                   write_ahead_log ? "write-ahead log" : "rollback journal",
                   call.name, for_good ? "for good" : "once", hit.value_or(-1));
      }
    }
  }
  return result;
}

}  // namespace
}  // namespace retentiond::model

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 3 && arguments[0] == "random") {
    return retentiond::model::RunRandom(
        static_cast<unsigned>(std::stoul(arguments[1])),
        static_cast<unsigned>(std::stoul(arguments[2])));
  }
  if (arguments.size() == 2 && arguments[0] == "calls") {
    return retentiond::model::RunCalls(std::stol(arguments[1]));
  }
  fmt::print(stderr, "usage: nights random FIRST_SEED COUNT | calls STEP\n");
  return 64;
}
