#include "demo/reckoning.h"

#include <optional>

namespace retentiond {
namespace {

void Take(const FarmFile& file, bool stays, Reckoning& reckoning) {
  if (!stays && !file.output) {
    ++reckoning.files_removed;
    return;
  }
  if (file.output) ++reckoning.outputs;
  reckoning.files.emplace(file.path, file);
}

}  // namespace

std::optional<LocalDate> NightOfDeletion(const LedgerJob& job,
                                         const DemoCalendar& calendar) {
  if (!job.finished.has_value()) return std::nullopt;
  for (const DemoNight& night : calendar.nights) {
    if (job.job.created < night.slot.cutoff &&
        *job.finished < night.slot.start) {
      return night.slot.date;
    }
  }
  return std::nullopt;
}

Reckoning Reckon(const LedgerContent& ledger, const DemoCalendar& calendar) {
  Reckoning reckoning;
  for (const auto& [id, entry] : ledger.jobs) {
    const std::optional<LocalDate> night = NightOfDeletion(entry, calendar);
    if (night.has_value()) {
      reckoning.deleted.emplace(id, *night);
    } else {
      reckoning.staying.insert(id);
      reckoning.staying_logs += entry.job.logs;
      reckoning.staying_assets += entry.job.assets;
    }
    for (const FarmFile& file : entry.job.files) {
      Take(file, !night.has_value(), reckoning);
    }
  }
  const Instant last_cutoff = calendar.nights.back().slot.cutoff;
  for (const FarmOrphan& orphan : ledger.orphans) {
    for (const FarmFile& file : orphan.files) {
      Take(file, orphan.newest >= last_cutoff, reckoning);
    }
  }
  for (const FarmFile& file : ledger.others) Take(file, true, reckoning);
  return reckoning;
}

}  // namespace retentiond
