// A PostgreSQL URL in the forms that libpq and Prisma know.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"

namespace retentiond {

struct PostgresUrl {
  // As libpq names them; may hold a password.
  std::map<std::string, std::string> parameters;
  std::string schema;  // Prisma's "schema"; empty: none given
};

// "postgresql://user:password@host:port/database?parameters", each part
// optional, several hosts with commas between them. Prisma's own parameters are
// understood ("schema", "sslaccept", a lone "sslcert", which is the server's
// authority there) or have no meaning here (pool sizes and the like) and are
// dropped, as is what neither knows. InvalidArgument repeats nothing of the
// URL.
absl::StatusOr<PostgresUrl> ParsePostgresUrl(const std::string& url);

// The URL that names the same database to people: user, host, port, database
// and schema, and no secret.
std::string PublicUrl(const PostgresUrl& url);

// The same with all parameters but the secrets, for a configuration.
std::string UrlWithoutSecrets(const PostgresUrl& url);

}  // namespace retentiond
