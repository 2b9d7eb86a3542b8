#include "observe/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "policy/clock_guard.h"

namespace retentiond {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

// Around what the governor aims at: 5 ms beside a live farm, 50 ms on an idle
// one.
Histogram::BucketBoundaries LockBuckets() {
  return {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0};
}

constexpr std::array<RunOutcome, 5> kOutcomes = {
    RunOutcome::kSuccess, RunOutcome::kPartial, RunOutcome::kBlocked,
    RunOutcome::kFailed, RunOutcome::kInterrupted};

double SecondsOf(Micros duration) {
  return std::chrono::duration<double>(duration).count();
}

double SecondsOf(Instant instant) {
  return std::chrono::duration<double>(instant.time_since_epoch()).count();
}

// "the farm is writing" as "the-farm-is-writing": a label that is easily asked
// for.
std::string LabelOf(std::string sentence) {
  std::replace(sentence.begin(), sentence.end(), ' ', '-');
  return sentence;
}

Family<Gauge>& GaugesOf(Registry& registry, const std::string& name,
                        const std::string& help) {
  return prometheus::BuildGauge()
      .Name("retentiond_" + name)
      .Help(help)
      .Register(registry);
}

Family<Counter>& CountersOf(Registry& registry, const std::string& name,
                            const std::string& help) {
  return prometheus::BuildCounter()
      .Name("retentiond_" + name)
      .Help(help)
      .Register(registry);
}

Histogram& LockHistogram(Registry& registry, const std::string& name,
                         const std::string& help) {
  return prometheus::BuildHistogram()
      .Name("retentiond_" + name)
      .Help(help)
      .Register(registry)
      .Add({}, LockBuckets());
}

// A gauge that is not there while its value is not known: a 0 would be taken
// for one.
class KnownGauge {
 public:
  KnownGauge(Registry& registry, const std::string& name,
             const std::string& help, Labels labels = {})
      : family_(GaugesOf(registry, name, help)), labels_(std::move(labels)) {}

  void Set(std::optional<double> value) {
    if (value.has_value()) {
      gauge_ = &family_.Add(labels_);
      gauge_->Set(*value);
    } else if (gauge_ != nullptr) {
      family_.Remove(std::exchange(gauge_, nullptr));
    }
  }

 private:
  Family<Gauge>& family_;
  Labels labels_;
  Gauge* gauge_ = nullptr;
};

template <typename T>
std::optional<double> SecondsOf(const std::optional<T>& time) {
  if (!time.has_value()) return std::nullopt;
  return SecondsOf(*time);
}

}  // namespace

struct Metrics::Families {
  explicit Families(const Build& build, Instant process_start) {
    GaugesOf(registry, "build_info", "Always 1; labelled by the build.")
        .Add({{"version", build.version}, {"commit", build.commit}})
        .Set(1);
    GaugesOf(registry, "start_timestamp_seconds",
             "When this process started, in seconds since 1970.")
        .Add({})
        .Set(SecondsOf(process_start));
    for (const RunOutcome outcome : kOutcomes) {
      runs.Add({{"outcome", NameOf(outcome)}});
    }
    for (const char* kind : {"job", "row", "file", "directory", "orphan"}) {
      deleted.Add({{"kind", kind}});
    }
    for (const ClockFact fact : AllClockFacts()) {
      if (Blocks(fact)) blocked.Add({{"reason", NameOf(fact)}});
    }
  }

  void CountDeleted(const char* kind, std::int64_t count) {
    if (count <= 0) return;
    deleted.Add({{"kind", kind}}).Increment(static_cast<double>(count));
  }

  Registry registry;

