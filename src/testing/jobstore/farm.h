// A farm's database as the conformance suite sees it, in the owner's layout:
// Job; JobLog, which cascades; Invoice, whose rows stay and hold their job.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "jobstore/database.h"

namespace retentiond {

struct FarmJob {
  std::string id;
  std::optional<Instant> created;  // none: something that is no time
  std::string state = "COMPLETED";
  std::string output;  // field "outputPath"
  std::string uid;     // field "nexrenderConfig.uid"
};

class Farm {
 public:
  virtual ~Farm() = default;

  // The daemon's stores, with the fields "outputPath" and
  // "nexrenderConfig.uid". They must go before the farm does.
  virtual absl::StatusOr<Database> Open(OpenMode mode) = 0;

  // What the render manager does, by a connection of its own.
  virtual void InsertJob(const FarmJob& job) = 0;
  virtual void SetState(const std::string& id, const std::string& state) = 0;
  virtual void EraseJob(const std::string& id) = 0;
  virtual void InsertLogs(const std::string& id, int rows) = 0;
  virtual void InsertInvoice(const std::string& id) = 0;
  virtual std::vector<std::string> JobIds() = 0;  // sorted
  virtual std::int64_t CountRows(const std::string& table) = 0;
};

struct FarmKind {
  std::string name;
  std::function<std::unique_ptr<Farm>()> make;  // a fresh, empty farm

  friend void PrintTo(const FarmKind& kind, std::ostream* out) {
    *out << kind.name;
  }
};

std::unique_ptr<Farm> MakeFakeFarm();
// `journal_mode`: "WAL" or "DELETE", a rollback journal.
std::unique_ptr<Farm> MakeSqliteFarm(const std::string& journal_mode);
// How the daemon comes to the database, and takes its rows.
enum class PostgresWay { kDirect, kPooled, kWithoutRowLocks };
std::unique_ptr<Farm> MakePostgresFarm(PostgresWay way);

// Every kind of database that the suite runs on.
std::vector<FarmKind> FarmKinds();

}  // namespace retentiond
