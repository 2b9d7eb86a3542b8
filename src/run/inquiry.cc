#include "run/inquiry.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "files/name_pattern.h"
#include "policy/zone.h"
#include "run/file_cleaner.h"

namespace retentiond {
namespace {

constexpr int kPendingPerRound = 1000;

// The first slot that deletes what was created at `created`.
Slot SlotThatDeletes(Instant created, const Schedule& schedule) {
  Slot slot = FirstSlotFrom(created + kShortestRetention, schedule);
  while (slot.cutoff <= created) {
    slot = FirstSlotFrom(slot.start + Micros(1), schedule);
  }
  return slot;
}

SurveyRequest RequestOf(const PreviewParts& parts, const Slot& slot) {
  return {.cutoff = slot.cutoff,
          .slot_start = slot.start,
          .daemon_start = parts.clock.Now()};
}

absl::StatusOr<Answer> WhyGone(const PreviewParts& parts, const JobId& id) {
  ASSIGN_OR_RETURN(const std::optional<AuditRecord> record,
                   parts.database.state->FindDeletion(id));
  if (!record.has_value()) {
    return Answer{.verdict = "unknown",
                  .sentence = EscapeName(id.text) +
                              " is not in the database, and no audit record "
                              "says that it was deleted by this daemon"};
  }
  const auto seq = static_cast<std::int64_t>(record->seq);
  Answer answer{.verdict = "deleted",
                .sentence = fmt::format("{} was deleted at {}, audit record {}",
                                        EscapeName(id.text),
                                        FormatInstant(record->time), seq),
                .facts = {{"deleted", FormatInstant(record->time)},
                          {"record", std::to_string(seq)}}};
  if (record->run.has_value()) {
    const auto run = static_cast<std::int64_t>(*record->run);
    answer.sentence += fmt::format(", run {}", run);
    answer.facts.emplace_back("run", std::to_string(run));
  }
  return answer;
}

// Whether a reference holds an expired job: asked of the dry run itself.
absl::StatusOr<std::optional<HeldJob>> FindHolder(const PreviewParts& parts,
                                                  const JobId& id,
                                                  const Slot& slot) {
  RETURN_IF_ERROR(
      parts.database.jobs->Survey(RequestOf(parts, slot), nullptr).status());
  while (true) {
    ASSIGN_OR_RETURN(const Batch batch,
                     parts.database.jobs->DeleteBatch(
                         {.cutoff = slot.cutoff,
                          .slot_start = slot.start,
                          .row_limit = kDryRunRows,
                          .dry_run = DryRun::kYes},
                         [](const std::vector<Job>&) { return Belongings(); }));
    for (const HeldJob& held : batch.held) {
      if (held.id == id) return std::optional<HeldJob>(held);
    }
    if (batch.finished || std::find(batch.jobs.begin(), batch.jobs.end(), id) !=
                              batch.jobs.end()) {
      return std::optional<HeldJob>();
    }
  }
}

absl::StatusOr<Answer> WhyExpiredIsHere(const PreviewParts& parts,
                                        const Job& job, const Slot& slot,
                                        const Schedule& schedule) {
  ASSIGN_OR_RETURN(const std::optional<HeldJob> held,
                   FindHolder(parts, job.id, slot));
  const std::string name = EscapeName(job.id.text);
  if (held.has_value()) {
    Answer answer{.verdict = "held",
                  .sentence = name + " is held: " + held->reason};
    answer.facts.emplace_back("table", held->table);
    return answer;
  }
  return Answer{
      .verdict = "expired",
      .sentence = fmt::format("{} is older than seven days and goes at {}",
                              name, FormatLocal(slot.start, schedule.zone)),
      .facts = {{"until", FormatInstant(slot.start)}}};
}

Answer AboutRecent(const Job& job, const Schedule& schedule) {
  const Slot slot = SlotThatDeletes(*job.created, schedule);
  return {.verdict = "too-young",
          .sentence =
              fmt::format("{} was created at {} and is too young until {}",
                          EscapeName(job.id.text), FormatInstant(*job.created),
                          FormatLocal(slot.start, schedule.zone)),
          .facts = {{"created", FormatInstant(*job.created)},
                    {"until", FormatInstant(slot.start)}}};
}

// A root itself, and what a root keeps for the daemon.
std::optional<Answer> AboutOwnDirectory(const FilesConfig& files,
                                        const std::string& path) {
  for (const auto* roots : {&files.temp_roots, &files.log_roots}) {
    for (const std::filesystem::path& root : *roots) {
      if (path == root.string()) {
        return Answer{.verdict = "root",
                      .sentence = EscapeName(path) +
                                  " is a configured root: what is below it may "
                                  "go, it stays itself"};
      }
      const std::string trash = (root / kTrashName).string();
      if (path == trash || path.starts_with(trash + "/")) {
        return Answer{.verdict = "own",
                      .sentence = EscapeName(path) +
                                  " is the daemon's own: what it removes goes "
                                  "through here"};
      }
    }
  }
  return std::nullopt;
}

// What of a path the configuration makes ours.
struct Place {
  std::string root;
  std::string entry;  // the first component below the root
  bool temporary = true;
};

std::optional<Place> PlaceOf(const FilesConfig& files,
                             const std::string& path) {
  for (const bool temporary : {true, false}) {
    for (const std::filesystem::path& root :
         temporary ? files.temp_roots : files.log_roots) {
      const std::string prefix = root.string() + "/";
      if (!path.starts_with(prefix)) continue;
      const std::string below = path.substr(prefix.size());
      return Place{
          .root = root.string(),
          .entry = temporary ? below.substr(0, below.find('/')) : below,
          .temporary = temporary};
    }
  }
  return std::nullopt;
}

// The jobs to which a path belongs, by name or by path column.
absl::StatusOr<std::vector<Job>> BearersOf(const PreviewParts& parts,
                                           const Place& place,
                                           const std::string& path,
                                           const Slot& slot) {
  std::vector<Job> bearers;
  const auto visit = [&](const Job& job) {
    const std::vector<std::string> names =
        place.temporary ? parts.naming.TemporaryNames(job)
                        : parts.naming.LogNames(job);
    const std::vector<std::string> paths = parts.naming.Paths(job);
    const bool named =
        std::find(names.begin(), names.end(), place.entry) != names.end();
    const bool pointed =
        std::any_of(paths.begin(), paths.end(), [&](const std::string& own) {
          return path == own || path.starts_with(own + "/");
        });
    if (named || pointed) bearers.push_back(job);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(
      parts.database.jobs->Survey(RequestOf(parts, slot), visit).status());
  return bearers;
}

absl::StatusOr<std::optional<PendingFile>> PendingAt(const PreviewParts& parts,
                                                     const std::string& path) {
  PendingId after{};
  while (true) {
    ASSIGN_OR_RETURN(
        const std::vector<PendingFile> pending,
        parts.database.state->ListPending(after, kPendingPerRound));
    if (pending.empty()) return std::optional<PendingFile>();
    after = pending.back().id;
    for (const PendingFile& entry : pending) {
      const std::string whole = entry.root + "/" + entry.name;
      if (path == whole || path.starts_with(whole + "/")) {
        return std::optional<PendingFile>(entry);
      }
    }
  }
}

// Whether `path` is shielded: as an output of which job.
absl::StatusOr<bool> IsShielded(const PreviewParts& parts,
                                const std::string& path, const Slot& slot) {
  ASSIGN_OR_RETURN(const std::unique_ptr<FileCleaner> cleaner,
                   OpenForALook(parts, slot));
  RETURN_IF_ERROR(
      parts.database.jobs
          ->Survey(RequestOf(parts, slot),
                   [&](const Job& job) { return cleaner->Note(job); })
          .status());
  RETURN_IF_ERROR(
      parts.database.state->VisitShield([&](const ShieldedOutput& output) {
        cleaner->NotePast(output);
        return absl::OkStatus();
      }));
  RETURN_IF_ERROR(cleaner->Seal());
  return cleaner->Shields(path);
}

}  // namespace

absl::StatusOr<Answer> WhyJob(const PreviewParts& parts, const JobId& id,
                              const Slot& slot, const Schedule& schedule) {
  ASSIGN_OR_RETURN(const std::optional<Job> job,
                   parts.database.jobs->Find(id, RequestOf(parts, slot)));
  if (!job.has_value()) return WhyGone(parts, id);
  switch (job->job_class) {
    case JobClass::kRecent:
      return AboutRecent(*job, schedule);
    case JobClass::kInWork:
      return Answer{.verdict = "held",
                    .sentence = fmt::format(
                        "{} is held: its state is {}, which is in work",
                        EscapeName(id.text), EscapeName(job->state)),
                    .facts = {{"state", job->state}}};
    case JobClass::kUndatable:
      return Answer{.verdict = "undatable",
                    .sentence = EscapeName(id.text) +
                                " has no creation time that can be read, or "
                                "one that lies ahead; it is kept"};
    case JobClass::kExpired:
      return WhyExpiredIsHere(parts, *job, slot, schedule);
  }
  return absl::InternalError("unknown class");  // GCOV_EXCL_LINE: all returned
}

absl::StatusOr<Answer> WhyPath(const PreviewParts& parts,
                               const std::string& path, const Slot& slot,
                               const Schedule& schedule) {
  const std::string name = EscapeName(path);
  if (std::optional<Answer> own = AboutOwnDirectory(parts.config.files, path);
      own.has_value()) {
    return *std::move(own);
  }
  const std::optional<Place> place = PlaceOf(parts.config.files, path);
  if (!place.has_value()) {
    return Answer{.verdict = "outside-roots",
                  .sentence = name +
                              " lies below no configured root: it is never "
                              "touched"};
  }
  ASSIGN_OR_RETURN(const bool shielded, IsShielded(parts, path, slot));
  if (shielded) {
    return Answer{.verdict = "shielded",
                  .sentence = name +
                              " is the output of a job, or holds one: "
                              "it is never removed"};
  }
  ASSIGN_OR_RETURN(const std::vector<Job> bearers,
                   BearersOf(parts, *place, path, slot));
  if (!bearers.empty()) {
    ASSIGN_OR_RETURN(Answer answer,
                     WhyJob(parts, bearers.back().id, slot, schedule));
    answer.facts.emplace_back("job", bearers.back().id.text);
    answer.sentence =
        fmt::format("{} belongs to a job: {}", name, answer.sentence);
    if (bearers.size() > 1) {
      answer.sentence += fmt::format(
          "; {} jobs share it, and it goes with the last", bearers.size());
    }
    return answer;
  }
  ASSIGN_OR_RETURN(const std::optional<PendingFile> pending,
                   PendingAt(parts, path));
  if (pending.has_value()) {
    return Answer{
        .verdict = "pending",
        .sentence = fmt::format(
            "{} belonged to job {}, which is deleted; its removal has failed "
            "{} and is tried again every night",
            name, EscapeName(pending->job.text),
            pending->attempts == 1
                ? "once"
                : fmt::format("{} times", pending->attempts)),
        .facts = {{"job", pending->job.text},
                  {"attempts", std::to_string(pending->attempts)}}};
  }
  std::error_code ignored;
  if (!std::filesystem::exists(
          std::filesystem::symlink_status(path, ignored))) {
    return Answer{.verdict = "absent",
                  .sentence = name +
                              " is not there, and belongs to no job that is "
                              "in the database"};
  }
  if (!place->temporary) {
    return Answer{
        .verdict = "unknown",
        .sentence = name + " fits no job's log name: it is never touched"};
  }
  return Answer{.verdict = "orphan",
                .sentence = name +
                            " belongs to no job: it goes once everything in it "
                            "is older than the cutoff of a night"};
}

}  // namespace retentiond