  KnownGauge last_success{
      registry, "last_success_timestamp_seconds",
      "When the last run ended that left nothing expired, in seconds since "
      "1970; 0 when there was none yet."};
  KnownGauge last_run{registry, "last_run_timestamp_seconds",
                      "When the last run ended, whatever came of it, in "
                      "seconds since 1970; 0 when there was none yet."};
  KnownGauge last_duration{registry, "last_run_duration_seconds",
                           "How long the last run took."};
  Family<Gauge>& last_phases{
      GaugesOf(registry, "last_run_phase_duration_seconds",
               "How long each phase of the last run took.")};
  std::vector<Gauge*> phases_shown;
  Family<Gauge>& last_outcome{GaugesOf(registry, "last_run_outcome",
                                       "1 for the outcome of the last run.")};
  Family<Gauge>& last_mark{
      GaugesOf(registry, "last_run_mark",
               "1 where the last run was slow, or cut by its window.")};
  KnownGauge last_errors{registry, "last_run_errors",
                         "Failures that the last run met, 20 at most."};
  KnownGauge next_run{registry, "next_run_timestamp_seconds",
                      "When the next run begins, in seconds since 1970."};

  KnownGauge jobs{registry, "jobs", "Jobs in the database."};
  KnownGauge waiting{registry, "expired_jobs",
                     "Jobs that have expired and are still there."};
  KnownGauge oldest_waiting{
      registry, "oldest_expired_timestamp_seconds",
      "None of the expired jobs was created before, in seconds since 1970."};
  KnownGauge oldest_retained{
      registry, "oldest_retained_timestamp_seconds",
      "When the oldest job that stays was created, in seconds since 1970."};
  KnownGauge held{registry, "held_jobs",
                  "Jobs older than the cutoff that stay: in work, or referred "
                  "to by a row that must stay."};
  KnownGauge undatable{registry, "undatable_jobs",
                       "Jobs whose creation time cannot be read."};

  KnownGauge synchronised{registry, "clock_synchronised",
                          "1 where the kernel's clock is synchronised."};
  KnownGauge skew{registry,
                  "clock_skew_seconds",
                  "How far the clock of a witness is ahead of this machine's.",
                  {{"witness", "database-server"}}};
  KnownGauge unseen{registry, "clock_unseen_seconds",
                    "Time that the clock gained and nobody saw pass; the "
                    "cutoff is earlier by it."};
  Family<Gauge>& facts{
      GaugesOf(registry, "clock_fact", "1 for each fact of the clock guard.")};
  Family<Gauge>& blocked{
      GaugesOf(registry, "blocked",
               "1 for each fact that keeps the due run from deleting.")};

  Gauge& leader{GaugesOf(registry, "leader",
                         "1 while this process is cleaning, and so leads.")
                    .Add({})};
  KnownGauge audit_sequence{registry, "audit_sequence",
                            "Number of the last audit record."};

  Family<Counter>& runs{CountersOf(
      registry, "runs_total",
      "Runs of this process by their outcome; a blocked slot counts once.")};
  Counter& missed{CountersOf(registry, "missed_slots_total",
                             "Slots that passed without a run.")
                      .Add({})};
  Family<Counter>& deleted{
      CountersOf(registry, "deleted_total",
                 "What was deleted. Rows include those of the job table.")};
  Counter& bytes{CountersOf(registry, "freed_bytes_total",
                            "Bytes that removed files had taken on disk.")
                     .Add({})};
  Histogram& batch_duration{LockHistogram(
      registry, "batch_duration_seconds",
      "How long each batch took, from asking for the write lock to the "
      "commit.")};
  Histogram& lock_held{
      LockHistogram(registry, "batch_lock_held_seconds",
                    "How long each batch held the write lock.")};
  Family<Counter>& pauses{
      CountersOf(registry, "pause_seconds_total",
                 "How long the database was left alone between batches, by "
                 "the governor's reason.")};
  Family<Counter>& troubles{
      CountersOf(registry, "troubles_total",
                 "Failures that the log tells of, by their kind.")};
  Family<Counter>& alerts{
      CountersOf(registry, "alerts_total",
                 "Tries to deliver an alert, by channel and what came of it.")};
  KnownGauge outbox{registry, "outbox_messages",
                    "Alerts that wait to be delivered, once for each channel."};

