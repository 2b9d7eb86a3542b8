#include "config/database_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/status_macros.h"
#include "config/postgres_url.h"

namespace retentiond {
namespace {

namespace fs = std::filesystem;

bool TakePrefix(std::string& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.erase(0, prefix.size());
  return true;
}

bool IsSchemeCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '+';
}

// A connection string may end in ".db", too: "user:password@host/farm.db".
bool LooksLikeAFile(const std::string& text) {
  static constexpr std::array<std::string_view, 4> kExtensions = {
      ".db", ".db3", ".sqlite", ".sqlite3"};
  const std::string extension = fs::path(text).extension().string();
  return text.find("://") == std::string::npos &&
         text.find_first_of("@=") == std::string::npos &&
         std::find(kExtensions.begin(), kExtensions.end(), extension) !=
             kExtensions.end();
}

// The path that a SQLite URL or a plain file name names; none when `url` is
// neither. Empty when it names no file.
std::optional<std::string> SqlitePath(const std::string& url) {
  std::string path = url;
  if (LooksLikeAFile(path) && !path.starts_with("file:") &&
      !path.starts_with("sqlite:")) {
    return path;
  }
  if (TakePrefix(path, "file:")) {
    if (TakePrefix(path, "//")) {
      // "file://HOST/..." names another machine's file, unless it is this one.
      TakePrefix(path, "localhost");
      if (!path.starts_with("/")) return "";
    }
  } else if (TakePrefix(path, "sqlite:")) {
    TakePrefix(path, "//");
  } else {
    return std::nullopt;
  }
  path = path.substr(0, path.find('?'));
  return path.starts_with(":memory:") ? "" : path;
}

}  // namespace

absl::StatusOr<DatabaseConfig> ParseDatabaseUrl(const std::string& url,
                                                const fs::path& directory) {
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) {
    ASSIGN_OR_RETURN(const PostgresUrl parsed, ParsePostgresUrl(url));
    DatabaseConfig database{DatabaseKind::kPostgres, url, {}};
    database.parameters = parsed.parameters;
    database.schema = parsed.schema;
    database.name = PublicUrl(parsed);
    return database;
  }
  const std::optional<std::string> path = SqlitePath(url);
  if (!path.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("expected a database like \"file:/srv/farm/dev.db\" or "
                    "\"postgresql://user@host/farm\", not \"{}\"",
                    RedactUrl(url)));
  }
  const fs::path file = (directory / *path).lexically_normal();
  if (path->empty() || !file.has_filename() || !file.is_absolute()) {
    return absl::InvalidArgumentError(
        "expected the absolute path of a database file, like "
        "\"file:/srv/farm/dev.db\"");
  }
  DatabaseConfig database{DatabaseKind::kSqlite, url, file};
  database.name = file.string();
  return database;
}

std::string RedactUrl(const std::string& url) {
  const std::string::size_type scheme = url.find("://");
  if (scheme == std::string::npos ||
      !std::all_of(url.begin(), url.begin() + static_cast<long>(scheme),
                   IsSchemeCharacter)) {
    return "...";
  }
  // Passwords may hold any of the separators, unescaped: what follows the last
  // '@' is all that is certain to be none of it.
  const std::string::size_type at = url.rfind('@');
  const bool has_user = at != std::string::npos && at > scheme;
  std::string rest = url.substr(has_user ? at + 1 : scheme + 3);
  rest = rest.substr(0, rest.find_first_of("?&# "));
  return url.substr(0, scheme) + "://" + (has_user ? "...@" : "") + rest;
}

}  // namespace retentiond
