// What a deleted job leaves on disk, as the batch that deleted it recorded it.
// Names and paths are bytes; this module does not look at any directory.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "jobstore/job.h"

namespace retentiond {

enum class BatchId : std::int64_t {};
enum class PendingId : std::int64_t {};

// One entry below a root that belongs to a deleted job and is still to be
// removed.
struct PendingFile {
  enum class Kind {
    kTemporary,     // `<root>/<name>`, a directory or a file
    kLog,           // a log file below a log root; `name` may contain slashes
    kPath,          // from a path column; `name` is relative to `root`
    kLogDirectory,  // that a log pattern made: removed while it is empty
  };
  PendingId id{};  // given by the store
  BatchId batch{};
  Kind kind = Kind::kTemporary;
  std::string root;
  std::string name;
  JobId job;
  int attempts = 0;  // nights on which its removal failed

  friend bool operator==(const PendingFile&, const PendingFile&) = default;
};

// An output that lies below a root, of a job that is or was in the database.
struct ShieldedOutput {
  std::string path;  // as the column named it, made absolute
  JobId job;
  int absent_nights = 0;  // seen absent on so many nights in a row
  // The id of the root that it lies below; empty when nobody knew it. Only a
  // root of that id can show that the output is gone.
  std::string root_id = {};

  friend bool operator==(const ShieldedOutput&,
                         const ShieldedOutput&) = default;
};

// A root as a run found it. `id` is what its trash carries, which names it
// wherever it is mounted; none of the rest is the same for ever.
struct RootRecord {
  std::string id;
  std::string path;     // where it was last found
  std::string machine;  // which machine found it there
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  int nights = 0;       // on so many it was found like this; counted up to 2
  LocalDate last_slot;  // the last of them
  Instant seen;

  friend bool operator==(const RootRecord&, const RootRecord&) = default;
};

// A name or path that was not removed, and why.
struct KeptEntry {
  std::string path;
  std::string reason;  // "shielded", "shared", "refused-name", ...

  friend bool operator==(const KeptEntry&, const KeptEntry&) = default;
};

struct Belongings {
  std::vector<PendingFile> pending;
  std::vector<ShieldedOutput> outputs;
  std::vector<KeptEntry> refused;  // names that are no valid component, shared
};

// What came of the files of one batch, of what was left from earlier ones, or
// of the orphans.
struct FilesOutcome {
  std::optional<BatchId> batch;  // none: not of one batch alone
  std::int64_t files = 0;
  std::int64_t directories = 0;
  std::int64_t bytes = 0;
  std::vector<PendingId> done;    // removed, or rightly kept for ever
  std::vector<PendingId> failed;  // stay pending, attempts raised by one
  std::vector<KeptEntry> kept;
  std::map<std::string, std::int64_t> kept_by_reason;  // more than `kept`
  std::vector<std::string> errors;
};

}  // namespace retentiond