  std::int64_t orphans_before = 0;  // of the run, in its earlier pieces
};

Metrics::Metrics(const Build& build, Instant process_start)
    : families_(std::make_unique<Families>(build, process_start)) {}

Metrics::~Metrics() = default;

std::string Metrics::Text() const {
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

void Metrics::OnHistory(const History& history) {
  families_->leader.Set(0);
  const auto end_of = [](const std::optional<RunRecord>& run) {
    return run.has_value() ? SecondsOf(run->finished).value_or(0) : 0;
  };
  families_->last_run.Set(end_of(history.last_ended));
  families_->last_success.Set(end_of(history.last_success));
  if (history.last_ended.has_value()) ShowEnded(*history.last_ended);
  const std::optional<RunRecord>& last = history.last_run;
  ShowBlock(last.has_value() && last->outcome == RunOutcome::kBlocked
                ? last->blocked
                : std::vector<std::string>());
  if (history.audit_head.has_value()) {
    families_->audit_sequence.Set(static_cast<double>(history.audit_head->seq));
  }
}

void Metrics::ShowEnded(const RunRecord& run) {
  Families& now = *families_;
  if (run.finished.has_value()) {
    now.last_duration.Set(SecondsOf(*run.finished - run.started));
  }
  // A run that ended early had fewer than the one before it.
  for (Gauge* phase : std::exchange(now.phases_shown, {})) {
    now.last_phases.Remove(phase);
  }
  for (const auto& [phase, seconds] : run.phases_s) {
    Gauge& gauge = now.last_phases.Add({{"phase", phase}});
    gauge.Set(seconds);
    now.phases_shown.push_back(&gauge);
  }
  for (const RunOutcome outcome : kOutcomes) {
    now.last_outcome.Add({{"outcome", NameOf(outcome)}})
        .Set(run.outcome == outcome ? 1 : 0);
  }
  for (const char* mark : {kMarkSlow, kMarkWindowCut}) {
    now.last_mark.Add({{"mark", mark}})
        .Set(std::count(run.marks.begin(), run.marks.end(), mark) > 0 ? 1 : 0);
  }
  now.last_errors.Set(static_cast<double>(run.errors.size()));
  now.jobs.Set(static_cast<double>(run.jobs_total - run.jobs_deleted));
  now.held.Set(static_cast<double>(run.held));
  now.undatable.Set(static_cast<double>(run.undatable));
  // What references hold of a run that ended early is not known: at most so
  // many are left.
  const std::int64_t left =
      run.outcome == RunOutcome::kSuccess
          ? 0
          : std::max<std::int64_t>(run.expired - run.jobs_deleted, 0);
  now.waiting.Set(static_cast<double>(left));
}

void Metrics::ShowBlock(const std::vector<std::string>& facts) {
  for (const ClockFact fact : AllClockFacts()) {
    if (!Blocks(fact)) continue;
    const bool stands =
        std::count(facts.begin(), facts.end(), NameOf(fact)) > 0;
    families_->blocked.Add({{"reason", NameOf(fact)}}).Set(stands ? 1 : 0);
  }
}

void Metrics::OnClock(const ClockFindings& findings) {
  families_->synchronised.Set(findings.kernel_synchronised ? 1 : 0);
  families_->unseen.Set(SecondsOf(findings.unseen));
  for (const ClockFact fact : AllClockFacts()) {
    families_->facts.Add({{"fact", NameOf(fact)}})
        .Set(findings.facts.contains(fact) ? 1 : 0);
  }
  families_->skew.Set(SecondsOf(findings.server_ahead));
}

void Metrics::OnWait(Instant until) {
  families_->leader.Set(0);
  families_->next_run.Set(SecondsOf(until));
}

void Metrics::OnStandby(const std::string&) { families_->leader.Set(0); }

void Metrics::OnMissed(const std::vector<LocalDate>& slots) {
  families_->missed.Increment(static_cast<double>(slots.size()));
}

void Metrics::OnRunBegin(const RunRecord& run) {
  families_->leader.Set(1);
  families_->orphans_before = run.orphans;
  counted_block_.clear();
  ShowBlock({});
}

void Metrics::OnSurvey(const RunRecord& run, const SurveyTotals& totals) {
  (void)run;
  families_->jobs.Set(static_cast<double>(totals.total));
  families_->held.Set(static_cast<double>(totals.in_work));
  families_->undatable.Set(static_cast<double>(totals.undatable));
  families_->oldest_retained.Set(SecondsOf(totals.oldest_kept));
}

void Metrics::OnBacklog(const Backlog& backlog) {
  families_->waiting.Set(static_cast<double>(backlog.jobs));
  families_->oldest_waiting.Set(SecondsOf(backlog.oldest));
}

void Metrics::OnBatch(const RunRecord& run, const Batch& batch,
                      const Governor& governor) {
  (void)governor;
  families_->jobs.Set(static_cast<double>(run.jobs_total - run.jobs_deleted));
  families_->held.Set(static_cast<double>(run.held));
  if (batch.audit_seq.has_value()) {
    families_->audit_sequence.Set(static_cast<double>(*batch.audit_seq));
  }
  std::int64_t rows = 0;
  for (const auto& [table, count] : batch.rows) rows += count;
  families_->CountDeleted("job", DeletedJobs(batch));
  families_->CountDeleted("row", rows);
  if (!batch.id.has_value()) return;
  families_->lock_held.Observe(SecondsOf(batch.lock_held));
  families_->batch_duration.Observe(
      SecondsOf(batch.lock_wait + batch.lock_held));
}

void Metrics::OnPause(const Governor& governor) {
  families_->pauses.Add({{"reason", LabelOf(governor.reason())}})
      .Increment(SecondsOf(governor.pause()));
}

void Metrics::OnFiles(const RunRecord& run, const FilesOutcome& outcome) {
  (void)run;
  families_->CountDeleted("file", outcome.files);
  families_->CountDeleted("directory", outcome.directories);
  if (outcome.bytes > 0) {
    families_->bytes.Increment(static_cast<double>(outcome.bytes));
  }
}

// A standing block is told every minute.
void Metrics::OnBlocked(const RunRecord& run) {
  families_->leader.Set(0);
  ShowBlock(run.blocked);
  const bool counted = !counted_block_.empty() && counted_slot_ == run.slot;
  counted_block_ = run.blocked;
  counted_slot_ = run.slot;
  if (counted) return;
  families_->runs.Add({{"outcome", NameOf(RunOutcome::kBlocked)}}).Increment();
}

void Metrics::OnRunEnd(const RunRecord& run) {
  families_->leader.Set(0);
  families_->CountDeleted("orphan", run.orphans - families_->orphans_before);
  families_->orphans_before = run.orphans;
  const RunOutcome outcome = run.outcome.value_or(RunOutcome::kInterrupted);
  families_->runs.Add({{"outcome", NameOf(outcome)}}).Increment();
  if (!run.finished.has_value()) return;
  families_->last_run.Set(SecondsOf(run.finished));
  if (outcome == RunOutcome::kSuccess) {
    families_->last_success.Set(SecondsOf(run.finished));
  }
  ShowEnded(run);
}

void Metrics::OnDelivery(const std::string& channel,
                         const std::string& problem) {
  families_->alerts
      .Add({{"channel", channel},
            {"result", problem.empty() ? "delivered" : "failed"}})
      .Increment();
}

void Metrics::OnOutbox(std::int64_t pending) {
  families_->outbox.Set(static_cast<double>(pending));
}

void Metrics::OnTrouble(const absl::Status& status,
                        const std::string& what_is_done) {
  (void)what_is_done;
  families_->troubles
      .Add({{"kind",
             absl::AsciiStrToLower(absl::StatusCodeToString(status.code()))}})
      .Increment();
}

}  // namespace retentiond
