// What must be true of a farm, by the few rules of the README.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/verify.h"
#include "base/status.h"
#include "cli/commands.h"
#include "jobstore/sqlite_store.h"
#include "model/world.h"

namespace retentiond::model {
namespace {

namespace fs = std::filesystem;

std::string NameOf(const Row& row) {
  return fmt::format("{} {}", row.first, row.second);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

bool World::IsExpired(const JobSpec& job, Instant cutoff) const {
  return job.form != Form::kNull && job.form != Form::kNonsense &&
         job.state != "RENDERING" && CreatedOf(job) < cutoff;
}

DeletionModel World::ModelAt(int night) const {
  DeletionModel model = model_;
  for (const JobSpec& job : scenario_.jobs) {
    if (job.night <= night && IsExpired(job, CutoffOf(night))) {
      model.expired.insert({"Job", job.number});
    }
  }
  return model;
}

std::set<Row> World::RowsThere() {
  std::set<Row> there;
  for (const char* table : {"Job", "Frame", "Tile", "Log"}) {
    const std::string ids = Text(fmt::format("SELECT id FROM {}", table));
    for (std::size_t at = 0; at < ids.size(); at = ids.find(',', at) + 1) {
      there.insert({table, std::stoi(ids.substr(at))});
    }
  }
  return there;
}

// The names in the temporary root that the jobs among `rows` bear.
std::set<std::string> World::NamesOf(const std::set<Row>& rows) const {
  std::set<std::string> names;
  for (const JobSpec& job : scenario_.jobs) {
    if (!rows.contains({"Job", job.number})) continue;
    names.insert({fmt::format("{}", job.number),
                  fmt::format("{}.json", job.number),
                  fmt::format("u{}", job.uid)});
  }
  return names;
}

// A second name is met only when its directory is in the trash; where it cannot
// be moved back that night, it waits there for the next one.
bool World::IsThere(const std::string& file, const Made& made) const {
  const fs::path root = scratch_ / "temp";
  return fs::exists(fs::symlink_status(root / file)) ||
         (made.second &&
          fs::exists(fs::symlink_status(root / ".retentiond-trash" / file)));
}

std::optional<std::string> World::CheckPromises(int night) {
  const std::set<Row> there = RowsThere();
  const std::set<Row> may_go = ModelAt(night).Deleted();
  std::set<Row> gone;
  for (const Row& row : model_.rows) {
    if (there.contains(row)) continue;
    gone.insert(row);
    if (!may_go.contains(row)) return NameOf(row) + " must stay and is gone";
  }
  if (Text("PRAGMA integrity_check") != "ok,") return "the database is unsound";
  if (const std::string orphans = Text("PRAGMA foreign_key_check");
      !orphans.empty()) {
    return "rows without their parents in " + orphans;
  }
  const std::set<std::string> names = NamesOf(there);
  for (const auto& [file, made] : files_) {
    if ((made.output || names.contains(made.top)) && !IsThere(file, made)) {
      return file + (made.output ? ", an output, is gone"
                                 : " of a job that is there is gone");
    }
  }
  for (const JobSpec& job : scenario_.jobs) {
    const fs::path film =
        scratch_ / "outside" / fmt::format("film{}.mp4", job.number);
    if (job.night <= night && job.output == Output::kElsewhere &&
        ReadFile(film) != film.filename()) {
      return film.string() + " is gone";
    }
  }
  if (ReadFile(scratch_ / "outside" / "precious").empty()) {
    return "a file outside of the roots is gone";
  }
  return CheckAudit(gone);
}

std::optional<std::string> World::CheckAudit(const std::set<Row>& gone) {
  farm_.reset();
  const auto database = OpenSqlite(config_.database.path,
                                   LayoutOf(config_, *Naming::Make(config_)),
                                   OpenMode::kReadOnly);
  if (!database.ok()) return MessageOf(database.status());
  ChainVerifier verifier;
  std::multiset<int> audited;
  const absl::Status visited =
      database->state->VisitAudit(AuditSeq{1}, [&](const AuditRecord& record) {
        verifier.Add(record);
        if (record.event == "batch") {
          const auto facts = nlohmann::json::parse(record.facts);
          for (const auto& id : facts.at("jobs")) {
            audited.insert(std::stoi(id.get<std::string>()));
          }
        }
        return absl::OkStatus();
      });
  if (!visited.ok()) return MessageOf(visited);
  if (const auto verdict = verifier.Finish(); !verdict.ok) {
    return "the audit: " + verdict.problem;
  }
  std::multiset<int> jobs;
  for (const Row& row : gone) {
    if (row.first == "Job") jobs.insert(row.second);
  }
  if (audited == jobs) return std::nullopt;
  return fmt::format("gone are {}, audited {}", jobs, audited);
}

std::optional<std::string> World::CheckEnd(int night) {
  const std::set<Row> there = RowsThere();
  for (const Row& row : ModelAt(night).Deleted()) {
    if (there.contains(row)) return NameOf(row) + " must be gone and stays";
  }
  if (const std::string left = Text("SELECT name FROM retentiond_pending");
      !left.empty()) {
    return "pending for ever: " + left;
  }
  const std::string last = Text(
      "SELECT outcome || ' ' || errors FROM retentiond_run "
      "ORDER BY id DESC LIMIT 1");
  if (last != "success [],") return "the night ended as " + last;
  return CheckFilesAtEnd(there);
}

std::optional<std::string> World::CheckFilesAtEnd(const std::set<Row>& there) {
  const std::set<std::string> names = NamesOf(there);
  std::set<std::string> expected;
  for (const auto& [file, made] : files_) {
    if (!made.output && !names.contains(made.top)) continue;
    for (fs::path path = file; !path.empty(); path = path.parent_path()) {
      expected.insert(path);
    }
  }
  std::set<std::string> found;
  const fs::path root = scratch_ / "temp";
  for (auto it = fs::recursive_directory_iterator(root);
       it != fs::recursive_directory_iterator(); ++it) {
    const std::string path = it->path().lexically_relative(root);
    // An empty directory that a failure left is its new bearer's.
    if (it->is_directory() && fs::is_empty(it->path()) &&
        names.contains(path.substr(0, path.find('/')))) {
      continue;
    }
    if (path.rfind(".retentiond-trash", 0) != 0) {
      found.insert(path);
    } else if (path != ".retentiond-trash" && path != ".retentiond-trash/id") {
      return path + " is left in the trash";
    }
  }
  std::vector<std::string> differ;
  std::set_symmetric_difference(expected.begin(), expected.end(), found.begin(),
                                found.end(), std::back_inserter(differ));
  for (const std::string& path : differ) {
    return path + (found.contains(path) ? " is left" : " is gone");
  }
  for (const int job : logs_) {
    const bool kept = there.contains({"Job", job});
    if (fs::exists(scratch_ / "logs" / fmt::format("{}.log", job)) != kept) {
      return fmt::format("the log of job {} {}", job,
                         kept ? "is gone" : "is left");
    }
  }
  return std::nullopt;
}

}  // namespace retentiond::model
