#include "run/log_observer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "policy/zone.h"

namespace retentiond {
namespace {

// sd-daemon(3): "<6>" and the like give a line its priority in the journal.
class JournalFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message,
              spdlog::memory_buf_t& buffer) override {
    const char* priority = "<6>";
    if (message.level == spdlog::level::warn) priority = "<4>";
    if (message.level >= spdlog::level::err) priority = "<3>";
    fmt::format_to(
        fmt::appender(buffer), "{}{}\n", priority,
        fmt::string_view(message.payload.data(), message.payload.size()));
  }
  // GCOV_EXCL_START: asked for by loggers of several sinks, which this is not.
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JournalFormatter>();
  }
  // GCOV_EXCL_STOP
};

std::string CountOf(const std::optional<std::int64_t>& count) {
  return count.has_value() ? std::to_string(*count) : "?";
}

}  // namespace

std::shared_ptr<spdlog::logger> MakeLog() {
  if (std::getenv("JOURNAL_STREAM") != nullptr) {
    auto sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
    sink->set_formatter(std::make_unique<JournalFormatter>());
    return std::make_shared<spdlog::logger>("retentiond", std::move(sink));
  }
  auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_st>();
  auto log = std::make_shared<spdlog::logger>("retentiond", std::move(sink));
  log->set_pattern("%Y-%m-%dT%H:%M:%SZ %^%-7l%$ %v",
                   spdlog::pattern_time_type::utc);
  return log;
}

LogObserver::LogObserver(std::shared_ptr<spdlog::logger> log,
                         absl::TimeZone zone)
    : log_(std::move(log)), zone_(zone) {}

void LogObserver::OnWait(Instant until) {
  leader_.clear();
  if (waiting_until_ == until) return;
  waiting_until_ = until;
  log_->info("next run at={}", FormatLocal(until, zone_));
}

void LogObserver::OnStandby(const std::string& leader) {
  if (leader_ == leader) return;
  leader_ = leader;
  log_->info("standing by: leader={}", leader);
}

void LogObserver::OnMissed(const std::vector<LocalDate>& slots) {
  std::string dates;
  for (const LocalDate date : slots) {
    dates += (dates.empty() ? "" : ",") + FormatDate(date);
  }
  log_->error(
      "missed slots={}: no cleanup took place on these dates, the "
      "latest due one makes up for them",
      dates);
}

void LogObserver::OnRunBegin(const RunRecord& run) {
  blocked_.clear();
  log_->log(run.late ? spdlog::level::warn : spdlog::level::info,
            "run begins slot={} cutoff={} late={} jobs={} expired={} held={} "
            "undatable={}",
            FormatDate(run.slot), FormatInstant(run.cutoff), run.late,
            run.jobs_total, run.expired, run.held, run.undatable);
  if (!run.clock_facts.empty()) {
    log_->warn("clock facts={}", fmt::join(run.clock_facts, ","));
  }
}

void LogObserver::OnPhase(const RunRecord& run) {
  log_->debug("phase={} slot={}", run.phase, FormatDate(run.slot));
}

void LogObserver::OnBatch(const RunRecord& run, const Batch& batch,
                          const Governor& governor) {
  (void)governor;
  for (const HeldJob& held : batch.held) {
    log_->warn("held job={} reason=\"{}\"", held.id.text, held.reason);
  }
  if (batch.id.has_value()) {
    log_->debug("batch={} jobs={} held_lock_us={} total_jobs={}",
                static_cast<std::int64_t>(*batch.id), batch.jobs.size(),
                batch.lock_held.count(), run.jobs_deleted);
  }
  if (batch.partition.has_value()) LogPartition(*batch.partition);
}

// Also where it has stopped for now and there is no batch.
void LogObserver::OnPause(const Governor& governor) {
  if (governor.reason() == pace_) return;
  pace_ = governor.reason();
  log_->info("pace=\"{}\" rows={} pause_ms={}", pace_, governor.row_limit(),
             governor.pause().count() / 1000);
}

void LogObserver::LogPartition(const PartitionStep& step) {
  if (step.kind == PartitionStep::Kind::kDropped) {
    log_->info("partition dropped name=\"{}\" jobs={}", step.name, step.jobs);
  } else if (step.kind == PartitionStep::Kind::kStays) {
    log_->info("partition stays name=\"{}\": {}, going row by row", step.name,
               step.reason);
  }
}

void LogObserver::OnFiles(const RunRecord& run, const FilesOutcome& outcome) {
  (void)run;
  for (const std::string& error : outcome.errors) {
    log_->warn("{}, leaving it for the next night", error);
  }
}

void LogObserver::OnBlocked(const RunRecord& run) {
  if (blocked_ == run.blocked) return;
  blocked_ = run.blocked;
  log_->error(
      "run blocked slot={} facts={}: nothing is deleted until the "
      "clock is right again",
      FormatDate(run.slot), fmt::join(run.blocked, ","));
}

void LogObserver::OnRunEnd(const RunRecord& run) {
  pace_.clear();
  const std::string outcome =
      run.outcome.has_value() ? NameOf(*run.outcome) : "open";
  const auto level = run.outcome == RunOutcome::kFailed ? spdlog::level::err
                     : run.errors.empty()               ? spdlog::level::info
                                                        : spdlog::level::warn;
  log_->log(level,
            "run ended slot={} outcome={} jobs={} files={} bytes={} "
            "orphans={} held={} errors={}{}",
            FormatDate(run.slot), outcome, run.jobs_deleted, run.files_deleted,
            run.bytes_freed, run.orphans, run.held, run.errors.size(),
            run.errors.empty() ? "" : " first=\"" + run.errors.front() + "\"");
  for (const TableChange& table : run.tables) {
    log_->info(
        "table name=\"{}\" bytes_before={} bytes_after={} "
        "dead_rows_before={} dead_rows_after={} vacuum=\"{}\"",
        table.table, CountOf(table.bytes_before), CountOf(table.bytes_after),
        CountOf(table.dead_rows_before), CountOf(table.dead_rows_after),
        table.vacuum);
  }
  for (const std::string& mark : run.marks) {
    log_->error("run marked slot={} mark={}: {}", FormatDate(run.slot), mark,
                mark == kMarkSlow
                    ? "it took more than three times as long as the last ones"
                    : "the window ended before its work was done");
  }
}

void LogObserver::OnSchedule(const Schedule& schedule) {
  zone_ = schedule.zone;
  waiting_until_.reset();
}

void LogObserver::OnDelivery(const std::string& channel,
                             const std::string& problem) {
  if (problem.empty()) {
    log_->info("alert delivered channel={}", channel);
  } else {
    log_->warn("alert not delivered channel={}: {}, trying again later",
               channel, problem);
  }
}

void LogObserver::OnNotice(const std::string& notice) {
  log_->info("{}", notice);
}

void LogObserver::OnTrouble(const absl::Status& status,
                            const std::string& what_is_done) {
  log_->error("{}, {}", MessageOf(status), what_is_done);
}

}  // namespace retentiond
