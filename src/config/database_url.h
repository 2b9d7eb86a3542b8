// The database's URL in the forms that Prisma, SQLAlchemy and people write.
#pragma once

#include <filesystem>
#include <string>

#include "absl/status/statusor.h"
#include "config/config.h"

namespace retentiond {

// SQLite: "file:./dev.db", "file:/srv/x.db", "file:///srv/x.db",
// "sqlite:///srv/x.db", and a plain path that ends in .db, .db3, .sqlite or
// .sqlite3 and holds neither '@' nor '='; a relative path is relative to
// `directory`, and parameters
// ("?connection_limit=1") are dropped. PostgreSQL: "postgresql://...",
// "postgres://...". InvalidArgument says what was expected and holds the text
// as RedactUrl gives it.
absl::StatusOr<DatabaseConfig> ParseDatabaseUrl(
    const std::string& url, const std::filesystem::path& directory);

// `url` without user, password and parameters, for messages; "..." for a text
// that is no URL, since it may be a connection string or a lone password.
std::string RedactUrl(const std::string& url);

}  // namespace retentiond
