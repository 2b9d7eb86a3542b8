#include "cli/sparkline.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace retentiond {
namespace {

constexpr std::array<const char*, 8> kBars = {"▁", "▂", "▃", "▄",
                                              "▅", "▆", "▇", "█"};

bool DeletedNothingForAReason(const RunRecord& run) {
  return run.outcome == RunOutcome::kFailed ||
         run.outcome == RunOutcome::kBlocked;
}

std::string BarOf(const Terminal& terminal, const RunRecord& run,
                  std::int64_t most) {
  if (DeletedNothingForAReason(run)) return terminal.In(Colour::kRed, "x");
  const auto last = static_cast<std::int64_t>(kBars.size()) - 1;
  // A night that deleted something is higher than one that did not.
  const std::int64_t height =
      most == 0 ? 0 : (run.jobs_deleted * last + most - 1) / most;
  const Colour colour =
      run.outcome == RunOutcome::kSuccess ? Colour::kGreen : Colour::kYellow;
  return terminal.In(colour, kBars[static_cast<std::size_t>(height)]);
}

}  // namespace

std::string Sparkline(const Terminal& terminal,
                      const std::vector<RunRecord>& runs,
                      const Schedule& schedule) {
  std::map<LocalDate, const RunRecord*> nights;
  std::int64_t most = 0;
  for (const RunRecord& run : runs) {
    nights.emplace(run.slot, &run);
    most = std::max(most, run.jobs_deleted);
  }
  std::string line;
  const LocalDate* before = nullptr;
  for (const auto& [date, run] : nights) {
    if (before != nullptr) {
      for (std::size_t missed =
               SlotDatesBetween(*before, date, schedule).size();
           missed > 0; --missed) {
        line += terminal.In(Colour::kYellow, ".");
      }
    }
    line += BarOf(terminal, *run, most);
    before = &date;
  }
  return line;
}

}  // namespace retentiond
