// Whether the daemon has kept its promises: a pure comparison of what was found
// after the nights with what was reckoned.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "audit/verify.h"
#include "demo/farm_database.h"
#include "demo/manifest.h"
#include "demo/reckoning.h"
#include "jobstore/state_store.h"

namespace retentiond {

// What was found.
struct Evidence {
  std::vector<FarmDatabase::Stored> jobs;
  FarmDatabase::Totals totals;
  Manifest tree;  // the roots, and what lies beside them
  std::vector<RunRecord> runs;
  // For each job id, the dates of the runs whose batch records name it.
  std::map<std::string, std::vector<LocalDate>> audited;
  ChainVerdict chain;
  std::int64_t pending_files = 0;  // still to be removed
};

struct PromiseVerdict {
  int number = 0;       // of the README's list
  std::string promise;  // "Nothing recent, nothing in work"
  std::string figures;  // what was compared
  // What speaks against it; empty: it holds.
  std::vector<std::string> violations;
};

struct Verdict {
  std::vector<PromiseVerdict> promises;

  bool holds() const;
};

Verdict Judge(const Evidence& evidence, const LedgerContent& ledger,
              const DemoCalendar& calendar, const FarmPaths& paths);

}  // namespace retentiond
