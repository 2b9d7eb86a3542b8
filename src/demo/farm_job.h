// One job of the demo's farm: its row, its dependent rows and its files.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "demo/farm_paths.h"

namespace retentiond {

// Something on disk other than a directory.
struct FarmFile {
  enum class Kind {
    kFile,
    kSymbolicLink,  // to `target`
    kHardLink,      // a second name of the file `target`
  };
  std::string path;  // absolute
  Kind kind = Kind::kFile;
  std::string target;
  std::int64_t size_bytes = 0;
  std::uint64_t hash = 0;  // HashOfContent of what it holds or points to
  bool output = false;     // never to be lost

  friend bool operator==(const FarmFile&, const FarmFile&) = default;
};

struct FarmJob {
  std::string id;
  std::string uid;  // names its directory in the temporary root
  std::string state;
  std::string output;  // as the output column names it
  Instant created;     // as precise as `stored_created` is
  std::string stored_created;
  int logs = 0;    // rows of JobLog
  int assets = 0;  // rows of Asset
  std::vector<FarmFile> files;

  friend bool operator==(const FarmJob&, const FarmJob&) = default;
};

// An entry of the temporary root that belongs to no job of the database.
struct FarmOrphan {
  Instant newest;  // the latest stamp in it
  std::vector<FarmFile> files;

  friend bool operator==(const FarmOrphan&, const FarmOrphan&) = default;
};

// Job number `number`: the number alone decides what is special about it (where
// its output lies, whether a link leads out of its directory, in which of the
// three stored forms its creation time is written), so that a farm of a few
// hundred jobs has all kinds.
FarmJob MakeJob(int number, Instant created, std::string state,
                const FarmPaths& paths);

// The columns of its row in the table Job.
std::vector<std::pair<std::string, std::string>> ColumnsOf(const FarmJob& job);

// What a file of this path and size holds: bytes that no other file has.
std::string ContentOf(const std::string& path, std::int64_t size_bytes);
// FNV-1a, 64 bits: tells an accident, which is all that is looked for.
std::uint64_t HashOfContent(const std::string& content);

}  // namespace retentiond
