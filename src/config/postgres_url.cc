#include "config/postgres_url.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status_macros.h"

namespace retentiond {
namespace {

// The keywords of libpq 15 that may stand in a URL's parameters.
constexpr std::array<std::string_view, 34> kKeywords = {
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "requirepeer",
    "service",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslmode",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs"};

absl::Status Malformed(std::string_view part) {
  std::string message =
      "expected a database like \"postgresql://user@host:5432/farm\", with the "
      "special characters of each part written as %XX; what is wrong is ";
  message += part;
  return absl::InvalidArgumentError(message);
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

absl::StatusOr<std::string> Decode(std::string_view text,
                                   std::string_view part) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto high =
        i + 2 < text.size() ? HexDigit(text[i + 1]) : std::optional<int>();
    const auto low = high.has_value() ? HexDigit(text[i + 2]) : high;
    if (!low.has_value() || (*high == 0 && *low == 0)) return Malformed(part);
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return decoded;
}

std::string Encode(std::string_view text) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' ||
        c == ',') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += kDigits[byte / 16];
      encoded += kDigits[byte % 16];
    }
  }
  return encoded;
}

std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

// "host1:5432,[::1]:5433" as two lists.
absl::Status ReadHosts(std::string_view text, PostgresUrl& url) {
  std::string hosts;
  std::string ports;
  bool any_port = false;
  for (std::string_view one : Split(text, ',')) {
    std::string_view port;
    const std::size_t bracket = one.rfind(']');
    const std::size_t colon = one.rfind(':');
    if (colon != std::string_view::npos &&
        (bracket == std::string_view::npos || colon > bracket)) {
      port = one.substr(colon + 1);
      one = one.substr(0, colon);
    }
    if (one.starts_with('[') && one.ends_with(']')) {
      one = one.substr(1, one.size() - 2);
    }
    if (!std::all_of(port.begin(), port.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; })) {
      return Malformed("the port, or the password before the host");
    }
    ASSIGN_OR_RETURN(const std::string host, Decode(one, "the host"));
    if (!ports.empty() || !hosts.empty()) {
      hosts += ',';
      ports += ',';
    }
    hosts += host;
    ports += port;
    any_port |= !port.empty();
  }
  if (!hosts.empty()) url.parameters["host"] = hosts;
  if (any_port) url.parameters["port"] = ports;
  return absl::OkStatus();
}

absl::Status ReadUser(std::string_view text, PostgresUrl& url) {
  const std::size_t colon = text.find(':');
  ASSIGN_OR_RETURN(const std::string user,
                   Decode(text.substr(0, colon), "the user"));
  if (!user.empty()) url.parameters["user"] = user;
  if (colon == std::string_view::npos) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string password,
                   Decode(text.substr(colon + 1), "the password"));
  if (!password.empty()) url.parameters["password"] = password;
  return absl::OkStatus();
}

absl::Status ReadParameters(std::string_view text, PostgresUrl& url) {
  bool strict = false;
  for (const std::string_view pair : Split(text, '&')) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) continue;
    ASSIGN_OR_RETURN(const std::string key,
                     Decode(pair.substr(0, equals), "a parameter"));
    ASSIGN_OR_RETURN(const std::string value,
                     Decode(pair.substr(equals + 1), "a parameter"));
    if (value.empty()) continue;
    if (key == "schema") {
      url.schema = value;
    } else if (key == "sslaccept") {
      strict = value == "strict";
    } else if (std::find(kKeywords.begin(), kKeywords.end(), key) !=
               kKeywords.end()) {
      url.parameters[key] = value;
    }
  }
  auto& parameters = url.parameters;
  if (strict && parameters["sslmode"] != "disable") {
    parameters["sslmode"] = "verify-full";
  }
  if (parameters.contains("sslmode") && parameters["sslmode"].empty()) {
    parameters.erase("sslmode");
  }
  // Prisma's "sslcert" is the authority that signed the server's certificate;
  // libpq's is the client's own, which comes with its key.
  if (parameters.contains("sslcert") && !parameters.contains("sslkey")) {
    parameters["sslrootcert"] = parameters["sslcert"];
    parameters.erase("sslcert");
  }
  return absl::OkStatus();
}

std::string EncodeHost(std::string_view host) {
  if (host.starts_with('/') || host.find(':') == std::string_view::npos) {
    return Encode(host);
  }
  std::string address;
  for (const std::string_view group : Split(host, ':')) {
    address += address.empty() ? '[' : ':';
    address += Encode(group);
  }
  return address + ']';
}

// The two lists as "host1:5432,host2:5433"; one port alone is that of all.
std::string HostsOf(const PostgresUrl& url) {
  const auto list = [&](const char* key) -> std::vector<std::string_view> {
    const auto found = url.parameters.find(key);
    if (found == url.parameters.end()) return {};
    return Split(found->second, ',');
  };
  const std::vector<std::string_view> hosts = list("host");
  const std::vector<std::string_view> ports = list("port");
  std::string text;
  for (std::size_t i = 0; i < std::max(hosts.size(), ports.size()); ++i) {
    if (i > 0) text += ',';
    if (i < hosts.size()) text += EncodeHost(hosts[i]);
    std::string_view port;
    if (i < ports.size()) port = ports[i];
    if (ports.size() == 1) port = ports[0];
    if (!port.empty()) text += ':' + Encode(port);
  }
  return text;
}

}  // namespace

absl::StatusOr<PostgresUrl> ParsePostgresUrl(const std::string& url) {
  std::string_view rest = url;
  for (const std::string_view scheme : {"postgresql://", "postgres://"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  PostgresUrl parsed;
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    RETURN_IF_ERROR(ReadParameters(rest.substr(question + 1), parsed));
    rest = rest.substr(0, question);
  }
  const std::size_t at = rest.rfind('@');
  if (at != std::string_view::npos) {
    RETURN_IF_ERROR(ReadUser(rest.substr(0, at), parsed));
    rest.remove_prefix(at + 1);
  }
  const std::size_t slash = rest.find('/');
  RETURN_IF_ERROR(ReadHosts(rest.substr(0, slash), parsed));
  if (slash != std::string_view::npos && slash + 1 < rest.size()) {
    ASSIGN_OR_RETURN(parsed.parameters["dbname"],
                     Decode(rest.substr(slash + 1), "the database's name"));
  }
  return parsed;
}

std::string PublicUrl(const PostgresUrl& url) {
  const auto part = [&](const char* key, const char* before,
                        const char* after) -> std::string {
    const auto found = url.parameters.find(key);
    if (found == url.parameters.end()) return "";
    return before + Encode(found->second) + after;
  };
  return "postgresql://" + part("user", "", "@") + HostsOf(url) +
         part("dbname", "/", "") +
         (url.schema.empty() ? "" : "?schema=" + Encode(url.schema));
}

std::string UrlWithoutSecrets(const PostgresUrl& url) {
  static constexpr std::array<std::string_view, 6> kElsewhereOrSecret = {
      "user", "host", "port", "dbname", "password", "sslpassword"};
  std::string text = PublicUrl(url);
  for (const auto& [key, value] : url.parameters) {
    if (std::find(kElsewhereOrSecret.begin(), kElsewhereOrSecret.end(), key) !=
        kElsewhereOrSecret.end()) {
      continue;
    }
    text += text.find('?') == std::string::npos ? '?' : '&';
    text += key + "=" + Encode(value);
  }
  return text;
}

}  // namespace retentiond
