// Builds the object graph and runs it; the only file that names every concrete
// class.
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status_macros.h"
#include "cli/commands.h"
#include "config/config.h"
#include "config/secret_file.h"
#include "files/file_calls.h"
#include "jobstore/postgres_store.h"
#include "jobstore/sqlite_inspect.h"
#include "jobstore/sqlite_store.h"

namespace retentiond {
namespace {

// The password file is read at each connection: a secret may be renewed.
absl::StatusOr<PostgresTarget> TargetOf(const DatabaseConfig& config) {
  PostgresTarget target{.parameters = config.parameters,
                        .schema = config.schema};
  if (config.password_file.empty()) return target;
  ASSIGN_OR_RETURN(
      target.parameters["password"],
      ReadSecret(config.password_file, "database.password_file", "password"));
  return target;
}

absl::StatusOr<Database> Open(const DatabaseConfig& config,
                              const JobLayout& layout, OpenMode mode) {
  if (config.kind == DatabaseKind::kSqlite) {
    return OpenSqlite(config.path, layout, mode);
  }
  ASSIGN_OR_RETURN(const PostgresTarget target, TargetOf(config));
  return OpenPostgres(target, layout, mode);
}

absl::StatusOr<Catalog> ReadCatalog(const DatabaseConfig& config) {
  if (config.kind == DatabaseKind::kSqlite) {
    return InspectSqliteCatalog(config.path);
  }
  ASSIGN_OR_RETURN(const PostgresTarget target, TargetOf(config));
  return InspectPostgresCatalog(target);
}

absl::StatusOr<std::vector<std::string>> ReadValues(
    const DatabaseConfig& config, const std::string& table,
    const std::string& column) {
  if (config.kind == DatabaseKind::kSqlite) {
    return InspectSqliteValues(config.path, table, column);
  }
  ASSIGN_OR_RETURN(const PostgresTarget target, TargetOf(config));
  return InspectPostgresValues(target, table, column);
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
