#include "report/findings.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status_macros.h"
#include "files/root.h"
#include "policy/slot.h"
#include "report/units.h"
#include "run/clock_watch.h"
#include "run/file_cleaner.h"

namespace retentiond {
namespace {

absl::Status AddClockFindings(const PreviewParts& parts,
                              std::vector<Finding>& findings) {
  ClockWatch watch(parts.clock, *parts.database.state, nullptr,
                   parts.build_date);
  RETURN_IF_ERROR(watch.Load());
  for (const ClockFact fact : watch.Assess({}).facts) {
    // Before the first run there is no anchor: nothing to say.
    if (fact == ClockFact::kFirstStart) continue;
    findings.push_back(
        {.level = Blocks(fact) ? Finding::Level::kError : Finding::Level::kInfo,
         .code = "clock",
         .message = SentenceOf(NameOf(fact)),
         .fix = "timedatectl set-ntp true"});
  }
  return absl::OkStatus();
}

absl::Status AddRootFindings(const Config& config,
                             std::vector<Finding>& findings) {
  std::optional<uid_t> owner;
  if (config.files.owner.has_value()) {
    ASSIGN_OR_RETURN(owner, LookUpUser(*config.files.owner));
  }
  for (const auto* roots :
       {&config.files.temp_roots, &config.files.log_roots}) {
    const std::vector<Finding> found = CheckRoots(*roots, owner);
    findings.insert(findings.end(), found.begin(), found.end());
  }
  return absl::OkStatus();
}

absl::Status AddOutputFinding(const PreviewParts& parts,
                              std::vector<Finding>& findings) {
  ASSIGN_OR_RETURN(const std::unique_ptr<FileCleaner> cleaner,
                   FileCleaner::Open({.config = parts.config.files,
                                      .naming = parts.naming,
                                      .calls = parts.calls,
                                      .dry_run = DryRun::kYes}));
  const Instant now = parts.clock.Now();
  const absl::StatusOr<SurveyTotals> survey = parts.database.jobs->Survey(
      {.cutoff = now - kRetention, .slot_start = now, .daemon_start = now},
      [&](const Job& job) -> absl::Status {
        RETURN_IF_ERROR(parts.CheckNotStopped());
        return cleaner->Note(job);
      });
  RETURN_IF_ERROR(survey.status());
  if (cleaner->outputs_below_roots() == 0) return absl::OkStatus();
  findings.push_back(
      {.level = Finding::Level::kInfo,
       .code = "output-below-root",
       .table = parts.config.jobs.table,
       .message = fmt::format(
           "{} below the roots: never removed, nor the directories that lead "
           "to them",
           cleaner->outputs_below_roots() == 1
               ? std::string("1 output lies")
               : WithSeparators(cleaner->outputs_below_roots()) +
                     " outputs lie")});
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Finding>> FindAll(const PreviewParts& parts) {
  ASSIGN_OR_RETURN(std::vector<Finding> findings, parts.database.jobs->Check());
  RETURN_IF_ERROR(AddRootFindings(parts.config, findings));
  RETURN_IF_ERROR(AddOutputFinding(parts, findings));
  RETURN_IF_ERROR(AddClockFindings(parts, findings));
  return findings;
}

}  // namespace retentiond
