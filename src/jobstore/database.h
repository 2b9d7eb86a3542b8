// One database: the jobs and the daemon's state, and how they are opened.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobstore/job_store.h"
#include "jobstore/state_store.h"

namespace retentiond {

// How the job table looks, from the configuration.
struct JobLayout {
  std::string table;
  std::vector<std::string> id;  // one column, or a composite key
  std::string created;
  std::optional<std::string> status;  // none: every job counts as finished
  std::vector<std::string> finished;
  std::string created_zone;         // IANA name, of a zoneless column
  bool created_zone_given = false;  // by the administrator
  std::vector<FieldName> fields;    // what Job::fields holds
  struct Declared {
    std::string table;
    std::vector<std::string> columns;
  };
  std::vector<Declared> declared;  // dependents without a foreign key
  // Those of `fields` that the configuration names itself: a database without
  // them does not fit. The others have no value where their column is missing.
  std::vector<FieldName> required_fields;
};

enum class OpenMode { kReadOnly, kReadWrite };

// Both stores; they share a connection, so both are used from one thread.
struct Database {
  std::unique_ptr<StateStore> state;
  std::unique_ptr<JobStore> jobs;
};

}  // namespace retentiond
