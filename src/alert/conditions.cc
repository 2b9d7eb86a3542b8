#include "alert/conditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/clock_guard.h"
#include "policy/forecast.h"
#include "report/units.h"

namespace retentiond {
namespace {

constexpr std::size_t kFewestRuns = 5;
constexpr std::int64_t kFewestMore = 20;
// Of a run's errors; the record has them all.
constexpr std::size_t kErrorsTold = 3;

bool IsMarked(const RunRecord& run, const char* mark) {
  return std::count(run.marks.begin(), run.marks.end(), mark) > 0;
}

std::string ErrorsOf(const RunRecord& run) {
  std::string text;
  for (std::size_t i = 0; i < std::min(run.errors.size(), kErrorsTold); ++i) {
    text += "\n" + run.errors[i];
  }
  if (run.errors.size() > kErrorsTold) {
    text += fmt::format("\n... and {} more: `retentiond runs --json`",
                        run.errors.size() - kErrorsTold);
  }
  return text;
}

std::string CountedDirectories(std::int64_t count) {
  if (count == 1) return "1 directory";
  return WithSeparators(count) + " directories";
}

std::string CountedEntries(std::int64_t count) {
  return count == 1 ? "1 entry" : WithSeparators(count) + " entries";
}

// Notes whether the condition holds, and that it was looked at.
void Look(AlertReport& report, AlertKind kind, bool holds,
          const std::string& text) {
  report.looked_at.insert(AlertKeyOf(kind));
  if (holds) report.conditions.push_back({.kind = kind, .text = text});
}

std::int64_t LeftOf(const RunRecord& run) {
  return run.expired - run.jobs_deleted;
}

// Of a run that its window cut short.
void LookAtBacklog(const RunRecord& run, const std::string& summary,
                   AlertReport& report) {
  const bool cut = IsMarked(run, kMarkWindowCut);
  const Forecast forecast = ForecastOf(
      {.left = LeftOf(run),
       .deleted = run.jobs_deleted,
       .younger = std::max<std::int64_t>(
           run.jobs_total - run.expired - run.held - run.undatable, 0)});
  const std::string arriving =
      fmt::format("about {} a night expire", Counted(forecast.arriving, "job"));
  const std::string rest =
      forecast.nights.has_value()
          ? fmt::format("at this pace it is gone in {}, while {}",
                        Counted(*forecast.nights, "night"), arriving)
          : arriving + ", and no fewer than the window is long enough for";
  Look(report, AlertKind::kWindowCut, cut,
       fmt::format("{} The window ended first, and the rest waits: {}.",
                   summary, rest));
  Look(report, AlertKind::kFallingBehind, cut && !forecast.nights.has_value(),
       fmt::format("{} have expired and are still there, {}, and the cleanup "
                   "of {} deleted {} until its window ended. A longer "
                   "`schedule.window` drains more.",
                   Counted(LeftOf(run), "job"), arriving, FormatDate(run.slot),
                   WithSeparators(run.jobs_deleted)));
}

// "2 of 9 jobs, 5 rows of JobLog, 4 files in 2 directories of jobs, 1.2 GiB"
std::string AmountOf(const Preview& preview) {
  std::string text = fmt::format("{} of {}", WithSeparators(preview.to_delete),
                                 Counted(preview.totals.total, "job"));
  for (const Preview::Dependent& table : preview.dependents) {
    if (table.rows == 0) continue;
    text += fmt::format(", {} of {}", Counted(table.rows, "row"), table.table);
  }
  text += fmt::format(", {} in {} of jobs", Counted(preview.files, "file"),
                      CountedDirectories(preview.job_directories));
  if (preview.orphans > 0) {
    text += fmt::format(" and {} that belong to no job",
                        CountedEntries(preview.orphans));
  }
  return text + ", " + HumanBytes(preview.bytes);
}

}  // namespace

std::string SummaryOf(const RunRecord& run) {
  std::string text = fmt::format(
      "The cleanup of {}: {} and {} deleted, {} freed", FormatDate(run.slot),
      Counted(run.jobs_deleted, "job"), Counted(run.files_deleted, "file"),
      HumanBytes(run.bytes_freed));
  if (run.finished.has_value()) {
    text += fmt::format(", in {}", HumanDuration(*run.finished - run.started));
  }
  const std::int64_t left = LeftOf(run);
  if (run.outcome != RunOutcome::kSuccess && left > 0) {
    text += fmt::format("; {} that had expired stayed", Counted(left, "job"));
  }
  text += fmt::format("; {} held", Counted(run.held, "job"));
  if (run.undatable > 0) {
    text += fmt::format(", {} without a readable creation time",
                        WithSeparators(run.undatable));
  }
  return text + ".";
}

AlertReport ReportOfEnd(const RunRecord& run,
                        const std::vector<RunRecord>& earlier) {
  const std::string summary = SummaryOf(run);
  const bool failed = run.outcome == RunOutcome::kFailed;
  AlertReport report;
  Look(report, AlertKind::kRunFailed, failed, summary + ErrorsOf(run));
  Look(report, AlertKind::kRunPartial, run.outcome == RunOutcome::kPartial,
       summary + ErrorsOf(run));
  Look(report, AlertKind::kBlocked, false, "");
  Look(report, AlertKind::kLate, false, "");
  Look(report, AlertKind::kLargeRun, false, "");
  LookAtBacklog(run, summary, report);
  // What a run that was given up has seen is not the whole.
  if (failed) return report;
  Look(report, AlertKind::kMissed, false, "");
  Look(report, AlertKind::kSlow, IsMarked(run, kMarkSlow),
       summary + " It took more than three times as long as the last ones.");
  Look(report, AlertKind::kUndatable, run.undatable > 0,
       fmt::format("{} without a creation time that can be read, or with one "
                   "that lies ahead: they stay for good. `retentiond check` "
                   "names them.",
                   Counted(run.undatable, "job")));
  Look(report, AlertKind::kHeldGrowing, IsGrowing(run.held, earlier),
       fmt::format("{} older than seven days are held, in work or referred to "
                   "by a row that must stay: more than twice as many as usual.",
                   Counted(run.held, "job")));
  if (run.outcome == RunOutcome::kSuccess) {
    report.notices.push_back({kNoticeRunSuccess, summary});
  }
  return report;
}

AlertReport ReportOfBlock(const RunRecord& run) {
  std::vector<std::string> sentences;
  for (const std::string& fact : run.blocked) {
    sentences.push_back(SentenceOf(fact));
  }
  AlertReport report;
  Look(report, AlertKind::kBlocked, true,
       fmt::format("The cleanup of {} deletes nothing until the clock is right "
                   "again: {}.",
                   FormatDate(run.slot), fmt::join(sentences, "; ")));
  return report;
}

AlertReport ReportOfBegin(const RunRecord& run) {
  AlertReport report;
  report.notices.push_back(
      {kNoticeRunBegin,
       fmt::format("The cleanup of {} begins: {} of {} have expired.",
                   FormatDate(run.slot), WithSeparators(run.expired),
                   Counted(run.jobs_total, "job"))});
  Look(report, AlertKind::kBlocked, false, "");
  if (run.late) {
    Look(report, AlertKind::kLate, true,
         fmt::format("The cleanup of {}, due at {}, has begun only at {}.",
                     FormatDate(run.slot), FormatInstant(run.slot_start),
                     FormatInstant(run.started)));
  }
  return report;
}

AlertReport ReportOfMissed(const std::vector<LocalDate>& slots) {
  std::vector<std::string> dates;
  for (const LocalDate slot : slots) dates.push_back(FormatDate(slot));
  AlertReport report;
  Look(report, AlertKind::kMissed, true,
       fmt::format("No cleanup took place on {}: the latest that is due makes "
                   "up for them.",
                   fmt::join(dates, ", ")));
  return report;
}

AlertReport ReportOfSurvey(const RunRecord& run, const SurveyTotals& totals) {
  const Instant limit = run.cutoff - kHeldTooLong;
  std::vector<std::string> ids;
  for (const Job& job : totals.in_work_jobs) {
    if (job.created.has_value() && *job.created < limit) {
      ids.push_back(job.id.text);
    }
  }
  AlertReport report;
  const std::size_t count = ids.size();
  if (count > kErrorsTold) ids.resize(kErrorsTold);
  Look(report, AlertKind::kHeldLong, count > 0,
       fmt::format("In work, and held for more than 30 days: {}{}. Whoever "
                   "finishes or cancels them lets them go.",
                   fmt::join(ids, ", "),
                   count > kErrorsTold ? ", and others" : ""));
  return report;
}

AlertReport ReportOfAhead(const std::optional<Announcement>& ahead) {
  AlertReport report;
  report.looked_at.insert(AlertKeyOf(AlertKind::kLargeRun));
  if (!ahead.has_value()) return report;
  const Preview& preview = ahead->preview;
  std::string text = fmt::format(
      "The cleanup of {}, at {}, {}: {}.", FormatDate(preview.slot.date),
      FormatInstant(preview.slot.start),
      ahead->usual.has_value()
          ? fmt::format("deletes at least ten times as much as usual ({})",
                        Counted(*ahead->usual, "job"))
          : "is the first on this database",
      AmountOf(preview));
  if (!preview.largest.empty()) text += " The largest:";
  for (const SizedEntry& entry : preview.largest) {
    text += fmt::format("\n{} ({})", entry.path, HumanBytes(entry.bytes));
  }
  for (const std::string& fact : preview.blocked) {
    text += "\nThe clock guard would block it: " + SentenceOf(fact) + ".";
  }
  text +=
      "\nIt runs unless the service is stopped (`systemctl stop retentiond`); "
      "`retentiond plan` shows the whole.";
  Look(report, AlertKind::kLargeRun, true, text);
  return report;
}

AlertReport ReportOfOverdue(const Slot& slot) {
  AlertReport report;
  Look(report, AlertKind::kLate, true,
       fmt::format("The cleanup of {}, due at {}, has not begun.",
                   FormatDate(slot.date), FormatInstant(slot.start)));
  return report;
}

bool IsGrowing(std::int64_t held, const std::vector<RunRecord>& earlier) {
  if (earlier.size() < kFewestRuns) return false;
  std::vector<std::int64_t> counts;
  for (const RunRecord& run : earlier) counts.push_back(run.held);
  const auto middle =
      counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  return held > 2 * *middle && held >= *middle + kFewestMore;
}

}  // namespace retentiond
