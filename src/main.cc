// Builds the object graph and runs it; the only file that names every concrete
// class.
#include <memory>

#include "base/clock.h"
#include "cli/commands.h"
#include "config/config.h"
#include "files/file_calls.h"
#include "jobstore/sqlite_inspect.h"
#include "jobstore/sqlite_store.h"

namespace retentiond {
namespace {

absl::Status OnlySqlite() {
  return absl::InvalidArgumentError(
      "database.url: this version opens SQLite databases only; expected "
      "\"file:/path/to/farm.db\"");
}

absl::StatusOr<Database> Open(const DatabaseConfig& config,
                              const JobLayout& layout, OpenMode mode) {
  if (config.kind != DatabaseKind::kSqlite) return OnlySqlite();
  return OpenSqlite(config.path, layout, mode);
}

absl::StatusOr<Catalog> ReadCatalog(const DatabaseConfig& config) {
  if (config.kind != DatabaseKind::kSqlite) return OnlySqlite();
  return InspectSqliteCatalog(config.path);
}

absl::StatusOr<std::vector<std::string>> ReadValues(
    const DatabaseConfig& config, const std::string& table,
    const std::string& column) {
  if (config.kind != DatabaseKind::kSqlite) return OnlySqlite();
  return InspectSqliteValues(config.path, table, column);
}

}  // namespace
}  // namespace retentiond

int main(int argc, char** argv) {
  retentiond::SystemClock clock;
  retentiond::FileCalls calls;
  return retentiond::RunCli(argc, argv,
                            {.clock = clock,
                             .calls = calls,
                             .environment = retentiond::ProcessEnvironment(),
                             .open = retentiond::Open,
                             .read_catalog = retentiond::ReadCatalog,
                             .read_values = retentiond::ReadValues});
}
