// What must be there after the nights, reckoned from the demo's own record by
// the rules of the README alone: no code of the daemon's takes part but the
// calendar's cutoffs.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "demo/calendar.h"
#include "demo/ledger.h"

namespace retentiond {

// The first night that must delete the job; none when it stays.
std::optional<LocalDate> NightOfDeletion(const LedgerJob& job,
                                         const DemoCalendar& calendar);

struct Reckoning {
  std::map<std::string, LocalDate> deleted;  // job ids
  std::set<std::string> staying;             // job ids
  std::int64_t staying_logs = 0;             // their dependent rows
  std::int64_t staying_assets = 0;
  // By path: all that must be on disk, other than directories.
  std::map<std::string, FarmFile> files;
  std::int64_t outputs = 0;  // of those
  std::int64_t files_removed = 0;
};

Reckoning Reckon(const LedgerContent& ledger, const DemoCalendar& calendar);

}  // namespace retentiond
