// A database URL of any bytes; and no password is in what is shown of one.
#include "config/database_url.h"

#include <string>

#include "config/postgres_url.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace retentiond;  // NOLINT: a program of its own
  const std::string url(fuzz::TextOf(data, size));
  static_cast<void>(ParseDatabaseUrl(url, "/srv"));
  static_cast<void>(RedactUrl(url));
  const auto parsed = ParsePostgresUrl(url);
  if (!parsed.ok()) return 0;
  static_cast<void>(PublicUrl(*parsed));
  const std::string shown = UrlWithoutSecrets(*parsed);
  const auto again = ParsePostgresUrl(shown);
  fuzz::Require(again.ok(), "what is shown of a URL is one");
  fuzz::Require(!again->parameters.contains("password"),
                "no password is shown");
  // A password of some length that is part of nothing else.
  const std::string secret = "c4n4ry-s3cr3t";
  PostgresUrl with_secret = *parsed;
  with_secret.parameters["password"] = secret;
  if (url.find(secret) == std::string::npos) {
    fuzz::Require(
        PublicUrl(with_secret).find(secret) == std::string::npos &&
            UrlWithoutSecrets(with_secret).find(secret) == std::string::npos,
        "no password is shown");
  }
  return 0;
}
