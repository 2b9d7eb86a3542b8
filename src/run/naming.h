// Which names on disk belong to a job: the patterns and path columns of the
// configuration, applied to one row.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "config/config.h"
#include "files/name_pattern.h"
#include "jobstore/job.h"

namespace retentiond {

class Naming {
 public:
  // InvalidArgument names the pattern that cannot be parsed.
  static absl::StatusOr<Naming> Make(const Config& config);

  // What Job::fields must hold for the methods below.
  const std::vector<FieldName>& fields() const { return fields_; }

  // Those of them that a database must have: what the configuration names
  // itself, and the outputs in any case, since an output that is not read is
  // not shielded. The default patterns' other fields may be missing.
  const std::vector<FieldName>& required_fields() const {
    return required_fields_;
  }

  // Names of top-level entries of the temporary roots, without repetition. May
  // hold names that must be refused (IsRemovableName).
  std::vector<std::string> TemporaryNames(const Job& job) const;
  // Paths relative to a log root.
  std::vector<std::string> LogNames(const Job& job) const;
  // The directories that the patterns of LogNames make for a job, innermost
  // first: "{project}/{id}.log" makes "{project}", "logs/{id}.log" none.
  std::vector<std::string> LogDirectories(const Job& job) const;
  // How many directories lie above a log file at most.
  std::size_t log_depth() const { return log_depth_; }
  // Absolute paths from the path columns.
  std::vector<std::string> Paths(const Job& job) const;
  // What the output columns hold, as it stands there.
  std::vector<std::string> Outputs(const Job& job) const;

 private:
  Naming() = default;
  enum class Presence { kRequired, kOptional };
  void Need(const FieldName& field, Presence presence);
  const FieldValue& ValueOf(const Job& job, const FieldName& field) const;
  std::vector<std::string> Expand(const std::vector<NamePattern>& patterns,
                                  const Job& job) const;
  std::vector<std::string> Values(const std::vector<FieldName>& fields,
                                  const Job& job) const;

  bool single_id_ = true;
  std::vector<FieldName> fields_;
  std::vector<FieldName> required_fields_;
  std::vector<NamePattern> temporary_;
  std::vector<NamePattern> logs_;
  std::vector<NamePattern> log_directories_;
  std::size_t log_depth_ = 0;
  std::vector<FieldName> paths_;
  std::vector<FieldName> outputs_;
};

}  // namespace retentiond
