#include "run/naming.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/status.h"
#include "base/status_macros.h"

namespace retentiond {
namespace {

// In a pattern, the job's own key, whatever its column is called.
constexpr char kIdField[] = "id";

absl::StatusOr<std::vector<NamePattern>> ParseAll(
    const std::vector<std::string>& texts, const std::string& key) {
  std::vector<NamePattern> patterns;
  for (const std::string& text : texts) {
    absl::StatusOr<NamePattern> pattern = NamePattern::Parse(text);
    if (!pattern.ok()) return Annotate(pattern.status(), key);
    patterns.push_back(*std::move(pattern));
  }
  return patterns;
}

// The parts of a pattern with a field in them that end before a slash,
// innermost first.
std::vector<std::string> DirectoriesOf(const std::string& pattern) {
  std::vector<std::string> directories;
  for (std::size_t slash = pattern.rfind('/');
       slash != std::string::npos && slash > 0;
       slash = pattern.rfind('/', slash - 1)) {
    const std::string directory = pattern.substr(0, slash);
    if (directory.find('{') != std::string::npos) {
      directories.push_back(directory);
    }
  }
  return directories;
}

void AddUnique(std::vector<std::string>& list, const std::string& item) {
  if (std::find(list.begin(), list.end(), item) == list.end()) {
    list.push_back(item);
  }
}

}  // namespace

absl::StatusOr<Naming> Naming::Make(const Config& config) {
  Naming naming;
  naming.single_id_ = config.jobs.id.size() == 1;
  ASSIGN_OR_RETURN(naming.temporary_,
                   ParseAll(config.files.job_names, "files.job_names"));
  ASSIGN_OR_RETURN(naming.logs_,
                   ParseAll(config.files.log_names, "files.log_names"));
  for (const std::string& pattern : config.files.log_names) {
    ASSIGN_OR_RETURN(const std::vector<NamePattern> directories,
                     ParseAll(DirectoriesOf(pattern), "files.log_names"));
    naming.log_directories_.insert(naming.log_directories_.end(),
                                   directories.begin(), directories.end());
    naming.log_depth_ =
        std::max(naming.log_depth_, static_cast<std::size_t>(std::count(
                                        pattern.begin(), pattern.end(), '/')));
  }
  naming.paths_ = config.files.job_paths;
  naming.outputs_ = config.jobs.outputs;
  const FilesConfig defaults;
  const auto need_all = [&](const std::vector<NamePattern>& patterns,
                            bool configured) {
    for (const NamePattern& pattern : patterns) {
      for (const FieldName& field : pattern.fields()) {
        naming.Need(field,
                    configured ? Presence::kRequired : Presence::kOptional);
      }
    }
  };
  need_all(naming.temporary_, config.files.job_names != defaults.job_names);
  need_all(naming.logs_, config.files.log_names != defaults.log_names);
  for (const auto* fields : {&naming.paths_, &naming.outputs_}) {
    for (const FieldName& field : *fields) {
      naming.Need(field, Presence::kRequired);
    }
  }
  return naming;
}

void Naming::Need(const FieldName& field, Presence presence) {
  if (field == kIdField && single_id_) return;
  AddUnique(fields_, field);
  if (presence == Presence::kRequired) AddUnique(required_fields_, field);
}

const FieldValue& Naming::ValueOf(const Job& job,
                                  const FieldName& field) const {
  const auto at = std::find(fields_.begin(), fields_.end(), field);
  return job.fields[static_cast<std::size_t>(at - fields_.begin())];
}

std::vector<std::string> Naming::Expand(
    const std::vector<NamePattern>& patterns, const Job& job) const {
  const auto values = [&](const FieldName& field) -> FieldValue {
    if (field == kIdField && single_id_) return {job.id.text};
    return ValueOf(job, field);
  };
  std::vector<std::string> names;
  for (const NamePattern& pattern : patterns) {
    for (const std::string& name : pattern.Expand(values)) {
      AddUnique(names, name);
    }
  }
  return names;
}

std::vector<std::string> Naming::Values(const std::vector<FieldName>& fields,
                                        const Job& job) const {
  std::vector<std::string> all;
  for (const FieldName& field : fields) {
    for (const std::string& value : ValueOf(job, field)) AddUnique(all, value);
  }
  return all;
}

std::vector<std::string> Naming::TemporaryNames(const Job& job) const {
  return Expand(temporary_, job);
}

std::vector<std::string> Naming::LogNames(const Job& job) const {
  return Expand(logs_, job);
}

std::vector<std::string> Naming::LogDirectories(const Job& job) const {
  return Expand(log_directories_, job);
}

std::vector<std::string> Naming::Paths(const Job& job) const {
  return Values(paths_, job);
}

std::vector<std::string> Naming::Outputs(const Job& job) const {
  return Values(outputs_, job);
}

}  // namespace retentiond
