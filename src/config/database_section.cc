#include <filesystem>
#include <string>
#include <system_error>

#include "base/status.h"
#include "base/status_macros.h"
#include "config/database_url.h"
#include "config/secret_file.h"
#include "config/sections.h"

namespace retentiond {
namespace {

absl::Status ReadPasswordFile(const SettingsTable& table,
                              const Environment& env,
                              DatabaseConfig& database) {
  if (!table.Has("password_file")) return absl::OkStatus();
  if (database.kind != DatabaseKind::kPostgres) {
    return table.Error("password_file", "an SQLite database has no password");
  }
  ASSIGN_OR_RETURN(database.password_file,
                   SecretPath(table, env, "password_file", "password"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DatabaseConfig> ReadDatabase(const SettingsTable& table,
                                            const Environment& env) {
  RETURN_IF_ERROR(table.CheckKeys({"url", "password_file"}));
  std::string url;
  RETURN_IF_ERROR(table.ReadText("url", url));
  const bool from_file = !url.empty();
  if (!from_file) url = env("DATABASE_URL").value_or("");
  if (url.empty()) {
    return table.Error("url",
                       "expected the database, here or in DATABASE_URL, like "
                       "\"file:/srv/farm/dev.db\"");
  }
  std::error_code no_directory;  // then a relative path is refused
  absl::StatusOr<DatabaseConfig> database =
      ParseDatabaseUrl(url, std::filesystem::current_path(no_directory));
  if (database.ok()) {
    RETURN_IF_ERROR(ReadPasswordFile(table, env, *database));
    return database;
  }
  return from_file ? table.Error("url", MessageOf(database.status()))
                   : Annotate(database.status(), "DATABASE_URL");
}

}  // namespace retentiond
