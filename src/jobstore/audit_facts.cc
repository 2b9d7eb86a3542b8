#include "jobstore/audit_facts.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "audit/escape.h"
#include "jobstore/run_columns.h"

namespace retentiond {
namespace {

// Its objects keep their keys sorted, as the canonical form wants them.
using nlohmann::json;

json TextOf(const std::string& bytes) {
  return json::parse(JsonOfBytes(bytes));
}

std::string KeyOf(const std::string& bytes) {
  return IsUtf8(bytes) ? bytes : EscapeBytes(bytes);
}

json TextsOf(const std::vector<std::string>& texts) {
  json array = json::array();
  for (const std::string& text : texts) array.push_back(TextOf(text));
  return array;
}

json KeptOf(const std::vector<KeptEntry>& kept) {
  json array = json::array();
  for (const KeptEntry& entry : kept) {
    array.push_back(
        {{"path", TextOf(entry.path)}, {"reason", TextOf(entry.reason)}});
  }
  return array;
}

json RowsOf(const std::map<std::string, std::int64_t>& rows) {
  json object = json::object();
  for (const auto& [table, count] : rows) object[KeyOf(table)] = count;
  return object;
}

json SlotOf(const RunRecord& run) {
  json facts = json::object();
  for (const auto& [key, value] : run.audit_facts) {
    facts[KeyOf(key)] = TextOf(value);
  }
  facts["slot"] = FormatDate(run.slot);
  facts["slot_start"] = FormatInstant(run.slot_start);
  facts["cutoff"] = FormatInstant(run.cutoff);
  facts["timezone"] = TextOf(run.timezone);
  if (!run.clock_facts.empty()) facts["clock"] = TextsOf(run.clock_facts);
  return facts;
}

}  // namespace

std::string BatchFacts(const BatchRequest& request, const Batch& batch) {
  json facts = {{"cutoff", FormatInstant(request.cutoff)},
                {"rows", RowsOf(batch.rows)}};
  if (!batch.part) {
    json jobs = json::array();
    for (const JobId& id : batch.jobs) jobs.push_back(TextOf(id.text));
    facts["jobs"] = std::move(jobs);
  }
  if (batch.part_of.has_value()) facts["part_of"] = TextOf(batch.part_of->text);
  if (batch.partition.has_value()) {
    facts["partition"] = TextOf(batch.partition->name);
  }
  if (!batch.belongings.refused.empty()) {
    facts["refused"] = KeptOf(batch.belongings.refused);
  }
  return facts.dump();
}

std::string FilesFacts(std::optional<AuditSeq> batch_seq,
                       const FilesOutcome& outcome) {
  json facts = {
      {"files", outcome.files},       {"directories", outcome.directories},
      {"bytes", outcome.bytes},       {"failed", outcome.failed.size()},
      {"kept", KeptOf(outcome.kept)}, {"errors", TextsOf(outcome.errors)}};
  if (batch_seq.has_value()) {
    facts["batch_seq"] = static_cast<std::int64_t>(*batch_seq);
  }
  return facts.dump();
}

std::string RunBeginFacts(const RunRecord& run) {
  json facts = SlotOf(run);
  facts["late"] = run.late;
  return facts.dump();
}

std::string RunBlockedFacts(const RunRecord& run) {
  json facts = SlotOf(run);
  facts["blocked"] = TextsOf(run.blocked);
  return facts.dump();
}

std::string RunEndFacts(const RunRecord& run) {
  json facts = SlotOf(run);
  if (run.outcome.has_value()) facts["outcome"] = NameOf(*run.outcome);
  facts["jobs_deleted"] = run.jobs_deleted;
  facts["rows"] = RowsOf(run.rows_deleted);
  facts["files"] = run.files_deleted;
  facts["bytes"] = run.bytes_freed;
  facts["expired"] = run.expired;
  facts["held"] = run.held;
  facts["undatable"] = run.undatable;
  facts["orphans"] = run.orphans;
  facts["kept"] = RowsOf(run.kept);
  facts["errors"] = TextsOf(run.errors);
  if (!run.marks.empty()) facts["marks"] = TextsOf(run.marks);
  if (!run.tables.empty())
    facts["tables"] = json::parse(JsonOfTables(run.tables));
  return facts.dump();
}

std::string CheckpointFacts(AuditSeq first, const AuditHead& last) {
  const auto first_seq = static_cast<std::int64_t>(first);
  const auto last_seq = static_cast<std::int64_t>(last.seq);
  return json{{"first_seq", first_seq},
              {"last_seq", last_seq},
              {"records", last_seq - first_seq + 1},
              {"hash", last.hash}}
      .dump();
}

std::string TraceOf(const JobId& id) { return JsonOfBytes(id.text); }

bool DeletesJob(const std::string& facts, const JobId& id) {
  const json parsed = json::parse(facts, nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return false;
  const auto jobs = parsed.find("jobs");
  if (jobs == parsed.end() || !jobs->is_array()) return false;
  const json wanted = TextOf(id.text);
  return std::find(jobs->begin(), jobs->end(), wanted) != jobs->end();
}

}  // namespace retentiond
