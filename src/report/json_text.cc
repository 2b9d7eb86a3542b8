#include "report/json_text.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace retentiond {
namespace {

using Json = nlohmann::ordered_json;

// Names of files and jobs may be any bytes; what is not UTF-8 is replaced.
std::string Dump(const Json& json, int indent = 2) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json Optional(const std::optional<Instant>& instant) {
  if (!instant.has_value()) return nullptr;
  return FormatInstant(*instant);
}

Json SlotJson(const Slot& slot) {
  return {{"slot", FormatDate(slot.date)},
          {"start", FormatInstant(slot.start)},
          {"cutoff", FormatInstant(slot.cutoff)}};
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json TablesJson(const std::vector<TableChange>& tables) {
  Json json = Json::array();
  for (const TableChange& table : tables) {
    json.push_back({{"table", table.table},
                    {"bytes_before", OrNull(table.bytes_before)},
                    {"bytes_after", OrNull(table.bytes_after)},
                    {"dead_rows_before", OrNull(table.dead_rows_before)},
                    {"dead_rows_after", OrNull(table.dead_rows_after)},
                    {"vacuum", table.vacuum}});
  }
  return json;
}

Json RunJson(const RunRecord& run) {
  const std::optional<std::string> outcome = OutcomeOf(run);
  Json duration = nullptr;
  if (run.finished.has_value()) {
    duration =
        std::chrono::duration<double>(*run.finished - run.started).count();
  }
  return {{"id", static_cast<std::int64_t>(run.id)},
          {"slot", FormatDate(run.slot)},
          {"started", FormatInstant(run.started)},
          {"finished", Optional(run.finished)},
          {"outcome", outcome.has_value() ? Json(*outcome) : Json(nullptr)},
          {"late", run.late},
          {"cutoff", FormatInstant(run.cutoff)},
          {"timezone", run.timezone},
          {"jobs_deleted", run.jobs_deleted},
          {"rows_deleted", Json(run.rows_deleted)},
          {"files_deleted", run.files_deleted},
          {"bytes_freed", run.bytes_freed},
          {"orphans", run.orphans},
          {"held", run.held},
          {"undatable", run.undatable},
          {"errors", run.errors},
          {"kept", Json(run.kept)},
          {"blocked", run.blocked},
          {"marks", run.marks},
          {"tables", TablesJson(run.tables)},
          {"duration_s", duration},
          {"phases_s", Json(run.phases_s)}};
}

Json RunOrNull(const std::optional<RunRecord>& run) {
  return run.has_value() ? RunJson(*run) : Json(nullptr);
}

// Those that are named: some of all.
Json HeldJson(const Preview& preview) {
  Json json = Json::array();
  for (const Job& job : preview.totals.in_work_jobs) {
    json.push_back({{"id", job.id.text},
                    {"created", Optional(job.created)},
                    {"state", job.state},
                    {"table", nullptr},
                    {"reason", "it is still in work"}});
  }
  for (const HeldJob& held : preview.referred) {
    json.push_back({{"id", held.id.text},
                    {"created", nullptr},
                    {"state", nullptr},
                    {"table", held.table},
                    {"reason", held.reason}});
  }
  return json;
}

const char* NameOf(Finding::Level level) {
  switch (level) {
    case Finding::Level::kInfo:
      return "info";
    case Finding::Level::kWarning:
      return "warning";
    case Finding::Level::kError:
      return "error";
  }
  return "";  // GCOV_EXCL_LINE: every level has returned
}

}  // namespace

std::string JsonOf(const Preview& preview, const std::string& timezone) {
  Json dependents = Json::array();
  for (const Preview::Dependent& dependent : preview.dependents) {
    dependents.push_back({{"table", dependent.table},
                          {"rows", dependent.rows},
                          {"on_delete", dependent.on_delete},
                          {"indexed", dependent.indexed}});
  }
  Json json = SlotJson(preview.slot);
  json["timezone"] = timezone;
  json["jobs"] = {{"total", preview.totals.total},
                  {"expired", preview.totals.expired},
                  {"held", preview.held},
                  {"undatable", preview.totals.undatable},
                  {"to_delete", preview.to_delete}};
  json["dependents"] = dependents;
  json["files"] = {{"job_directories", preview.job_directories},
                   {"orphans", preview.orphans},
                   {"files", preview.files},
                   {"bytes", preview.bytes},
                   {"shielded", preview.shielded}};
  json["held_jobs"] = HeldJson(preview);
  json["blocked"] = preview.blocked;
  json["notes"] = preview.notes;
  return Dump(json);
}

std::string JsonOf(const std::vector<Slot>& slots) {
  Json json = Json::array();
  for (const Slot& slot : slots) json.push_back(SlotJson(slot));
  return Dump(json);
}

std::string JsonOf(const std::vector<RunRecord>& runs) {
  Json json = Json::array();
  for (const RunRecord& run : runs) json.push_back(RunJson(run));
  return Dump(json);
}

std::string JsonOf(const StatusReport& status) {
  Json lease = nullptr;
  if (!status.lease.holder.empty()) {
    lease = {{"holder", status.lease.holder},
             {"epoch", static_cast<std::int64_t>(status.lease.epoch)}};
  }
  Json progress = nullptr;
  if (status.running.has_value()) {
    const RunRecord& run = *status.running;
    progress = {{"slot", FormatDate(run.slot)},
                {"phase", run.phase},
                {"pace", run.pace},
                {"jobs_deleted", run.jobs_deleted},
                {"expired", run.expired},
                {"files_deleted", run.files_deleted},
                {"bytes_freed", run.bytes_freed}};
  }
  Json standing = Json::array();
  for (const StandingAlert& alert : status.alerts) {
    standing.push_back({{"key", alert.key},
                        {"severity", NameOf(alert.weight)},
                        {"since", FormatInstant(alert.since)},
                        {"text", alert.text}});
  }
  return Dump({{"state", status.state},
               {"reason", status.reason},
               {"now", FormatInstant(status.now)},
               {"timezone", status.timezone},
               {"next", SlotJson(status.next)},
               {"last_run", RunOrNull(status.last_run)},
               {"lease", lease},
               {"progress", progress},
               {"alerts",
                {{"standing", standing},
                 {"pending", status.outbox.pending},
                 {"dropped", status.outbox.dropped}}},
               {"database",
                {{"kind", status.size.kind},
                 {"size_bytes", status.size.size_bytes},
                 {"reclaimable_bytes", status.size.reclaimable_bytes}}}});
}

std::string JsonOf(const AuditRecord& record) {
  Json run = nullptr;
  if (record.run.has_value()) run = static_cast<std::int64_t>(*record.run);
  return Dump({{"seq", static_cast<std::int64_t>(record.seq)},
               {"time", FormatInstant(record.time)},
               {"run", run},
               {"event", record.event},
               {"facts", Json::parse(record.facts, nullptr, false)},
               {"previous", record.previous},
               {"hash", record.hash}},
              -1);
}

std::string JsonOf(const ChainVerdict& verdict) {
  Json head = nullptr;
  if (verdict.head.has_value()) {
    head = {{"seq", static_cast<std::int64_t>(verdict.head->seq)},
            {"hash", verdict.head->hash}};
  }
  return Dump({{"ok", verdict.ok},
               {"records", verdict.records},
               {"head", head},
               {"head_checked", verdict.head_checked},
               {"problem", verdict.problem.empty() ? Json(nullptr)
                                                   : Json(verdict.problem)}});
}

bool IsOk(const std::vector<Finding>& findings) {
  return std::none_of(findings.begin(), findings.end(), [](const Finding& f) {
    return f.level == Finding::Level::kError;
  });
}

std::string JsonOf(const std::vector<Finding>& findings,
                   const std::vector<std::string>& done, bool ok) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"level", NameOf(finding.level)},
                    {"code", finding.code},
                    {"table", finding.table},
                    {"column", finding.column},
                    {"message", finding.message},
                    {"fix", finding.fix}});
  }
  Json json = {{"ok", ok}, {"findings", list}};
  if (!done.empty()) json["done"] = done;
  return Dump(json);
}

std::string JsonOfPairs(
    const std::vector<std::pair<std::string, std::string>>& pairs) {
  Json json = Json::object();
  for (const auto& [key, value] : pairs) json[key] = value;
  return Dump(json);
}

}  // namespace retentiond
